//! A local signer over one private key, fast enough for a bot (pure JavaScript, no wallet in between).
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import type { LocalSigner } from './signer.ts'

/**
 * A signer for a private key held in memory.
 *
 * @param privateKey 32 bytes as hex, with or without 0x. Throws RangeError when it is no valid key; the message never
 * repeats the key.
 * @example
 * const account = privateKeyAccount('0x59c6…')
 * const trader = client.trader(account)
 */
export function privateKeyAccount(privateKey: string): LocalSigner {
  const secret = secretOf(privateKey)
  return {
    address: addressOf(secp256k1.getPublicKey(secret, false)),
    signDigest(digest) {
      const signature = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' })
      const v = (signature[0] ?? 0) + 27
      return `0x${bytesToHex(signature.subarray(1))}${v.toString(16)}`
    },
  }
}

function secretOf(privateKey: string): Uint8Array {
  const hex = privateKey.replace(/^0x/, '')
  if (/^[0-9a-fA-F]{64}$/.test(hex)) {
    const secret = hexToBytes(hex)
    if (secp256k1.utils.isValidSecretKey(secret)) return secret
  }
  throw new RangeError('a private key is 32 bytes of hex within the order of secp256k1')
}

/** EIP-55 address of an uncompressed public key. */
function addressOf(publicKey: Uint8Array): string {
  return checksumAddress(bytesToHex(keccak_256(publicKey.subarray(1)).subarray(12)))
}

/** An address in its mixed-case EIP-55 form. */
export function checksumAddress(address: string): string {
  const hex = address.replace(/^0x/, '').toLowerCase()
  const hash = bytesToHex(keccak_256(new TextEncoder().encode(hex)))
  let text = '0x'
  for (let i = 0; i < hex.length; i++) {
    const digit = hex.charAt(i)
    text += hash.charAt(i) >= '8' ? digit.toUpperCase() : digit
  }
  return text
}
