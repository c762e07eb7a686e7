import { pricesTypes, typedDomain } from '@plumb/protocol'
import { Signature, TypedDataEncoder, verifyTypedData, Wallet } from 'ethers'
import { expect, test } from 'vitest'
import { domainSeparator } from './eip712.ts'
import { createPriceSigner, pricesDigest, recoverPriceSigner } from './price-signer.ts'

const contract = `0x${'ab'.repeat(20)}`
const domain = { chainId: 1337, contract }

test('a price message hashes and recovers as ethers says', () => {
  for (let i = 1; i <= 20; i++) {
    const key = `0x${i.toString(16).padStart(64, '0')}`
    const prices = [60_000 * i, 0, 4_294_967_295]
    const message = { page: i % 2, timestampMs: 1_790_000_000_000 + i, prices }
    const packed = `0x${prices.map((p) => p.toString(16).padStart(8, '0')).join('')}`
    const value = { page: message.page, timestampMs: message.timestampMs, prices: packed }
    const typed = typedDomain(1337, contract)
    const digest = Buffer.from(pricesDigest(domainSeparator(domain), message)).toString('hex')
    expect(`0x${digest}`).toBe(TypedDataEncoder.hash(typed, pricesTypes, value))
    const signer = createPriceSigner(key, domain)
    expect(signer.address).toBe(new Wallet(key).address.toLowerCase())
    const compact = signer.sign(message)
    const separator = domainSeparator(domain)
    expect(recoverPriceSigner(separator, message, compact)).toBe(signer.address)
    expect(recoverPriceSigner(separator, message, compact.fill(0, 0, 32))).toBeNull()
    const signature = Signature.from(`0x${Buffer.from(signer.sign(message)).toString('hex')}`)
    expect(verifyTypedData(typed, pricesTypes, value, signature)).toBe(new Wallet(key).address)
  }
})
