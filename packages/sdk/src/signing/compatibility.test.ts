import { Buffer } from 'node:buffer'
import { orderTypedData, type TypedData, typedDomain } from '@plumb/protocol'
import { TypedDataEncoder } from 'ethers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
// A test may look across: a real exchange takes what these signers sign.
import {
  startExchange,
  type TestExchange,
} from '../../../../services/gateway/test/exchange-fixture.ts'
import { signersOf } from '../../test/library-signers.ts'
import { createClient } from '../create-client.ts'
import { privateKeyAccount } from './private-key-account.ts'
import { signerAddress, signTyped } from './signer.ts'
import { typedDataDigest } from './typed-data-digest.ts'

// Other tests may share the machine: patience is not what is tested.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 })

const key = `0x${'4c'.repeat(32)}` as const
const domain = typedDomain(1337, `0x${'cc'.repeat(20)}`)

const signers = signersOf(key)

const base = {
  subaccount: 1,
  side: 'sell',
  price: '60000.5',
  amount: '0.1',
  timeInForce: 'GTC',
  postOnly: false,
  reduceOnly: true,
  maxFee: 45,
  lane: 3,
  seq: 4_294_967_295,
  expiry: 1_790_000_000,
} as const
const messages: [name: string, data: TypedData<object>][] = [
  ['limit', orderTypedData(domain, base, 2)],
  ['stop', orderTypedData(domain, { ...base, triggerKind: 'stop', triggerPrice: '59000' }, 2)],
  ['peg', orderTypedData(domain, { ...base, style: 'peg', postOnly: true }, 2)],
  [
    'everything wide',
    {
      domain,
      primaryType: 'Wide',
      types: {
        Wide: [
          { name: 'big', type: 'uint128' },
          { name: 'negative', type: 'int128' },
          { name: 'most', type: 'uint64' },
          { name: 'bytes', type: 'bytes32' },
          { name: 'text', type: 'string' },
        ],
      },
      message: {
        big: String(2n ** 128n - 1n),
        negative: String(-(2n ** 127n)),
        most: String(2n ** 64n - 1n),
        bytes: `0x${'a5'.repeat(32)}`,
        text: 'Zürich — 価格',
      },
    },
  ],
]

describe.each(messages)('%s', (name, data) => {
  const { types, message } = data
  const digest = TypedDataEncoder.hash({ ...data.domain }, types, { ...message })

  test('our own hasher knows the types of Plumb, and no others', () => {
    if (name === 'everything wide') expect(() => typedDataDigest(data)).toThrow(TypeError)
    else expect(`0x${Buffer.from(typedDataDigest(data)).toString('hex')}`).toBe(digest)
  })

  test.each(signers)('%s signs the very same bytes', async (signerName, signer) => {
    const local = privateKeyAccount(key)
    const expected = local.signDigest(Buffer.from(digest.slice(2), 'hex'))
    if (signerName !== 'a local key' || name !== 'everything wide')
      expect(await signTyped(signer, data)).toBe(expected)
    expect((await signerAddress(signer)).toLowerCase()).toBe(local.address.toLowerCase())
  })
})

describe('on the exchange', () => {
  const keyEndS = Math.floor(Date.now() / 1_000) + 3_600
  let house: TestExchange
  beforeAll(async () => {
    house = await startExchange()
    await house.fund(privateKeyAccount(key), 100_000)
  }, 60_000)
  afterAll(() => house.close())

  test.each(signers)('%s places, edits and cancels', async (_name, signer) => {
    const trader = createClient({ baseUrl: house.gateway.url }).trader(signer)
    const { order } = await trader.place({
      market: 'BTC-PERP',
      side: 'buy',
      price: '58000',
      amount: '0.02',
      triggerKind: 'stop',
      triggerPrice: '61000',
    })
    expect(order).toMatchObject({ waiting: true, triggerPrice: '61000' })
    const edited = await trader.edit(order, { amount: '0.01', triggerPrice: '61500' })
    expect(edited.order).toMatchObject({ remaining: '0.01', triggerPrice: '61500' })
    const canceled = await trader.cancel({ orderId: order.id })
    expect(canceled.order).toMatchObject({ id: order.id, status: 'canceled' })
  })

  test.each(signers)('%s does so as a session key of another owner', async (name, signer) => {
    const owner = privateKeyAccount(`0x${'5d'.repeat(32)}`)
    const address = await signerAddress(signer)
    if (name === signers[0]?.[0]) {
      await house.fund(owner, 100_000)
      // It ends before an order's usual day: the trader signs no longer than that.
      await house.registerKey(owner, privateKeyAccount(key), { expiryS: keyEndS })
    }
    const client = createClient({ baseUrl: house.gateway.url })
    const trader = client.trader(signer, { account: owner.address })
    const terms = { market: 'BTC-PERP', side: 'buy', price: '58000', amount: '0.02' } as const
    const { order } = await trader.place(terms)
    expect(order).toMatchObject({
      expiresAt: keyEndS * 1_000,
      account: owner.address.toLowerCase(),
      signer: address.toLowerCase(),
    })
    const edited = await trader.edit(order, { amount: '0.01' })
    expect(edited.order).toMatchObject({ id: order.id, remaining: '0.01' })
    expect((await trader.cancel({ orderId: order.id })).order.status).toBe('canceled')
    expect((await trader.read.me()).agent).toMatchObject({ address: address.toLowerCase() })
    await expect(trader.withdraw('1')).rejects.toMatchObject({ code: 'KEY_FORBIDDEN' })
  })
})
