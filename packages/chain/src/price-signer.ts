//! Signs a publisher's price message.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import type { Ticks } from '@plumb/model'
import { recoverAddress } from 'ethers'
import {
  bytesHex,
  domainSeparator,
  encodePrices,
  hexBytes,
  type SigningDomain,
  structBytes,
} from './eip712.ts'

/** The prices of one page of 32 markets at one time; 0 = no price. */
export type PriceMessage = { page: number; timestampMs: number; prices: readonly Ticks[] }

/** EIP-712 digest of a price message: what a publisher signs and the contract recovers from. */
export function pricesDigest(domain: Uint8Array, message: PriceMessage): Uint8Array {
  const packed = new Uint8Array(message.prices.length * 4)
  const view = new DataView(packed.buffer)
  for (const [i, price] of message.prices.entries()) view.setUint32(i * 4, price)
  const struct = new Uint8Array(structBytes.prices)
  const { page, timestampMs } = message
  encodePrices(struct, 0, { page, timestampMs, prices: packed })
  const prefixed = new Uint8Array(66)
  prefixed.set([0x19, 0x01])
  prefixed.set(domain, 2)
  prefixed.set(keccak_256(struct), 34)
  return keccak_256(prefixed)
}

/** Address (lowercase hex) whose key signed the message, or null where the signature is none. */
export function recoverPriceSigner(
  domain: Uint8Array,
  message: PriceMessage,
  signature: Uint8Array,
): string | null {
  try {
    const digest = bytesHex(pricesDigest(domain, message))
    return recoverAddress(digest, bytesHex(signature)).toLowerCase()
  } catch {
    return null
  }
}

/** One publisher's key on one deployment. `sign` answers the compact signature (EIP-2098, 64 bytes). */
export type PriceSigner = { readonly address: string; sign(message: PriceMessage): Uint8Array }

/** @param privateKey 32 bytes as 0x-hex */
export function createPriceSigner(privateKey: string, signing: SigningDomain): PriceSigner {
  const secret = hexBytes(privateKey)
  const domain = domainSeparator(signing)
  const publicKey = secp256k1.getPublicKey(secret, false).subarray(1)
  return {
    address: bytesHex(keccak_256(publicKey).subarray(12)),
    sign: (message) => {
      const digest = pricesDigest(domain, message)
      const signature = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' })
      const compact = signature.slice(1)
      if (signature[0] === 1) compact[32] = (compact[32] ?? 0) | 0x80
      return compact
    },
  }
}
