import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import {
  type Json,
  order,
  startExchange,
  type TestExchange,
  TestStream,
  wallet,
} from '../test/exchange-fixture.ts'

// Other tests may share the machine: patience is not what is tested.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const alice = wallet(91)
const owner = { account: alice.address, subaccount: 0 }
let house: TestExchange
beforeAll(async () => {
  house = await startExchange()
  await house.fund(alice, 1_000_000)
}, 60_000)
afterAll(() => house.close())

const isOrders = (m: Json) => m.channel === 'orders'

/** What a listener heard: the chain of seqs and the ids it was told of. */
class Listener {
  readonly ids: string[] = []
  lastSeq = -1
  gaps = 0

  hear(messages: readonly Json[]): void {
    for (const { type, seq, prevSeq, data } of messages.filter(isOrders)) {
      if (type === 'snapshot') {
        this.lastSeq = seq
        continue
      }
      if (prevSeq !== this.lastSeq) this.gaps += 1
      this.lastSeq = seq
      for (const { id, status } of data) this.ids.push(`${id} ${status}`)
    }
  }
}

test('a listener that is cut again and again hears every change once, in order', async () => {
  const trader = await TestStream.open(house.gateway)
  await trader.signIn(house.gateway, alice)
  const listener = new Listener()
  const placed: string[] = []
  let seq: number | null = null
  for (let round = 0; round < 12; round++) {
    const stream = await TestStream.open(house.gateway)
    await stream.signIn(house.gateway, alice)
    const from = stream.messages.length
    const { result } =
      seq === null
        ? await stream.ask({ op: 'subscribe', channel: 'orders', ...owner })
        : await stream.ask({ op: 'resume', channel: 'orders', ...owner, seq })
    expect(result).toBeDefined()
    if (seq === null) await stream.find(isOrders, from)
    for (let i = 0; i < 5; i++) {
      const body = await order(alice, { price: String(57_000 + round * 10 + i) })
      const { result: reply } = await trader.ask({ op: 'order.place', ...body })
      placed.push(`${reply.order.id} open`)
      // The stream is cut while orders are on their way, at another place each round.
      if (i === round % 5) stream.close()
    }
    listener.hear(stream.messages.slice(from))
    seq = listener.lastSeq
  }
  const last = await TestStream.open(house.gateway)
  await last.signIn(house.gateway, alice)
  const from = last.messages.length
  const { result } = await last.ask({ op: 'resume', channel: 'orders', ...owner, seq })
  expect(result.resumed).toBe(true)
  const missing = () => placed.length - listener.ids.length
  await vi.waitFor(
    () => {
      const heard = new Listener()
      heard.lastSeq = seq ?? 0
      heard.hear(last.messages.slice(from))
      expect(heard.ids.length).toBe(missing())
    },
    { timeout: 20_000 },
  )
  listener.hear(last.messages.slice(from))
  expect(listener.gaps).toBe(0)
  expect(listener.ids).toEqual(placed)
  trader.close()
  last.close()
})

test('what is too old to resume says so, and a snapshot follows', async () => {
  const stream = await TestStream.open(house.gateway)
  await stream.signIn(house.gateway, alice)
  const from = stream.messages.length
  const { error } = await stream.ask({ op: 'resume', channel: 'orders', ...owner, seq: 1 })
  expect(error.code).toBe('RESUME_TOO_OLD')
  expect(await stream.find(isOrders, from)).toMatchObject({ type: 'snapshot' })
  stream.close()
})
