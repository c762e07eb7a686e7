//! Public key recovery: the native secp256k1 binding where it loads, pure JavaScript where it does not.
import { createRequire } from 'node:module'
import { secp256k1 } from '@noble/curves/secp256k1.js'

/** Name of a backend, shown in the log, /health and a metric: the slow one must not be silent. */
export type SignatureBackendName = 'secp256k1-native' | 'noble-curves'

/** Recovers the 64-byte public key (x, y) of a checked signature, or null when there is none. */
export type SignatureBackend = {
  name: SignatureBackendName
  recover(signature: Uint8Array, parity: 0 | 1, digest: Uint8Array): Uint8Array | null
}

type NativeBinding = {
  ecdsaRecover(
    signature: Uint8Array,
    parity: number,
    digest: Uint8Array,
    compressed: boolean,
    out: Uint8Array,
  ): Uint8Array
}

/** Pure JavaScript, about 20 times slower than native. */
export const nobleBackend: SignatureBackend = {
  name: 'noble-curves',
  recover(signature, parity, digest) {
    try {
      const point = secp256k1.Signature.fromBytes(signature, 'compact')
        .addRecoveryBit(parity)
        .recoverPublicKey(digest)
      return point.toBytes(false).subarray(1)
    } catch {
      return null // r not on the curve, or out of range
    }
  },
}

/**
 * The binding itself: `secp256k1` alone would silently fall back on slow JavaScript where no binary loads
 * (linux-arm64), so it is asked for by name.
 */
export function loadNativeBackend(): SignatureBackend | null {
  const binding = loadBinding()
  if (binding === null) return null
  const uncompressed = new Uint8Array(65)
  const backend: SignatureBackend = {
    name: 'secp256k1-native',
    recover(signature, parity, digest) {
      try {
        return binding.ecdsaRecover(signature, parity, digest, false, uncompressed).subarray(1)
      } catch {
        return null
      }
    },
  }
  return agrees(backend) ? backend : null
}

function loadBinding(): NativeBinding | null {
  try {
    const require = createRequire(import.meta.url)
    const binding: NativeBinding = require('secp256k1/bindings')
    return binding
  } catch {
    return null // no prebuilt binary for this platform
  }
}

/** One recovery compared with the pure-JavaScript answer: a binary that loads but errs is worse than none. */
function agrees(backend: SignatureBackend): boolean {
  const digest = new Uint8Array(32).fill(7)
  const secret = new Uint8Array(32).fill(9)
  const signature = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' })
  const expected = secp256k1.getPublicKey(secret, false).subarray(1)
  const parity = signature[0] === 1 ? 1 : 0
  const key = backend.recover(signature.subarray(1), parity, digest)
  return key !== null && Buffer.compare(key, expected) === 0
}

/** The fastest backend of this machine. */
export function loadSignatureBackend(): SignatureBackend {
  return loadNativeBackend() ?? nobleBackend
}
