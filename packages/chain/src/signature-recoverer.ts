//! Encoded struct and signature in, digest and signer out: the dear step, alike in a worker and in line.
import { createKeccak, type IHasher } from 'hash-wasm'
import type { SignatureBackend } from './signature-backend.ts'

/** EIP-712 digests over one domain, by a wasm keccak kept alive. */
export class DigestHasher {
  readonly #keccak: IHasher
  readonly #envelope = new Uint8Array(66)

  private constructor(keccak: IHasher, domain: Uint8Array) {
    this.#keccak = keccak
    this.#envelope[0] = 0x19
    this.#envelope[1] = 0x01
    this.#envelope.set(domain, 2)
  }

  /** @param domain the 32-byte domain separator */
  static async create(domain: Uint8Array): Promise<DigestHasher> {
    return new DigestHasher(await createKeccak(256), domain)
  }

  keccak(bytes: Uint8Array): Uint8Array {
    return this.#keccak.init().update(bytes).digest('binary')
  }

  /** keccak(0x1901 ‖ domain ‖ keccak(struct)). */
  digest(struct: Uint8Array): Uint8Array {
    this.#envelope.set(this.keccak(struct), 34)
    return this.keccak(this.#envelope)
  }
}

/**
 * Address (20 bytes) that signed a digest, or null. `signature` is r, s of 64 bytes with low s (`readSignature`);
 * `parity` its recovery bit.
 */
export function recoverAddress(
  backend: SignatureBackend,
  hasher: DigestHasher,
  digest: Uint8Array,
  signature: Uint8Array,
  parity: 0 | 1,
): Uint8Array | null {
  const publicKey = backend.recover(signature, parity, digest)
  if (publicKey === null) return null
  const address = hasher.keccak(publicKey).slice(12)
  return address.every((byte) => byte === 0) ? null : address
}
