import { existsSync, readFileSync } from 'node:fs'
import { loginTypes, orderTypes, pricesTypes, typedDomain, withdrawTypes } from '@plumb/protocol'
import { concat, getBytes, Signature, TypedDataEncoder, verifyTypedData, Wallet } from 'ethers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesHex, domainSeparator, type OrderFields, scaleE8, typeHashes } from './eip712.ts'
import { loadNativeBackend, nobleBackend } from './signature-backend.ts'
import { compactSignature } from './signature-encoding.ts'
import { createVerifier } from './signature-verifier.ts'
import { VerifyPool } from './verify-pool.ts'

const contract = '0x5FbDB2315678afecb367f032d93F642f64180aa3'
const domain = typedDomain(1337, contract)
const wallet = new Wallet(`0x${'42'.repeat(32)}`)
const runs = 25
const bytes32 = (value: bigint) => `0x${value.toString(16).padStart(64, '0')}`
/** Hyperliquid prints r and s without leading zeros. */
const padded = (hex: string) => hex.slice(2).padStart(64, '0')

const order: OrderFields = {
  market: 3,
  subaccount: 1,
  side: 1,
  flags: 5,
  kind: 0,
  price: 6_000_050_000_000,
  size: 10_000_000,
  trigger: 0,
  maxFee: 45,
  lane: 17,
  seq: 4_294_967_295,
  expiry: 1_790_000_000,
}
const orders: fc.Arbitrary<OrderFields> = fc.record({
  market: fc.nat(0xffff_ffff),
  subaccount: fc.nat(255),
  side: fc.nat(255),
  flags: fc.nat(255),
  kind: fc.nat(255),
  price: fc.oneof(fc.maxSafeNat(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  size: fc.oneof(fc.maxSafeNat(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  trigger: fc.maxSafeNat(),
  maxFee: fc.nat(65_535),
  lane: fc.nat(65_535),
  seq: fc.nat(0xffff_ffff),
  expiry: fc.nat(0xffff_ffff),
})

test('type hashes and the domain separator equal those of ethers', () => {
  expect(TypedDataEncoder.from(orderTypes).encodeType('Order')).toBe(
    'Order(uint32 market,uint8 subaccount,uint8 side,uint8 flags,uint8 kind,uint64 price,uint64 size,uint64 trigger,uint16 maxFee,uint16 lane,uint32 seq,uint32 expiry)',
  )
  expect(bytesHex(domainSeparator({ chainId: 1337, contract }))).toBe(
    TypedDataEncoder.hashDomain(domain),
  )
  // Golden: the contract pins the same values.
  expect(bytesHex(typeHashes.order)).toMatchInlineSnapshot(
    `"0xd72886228b11158b8ef0411e9b8f12537a52b25c8696fcd8f3fbddda6971d764"`,
  )
  expect(bytesHex(typeHashes.withdraw)).toMatchInlineSnapshot(
    `"0xd112056a230bcb0d7b181a42a2a4199a22a01f9d2a8b332caf9c6df64b18d595"`,
  )
  expect(bytesHex(typeHashes.prices)).toMatchInlineSnapshot(
    `"0x8225809bfdee5b7f247e6a01b12419e0180a9e2045eaae1f7ba2c9fa9824e88c"`,
  )
  expect(bytesHex(typeHashes.login)).toMatchInlineSnapshot(
    `"0x2839a5e01043436c73482608c9a9b8d458ec936ff9633402073a05e7769524c4"`,
  )
})

test('golden order', async () => {
  const verifier = await createVerifier({ chainId: 1337, contract })
  expect(bytesHex(verifier.orderDigest(order))).toMatchInlineSnapshot(
    `"0x6589983ed51c5ca9e628a768e12afaed59595cd07eeecf6c1e8f52e928c340b5"`,
  )
  expect(await wallet.signTypedData(domain, orderTypes, order)).toMatchInlineSnapshot(
    `"0x186700bbfd602aa5889526814e764c436b98e4adc4d5e38be95ff90a9bd228407caabeeeba51f2895b8d3f464c8f0dab7cc6d502bdcac549b4f281da06d65f291c"`,
  )
})

describe.each([['native'], ['noble']] as const)('%s backend', { timeout: 30_000 }, (name) => {
  const backend = name === 'native' ? loadNativeBackend() : nobleBackend
  const make = () => createVerifier({ chainId: 1337, contract }, backend ?? undefined)

  test.runIf(backend !== null)('agrees with ethers on random orders and keys', async () => {
    const verifier = await make()
    await fc.assert(
      fc.asyncProperty(
        orders,
        fc.uint8Array({ minLength: 31, maxLength: 31 }),
        async (fields, key) => {
          const signer = new Wallet(`0x01${Buffer.from(key).toString('hex')}`)
          const text = await signer.signTypedData(domain, orderTypes, fields)
          expect(bytesHex(verifier.orderDigest(fields))).toBe(
            TypedDataEncoder.hash(domain, orderTypes, fields),
          )
          const expected = verifyTypedData(domain, orderTypes, fields, text).toLowerCase()
          const long = verifier.recoverOrderSigner(fields, getBytes(text))
          const short = verifier.recoverOrderSigner(
            fields,
            getBytes(Signature.from(text).compactSerialized),
          )
          expect(long && bytesHex(long)).toBe(expected)
          expect(short && bytesHex(short)).toBe(expected)
          const other = verifier.recoverOrderSigner(
            { ...fields, lane: fields.lane ^ 1 },
            getBytes(text),
          )
          expect(other && bytesHex(other)).not.toBe(expected)
        },
      ),
      { numRuns: runs },
    )
  })

  test.runIf(backend !== null)('withdrawals, logins and prices', async () => {
    const verifier = await make()
    const me = wallet.address.toLowerCase()
    const withdraw = { subaccount: 0, amount: 12_500_000, lane: 1, seq: 2, expiry: 3 }
    const a = await wallet.signTypedData(domain, withdrawTypes, withdraw)
    expect(bytesHex(verifier.recoverWithdrawSigner(withdraw, getBytes(a))!)).toBe(me)
    const login = { account: getBytes(wallet.address), issuedAt: 1, expiresAt: 2 ** 45 }
    const b = await wallet.signTypedData(domain, loginTypes, { ...login, account: wallet.address })
    expect(bytesHex(verifier.recoverLoginSigner(login, getBytes(b))!)).toBe(me)
    const prices = { page: 1, timestampMs: 1_790_000_000_123, prices: new Uint8Array(128).fill(3) }
    const c = await wallet.signTypedData(domain, pricesTypes, prices)
    expect(bytesHex(verifier.recoverPricesSigner(prices, getBytes(c))!)).toBe(me)
  })

  test.runIf(backend !== null)('refuses every malleated or broken signature', async () => {
    const verifier = await make()
    const text = await wallet.signTypedData(domain, orderTypes, order)
    const good = getBytes(text)
    const { r, s, v } = Signature.from(text)
    const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const high = bytes32(n - BigInt(s))
    const recover = (signature: Uint8Array) => verifier.recoverOrderSigner(order, signature)
    expect(recover(good)).not.toBeNull()
    const malleated = getBytes(concat([r, high, v === 27 ? '0x1c' : '0x1b']))
    const broken: [string, Uint8Array][] = [
      ['high s, flipped v', malleated],
      ['high s, same v', getBytes(concat([r, high, v === 27 ? '0x1b' : '0x1c']))],
      ['v 0', getBytes(concat([r, s, '0x00']))],
      ['v 1', getBytes(concat([r, s, '0x01']))],
      ['v 29', getBytes(concat([r, s, '0x1d']))],
      ['r 0', getBytes(concat([bytes32(0n), s, '0x1b']))],
      ['s 0', getBytes(concat([r, bytes32(0n), '0x1b']))],
      ['r = n', getBytes(concat([bytes32(n), s, '0x1b']))],
      ['r = 2^256-1', getBytes(concat([`0x${'ff'.repeat(32)}`, s, '0x1b']))],
      ['r not on the curve', getBytes(concat([bytes32(5n), s, '0x1b']))],
      ['63 bytes', good.slice(0, 63)],
      ['66 bytes', new Uint8Array([...good, 0])],
      ['empty', new Uint8Array()],
    ]
    for (const [what, signature] of broken) expect(recover(signature), what).toBeNull()
    expect(compactSignature(good)).toEqual(getBytes(Signature.from(text).compactSerialized))
    expect(compactSignature(malleated)).toBeNull()
  })
})

test.runIf(loadNativeBackend() !== null)('both backends give one answer on any bytes', () => {
  const native = loadNativeBackend()!
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 64, maxLength: 64 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.constantFrom<0 | 1>(0, 1),
      (signature, digest, parity) => {
        const a = native.recover(signature, parity, digest)
        const b = nobleBackend.recover(signature, parity, digest)
        expect(a && bytesHex(a)).toBe(b && bytesHex(b))
      },
    ),
    { numRuns: runs },
  )
})

const oracle = new URL('../../../../shared/data/eip712_oracle/', import.meta.url)
test.runIf(existsSync(oracle))('signatures of the EIP and of Hyperliquid recover alike', () => {
  const mail = JSON.parse(readFileSync(new URL('eip712_mail.json', oracle), 'utf8'))
  const hyper = JSON.parse(
    readFileSync(new URL('hyperliquid_signing_vectors.json', oracle), 'utf8'),
  )
  for (const { r, s, v, digest } of [mail, ...hyper.vectors]) {
    const signature = getBytes(`0x${padded(r)}${padded(s)}`)
    const parity = v === 28 ? 1 : 0
    const a = loadNativeBackend()?.recover(signature, parity, getBytes(digest))
    const b = nobleBackend.recover(signature, parity, getBytes(digest))
    expect(b).not.toBeNull()
    if (a) expect(bytesHex(a)).toBe(bytesHex(b!))
  }
})

test('scaleE8 is exact where a double is not', () => {
  expect(scaleE8(120_001, 50_000_000)).toBe(6_000_050_000_000)
  expect(scaleE8(4_294_967_295, 100_000_000)).toBe(429_496_729_500_000_000n)
})

describe.each([
  ['in line', 0],
  ['two threads', 2],
])('pool, %s', { timeout: 30_000 }, (_place, threads) => {
  test('answers 300 jobs, good and bad, each its own', async () => {
    const pool = await VerifyPool.create({
      chainId: 1337,
      contract,
      threads,
    })
    try {
      expect(pool.backend).toBe((loadNativeBackend() ?? nobleBackend).name)
      const signature = getBytes(await wallet.signTypedData(domain, orderTypes, order))
      const jobs = Array.from({ length: 300 }, (_, i) =>
        i % 3 === 2
          ? pool.recoverOrderSigner(order, new Uint8Array(65))
          : pool.recoverOrderSigner({ ...order, seq: order.seq - (i % 3) }, signature),
      )
      const answers = await Promise.all(jobs)
      for (const [i, answer] of answers.entries()) {
        if (i % 3 === 2) expect(answer).toBeNull()
        else {
          const mine = bytesHex(answer!.signer) === wallet.address.toLowerCase()
          expect(mine, `job ${i}`).toBe(i % 3 === 0)
        }
      }
      expect(bytesHex(answers[0]!.digest)).toBe(TypedDataEncoder.hash(domain, orderTypes, order))
    } finally {
      await pool.close()
    }
    await expect(pool.recoverOrderSigner(order, new Uint8Array(65))).rejects.toThrow('closed')
  })
})
