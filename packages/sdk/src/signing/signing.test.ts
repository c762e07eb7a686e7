import type { SessionKeyTerms, SignedOrderContent } from '@plumb/protocol'
import {
  loginTypedData,
  orderTypedData,
  sessionKeyTypedData,
  type TypedData,
  typedDomain,
  withdrawTypedData,
} from '@plumb/protocol'
import { TypedDataEncoder, Wallet } from 'ethers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checksumAddress, privateKeyAccount } from './private-key-account.ts'
import { signerAddress, signTyped } from './signer.ts'
import { typedDataDigest } from './typed-data-digest.ts'

const runs = 60
const u32 = fc.nat({ max: 0xffff_ffff })
const address = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`)
const privateKey = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`)
  .filter((hex) => BigInt(hex) > 0n && BigInt(hex) < 2n ** 255n)
const domain = fc
  .tuple(fc.integer({ min: 1, max: 2 ** 40 }), address)
  .map(([chainId, contract]) => typedDomain(chainId, contract))
const decimal = fc
  .tuple(fc.nat({ max: 99_999_999_999 }), fc.nat({ max: 99_999_999 }))
  .map(([whole, part]) => {
    const digits = String(part).padStart(8, '0').replace(/0+$/, '')
    return digits === '' ? String(whole) : `${whole}.${digits}`
  })
const order: fc.Arbitrary<SignedOrderContent> = fc.record({
  subaccount: fc.nat({ max: 255 }),
  side: fc.constantFrom('buy', 'sell'),
  price: decimal,
  amount: decimal,
  timeInForce: fc.constantFrom('GTC', 'IOC', 'FOK'),
  postOnly: fc.boolean(),
  reduceOnly: fc.boolean(),
  maxFee: fc.nat({ max: 255 }),
  lane: fc.nat({ max: 1_023 }),
  seq: u32,
  expiry: u32,
})
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const sessionKey: fc.Arbitrary<SessionKeyTerms> = fc.record({
  owner: address,
  key: address,
  subaccount: fc.nat({ max: 255 }),
  allSubaccounts: fc.boolean(),
  expiry: u32,
  notional: u64,
  markets: u64,
  maxPosition: u64,
  maxOrderNotional: u64,
})
const anyTypedData: fc.Arbitrary<TypedData<object>> = fc.oneof(
  fc.tuple(domain, sessionKey).map(([d, terms]) => sessionKeyTypedData(d, terms)),
  fc.tuple(domain, order, u32).map(([d, o, market]) => orderTypedData(d, o, market)),
  fc
    .tuple(domain, order, fc.nat({ max: 2 ** 43 }))
    .map(([d, o, amount]) => withdrawTypedData(d, { ...o, amount: String(amount) })),
  fc
    .tuple(domain, address, fc.maxSafeNat(), fc.maxSafeNat())
    .map(([d, account, issuedAt, expiresAt]) =>
      loginTypedData(d, { account, issuedAt, expiresAt }),
    ),
)

test('the digest is the one of ethers', () => {
  fc.assert(
    fc.property(anyTypedData, (data) => {
      const expected = TypedDataEncoder.hash(data.domain, data.types, data.message)
      expect(`0x${Buffer.from(typedDataDigest(data)).toString('hex')}`).toBe(expected)
    }),
    { numRuns: runs },
  )
})

test('a local key and an ethers wallet sign the same bytes', async () => {
  await fc.assert(
    fc.asyncProperty(privateKey, anyTypedData, async (key, data) => {
      const account = privateKeyAccount(key)
      const wallet = new Wallet(key)
      expect(account.address).toBe(wallet.address)
      expect(await signTyped(account, data)).toBe(await signTyped(wallet, data))
    }),
    { numRuns: Math.ceil(runs / 4) },
  )
})

describe('every kind of signer is called in its own way', () => {
  const data = orderTypedData(
    typedDomain(1337, `0x${'ab'.repeat(20)}`),
    {
      subaccount: 0,
      side: 'buy',
      price: '60000',
      amount: '0.1',
      timeInForce: 'GTC',
      postOnly: false,
      reduceOnly: false,
      maxFee: 45,
      lane: 0,
      seq: 1,
      expiry: 1_790_000_000,
    },
    0,
  )

  test('viem account', async () => {
    const calls: object[] = []
    const viem = {
      address: '0x1',
      signTypedData: async (parameters: object) => (calls.push(parameters), '0xaa'),
    }
    expect(await signTyped(viem, data)).toBe('0xaa')
    expect(await signerAddress(viem)).toBe('0x1')
    expect(calls).toEqual([data])
  })

  test('viem wallet client', async () => {
    const calls: object[] = []
    const account = { address: '0x2' }
    const viem = {
      account,
      signTypedData: async (parameters: object) => (calls.push(parameters), '0xbb'),
    }
    expect(await signTyped(viem, data)).toBe('0xbb')
    expect(await signerAddress(viem)).toBe('0x2')
    expect(calls).toEqual([{ ...data, account }])
  })
})

test.each(['', '0x12', `0x${'00'.repeat(32)}`, `0x${'ff'.repeat(32)}`, '0g'.repeat(32)])(
  'the private key %s is refused without being repeated',
  (key) => {
    expect(() => privateKeyAccount(key)).toThrow('a private key is 32 bytes of hex')
  },
)

test('a struct with other field types is not hashed wrongly but refused', () => {
  const types = { Note: [{ name: 'text', type: 'string' }] }
  const data = {
    domain: typedDomain(1, `0x${'00'.repeat(20)}`),
    types,
    primaryType: 'Note',
    message: { text: 'x' },
  }
  expect(() => typedDataDigest(data)).toThrow('Note.text: string is not hashed here')
})

test('EIP-55', () => {
  const address55 = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
  expect(checksumAddress(address55.toLowerCase())).toBe(address55)
})
