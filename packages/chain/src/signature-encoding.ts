//! One signature, two spellings: 65 bytes r s v and 64 bytes r vs (EIP-2098). Everything malleable is refused here.

const HALF_ORDER = Uint8Array.from(
  Buffer.from('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0', 'hex'),
)

/**
 * Reads a signature into `out` at `at` (r, s; 64 bytes) and returns the recovery bit 0 or 1, or −1 when it must be refused:
 * wrong length, v other than 27 or 28, r or s zero, or s in the upper half (the other spelling of the same signature).
 */
export function readSignature(signature: Uint8Array, out: Uint8Array, at = 0): 0 | 1 | -1 {
  if (signature.length !== 65 && signature.length !== 64) return -1
  for (let i = 0; i < 64; i++) out[at + i] = signature[i] ?? 0
  let parity = -1
  if (signature.length === 65) {
    const v = signature[64]
    if (v === 27 || v === 28) parity = v - 27
  } else {
    const top = out[at + 32] ?? 0
    parity = top >>> 7
    out[at + 32] = top & 0x7f
  }
  if (isZero(out, at) || isZero(out, at + 32) || !isLow(out, at + 32)) return -1
  return parity === 0 ? 0 : parity === 1 ? 1 : -1
}

/** The 64-byte EIP-2098 form, as the journal and the batch carry it; null when the signature must be refused. */
export function compactSignature(signature: Uint8Array): Uint8Array | null {
  const out = new Uint8Array(64)
  const parity = readSignature(signature, out)
  if (parity === -1) return null
  if (parity === 1) out[32] = (out[32] ?? 0) | 0x80
  return out
}

function isZero(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 32; i++) if (bytes[i] !== 0) return false
  return true
}

/** s ≤ n/2, compared byte by byte from the top. */
function isLow(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 32; i++) {
    const s = bytes[at + i] ?? 0
    const half = HALF_ORDER[i] ?? 0
    if (s !== half) return s < half
  }
  return true
}
