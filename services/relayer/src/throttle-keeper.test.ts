import { type EventBody, encodeCommand, encodeEvent } from '@plumb/model'
import { createMetrics, type FeedGroup, silentLogger, systemClock } from '@plumb/runtime'
import { expect, test } from 'vitest'
import { createRelayerMetrics } from './relayer-metrics.ts'
import { ThrottleKeeper } from './throttle-keeper.ts'

const trigger: EventBody = {
  kind: 'OrderTriggered',
  accountId: 1,
  market: 0,
  orderId: 7,
  priceTicks: 1,
  lots: 1,
  limitTicks: 1,
}
const group = (seq: number, timeMs: number, bodies: readonly EventBody[]): FeedGroup => ({
  firstSeq: seq,
  lastSeq: seq,
  chainHash: new Uint8Array(32),
  stateHash: { hi: 0, lo: 0 },
  entries: [
    {
      seq,
      command: encodeCommand({ kind: 'Tick' }, seq, timeMs),
      events: Buffer.concat(bodies.map((body, leg) => encodeEvent({ seq, timeMs, leg, ...body }))),
    },
  ],
})

/** A keeper that has read these groups of a feed that is `headSeq` long. */
async function reader(groups: readonly FeedGroup[], headSeq: number): Promise<ThrottleKeeper> {
  const keeper = new ThrottleKeeper(
    {
      openFeed: () => ({
        headSeq,
        close: () => Promise.resolve(),
        async *groups() {
          yield* groups
        },
      }),
      commands: { submit: () => Promise.reject(new Error('nothing to say')) },
      capacity: undefined,
      clock: systemClock,
      logger: silentLogger,
      metrics: createRelayerMetrics(createMetrics('relayer')),
      signal: new AbortController().signal,
    },
    { seq: 0, level: 0, minNotionalQuote: 0 },
  )
  await keeper.follow(1)
  return keeper
}

test('since when the oldest waits; unread commands since the last that was read', async () => {
  expect((await reader([], 5)).unsettledSinceMs).toBeUndefined()
  const quiet = [group(1, 100, []), group(2, 200, [])]
  expect((await reader(quiet, 2)).unsettledSinceMs).toBe(0)
  expect((await reader(quiet, 9)).unsettledSinceMs).toBe(200)
  const busy = [group(1, 100, []), group(2, 200, [trigger]), group(3, 300, [trigger])]
  const keeper = await reader(busy, 9)
  expect(keeper.unsettledSinceMs).toBe(200)
  keeper.mined(2)
  expect(keeper.unsettledSinceMs).toBe(300)
  // The rest of the feed is unread: it may have to wait since then.
  keeper.passed(3)
  expect(keeper.unsettledSinceMs).toBe(300)
})

test('what had no part in any batch does not wait for one', async () => {
  const keeper = await reader([group(1, 100, [trigger]), group(2, 200, [])], 2)
  expect(keeper.unsettledSinceMs).toBe(100)
  keeper.passed(1)
  expect(keeper.unsettledSinceMs).toBe(0)
})
