//! Every kind of signed command, as a gateway journals it, passes the check; a changed one does not.
import { commandLayouts, decodeCommand, decodeEvents } from '@plumb/model'
import { createFeedClient, type FeedEntry } from '@plumb/runtime'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
// A test may look across: a real sequencer and gateway, and the orders that the documentation shows.
import { orderExamples } from '../../gateway/src/http/doc-examples.ts'
import {
  order,
  rest,
  startExchange,
  type TestExchange,
  tokenOf,
  wallet,
} from '../../gateway/test/exchange-fixture.ts'
import { AccountBook } from './verify-account-book.ts'
import { SignatureCheck } from './verify-signatures.ts'

// Other tests may share the machine: patience is not what is tested.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const [alice, bob, key] = [141, 142, 143].map(wallet) as [
  ReturnType<typeof wallet>,
  ReturnType<typeof wallet>,
  ReturnType<typeof wallet>,
]
let house: TestExchange
let journal: FeedEntry[]

const take = async (method: string, path: string, body: object, token?: string) => {
  const answer = await rest(house.gateway, method, path, {
    body,
    ...(token === undefined ? {} : { token }),
  })
  expect(answer.body.error, JSON.stringify(body)).toBeUndefined()
  return answer.body
}

beforeAll(async () => {
  house = await startExchange()
  for (const trader of [alice, bob]) await house.fund(trader, 1_000_000)
  await house.registerKey(alice, key)
  await take('POST', '/v1/orders', await order(bob, { side: 'sell', price: '60500' }))
  const placed = new Map<string, { id: string; lane: number; laneSeq: number; amount: string }>()
  for (const [name, example] of Object.entries(orderExamples)) {
    const { account: _a, lane: _l, seq: _s, expiry: _e, signature: _g, ...terms } = example
    placed.set(name, (await take('POST', '/v1/orders', await order(alice, terms))).order)
    // What is amended is signed anew; a trailing stop's trigger is not part of it.
    const made = placed.get(name)
    if (made === undefined || (name !== 'stop' && name !== 'postOnly')) continue
    const { lane, laneSeq } = made
    const amended = await order(alice, { ...terms, amount: '0.008', lane, seq: laneSeq + 100_000 })
    await take('PUT', `/v1/orders/${made.id}`, amended)
  }
  const keyed = { account: alice.address, signer: key.address, price: '57000' }
  await take('POST', '/v1/orders', await order(key, keyed))
  const stop = { triggerKind: 'stop', triggerPrice: '62000', price: '63000' } as const
  await take('POST', '/v1/orders', await order(key, { ...keyed, ...stop }))
  const token = await tokenOf(house.gateway, alice)
  await take('POST', '/v1/transfers', await house.transfer(alice, 0, 1, '25'), token)
  await take('POST', '/v1/withdrawals', await house.withdrawal(alice, '10'), token)
  const seq = await house.fundInsurance(alice, 1, 5)
  journal = await entriesUntil(seq)
})
afterAll(() => house.close())

async function entriesUntil(seq: number): Promise<FeedEntry[]> {
  const feed = createFeedClient({ address: house.config.sequencer, name: 'test', fromSeq: 1 })
  const entries: FeedEntry[] = []
  for await (const group of feed.groups()) {
    for (const entry of group.entries)
      entries.push({ ...entry, command: entry.command.slice(), events: entry.events.slice() })
    if ((entries.at(-1)?.seq ?? 0) >= seq) break
  }
  await feed.close()
  return entries
}

async function checked(entries: readonly FeedEntry[]): Promise<number> {
  const book = new AccountBook()
  const check = new SignatureCheck(book)
  for (const { seq, command, events } of entries) {
    const happened = decodeEvents(events)
    book.takeAll(happened)
    await check.take({ commands: [{ seq, payload: command, events: happened }] })
  }
  return check.checked
}

const isSigned = ({ fields }: (typeof commandLayouts)[keyof typeof commandLayouts]) =>
  'signature' in fields
/** Prices are signed by publishers: a whole devnet shows them. */
const signedKinds = Object.entries(commandLayouts)
  .filter(([kind, layout]) => isSigned(layout) && kind !== 'ObservePrice')
  .map(([kind]) => kind)
const kindOf = ({ command }: FeedEntry) => decodeCommand(command).command.kind

test('every kind of command that is signed was signed by whom it must be', async () => {
  const signed = journal.filter((entry) => signedKinds.includes(kindOf(entry)))
  expect(new Set(signed.map(kindOf))).toEqual(new Set(signedKinds))
  expect(await checked(journal)).toBe(signed.length)
})

// All of them have it in one place.
test.each(signedKinds)('%s: the signature of something else is found', async (kind) => {
  const at = journal.findLastIndex((entry) => kindOf(entry) === kind)
  const entry = journal[at]
  if (entry === undefined) throw new Error(`no ${kind}`)
  const command = entry.command.slice()
  const byte = (commandLayouts.Transfer.fields['signature']?.at ?? 0) + 5
  command[byte] = (command[byte] ?? 0) ^ 1
  await expect(checked(journal.with(at, { ...entry, command }))).rejects.toThrow(
    `seq ${entry.seq}: signed by`,
  )
})
