//! Signs digests with the native binding, ten times faster than pure JavaScript: for load and replay, not for services.
import { createRequire } from 'node:module'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { getAddress } from 'ethers'
import { bytesHex, hexBytes } from './eip712.ts'

/** Has the shape of the sdk's local signer. */
export type DigestSigner = {
  address: string
  /** @returns 65 bytes r, s, v as 0x-hex, s in the lower half. */
  signDigest(digest: Uint8Array): string
}

type NativeSign = (
  digest: Uint8Array,
  secret: Uint8Array,
) => { signature: Uint8Array; recid: number }

/**
 * A signer over one private key; native where the binding loads, else pure JavaScript with the same bytes.
 *
 * @param privateKey 32 bytes as 0x-hex
 */
export function createDigestSigner(privateKey: string): DigestSigner {
  const secret = hexBytes(privateKey)
  const publicKey = secp256k1.getPublicKey(secret, false)
  const address = getAddress(bytesHex(keccak_256(publicKey.subarray(1)).subarray(12)))
  const native = loadNativeSign()
  if (native === null) return { address, signDigest: (digest) => signPure(digest, secret) }
  return {
    address,
    signDigest(digest) {
      const { signature, recid } = native(digest, secret)
      return `${bytesHex(signature)}${(27 + recid).toString(16)}`
    },
  }
}

function signPure(digest: Uint8Array, secret: Uint8Array): string {
  const signature = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' })
  return `${bytesHex(signature.subarray(1))}${(27 + (signature[0] ?? 0)).toString(16)}`
}

function loadNativeSign(): NativeSign | null {
  try {
    const binding: { ecdsaSign: NativeSign } = createRequire(import.meta.url)('secp256k1/bindings')
    return binding.ecdsaSign
  } catch {
    return null // no prebuilt binary for this platform
  }
}
