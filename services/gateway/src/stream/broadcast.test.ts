import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Broadcast, type Gathering } from './broadcast.ts'
import type { StreamConnection } from './stream-connection.ts'

type Reader = StreamConnection & { got: Buffer[] }

function reader(): Reader {
  const got: Buffer[] = []
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that a broadcast asks of a connection
  return { got, wanted: 0, sendFrames: (frames: Buffer) => got.push(frames) } as unknown as Reader
}

function topic(broadcast: Broadcast, readers: readonly Reader[], lagging: readonly Reader[] = []) {
  let gathered: Buffer[] = []
  const self: Gathering = {
    subscribers: new Set(readers),
    take() {
      const taken = gathered
      gathered = []
      return taken.length === 0 ? undefined : Buffer.concat(taken)
    },
    reaches: (one) => !lagging.some((other) => other === one),
  }
  const publish = (text: string) => {
    gathered.push(Buffer.from(text))
    broadcast.add(self)
  }
  return { self, publish }
}

const heard = ({ got }: Reader) => got.map(String)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('a reader gets what its topics gathered as one buffer, which it shares with readers of the same', async () => {
  const broadcast = new Broadcast()
  const [both, twin, one, slow] = [reader(), reader(), reader(), reader()]
  const books = topic(broadcast, [both, twin, one])
  const trades = topic(broadcast, [both, twin, slow], [slow])
  books.publish('b1 ')
  trades.publish('t1 ')
  books.publish('b2 ')
  expect(heard(both)).toEqual([])
  await vi.runAllTimersAsync()
  expect([both, twin, one, slow].map(heard)).toEqual([['b1 b2 t1 '], ['b1 b2 t1 '], ['b1 b2 '], []])
  expect(both.got[0]).toBe(twin.got[0])
  books.publish('b3')
  await vi.runAllTimersAsync()
  expect(heard(one)).toEqual(['b1 b2 ', 'b3'])
})

test('few readers wait for the turn only, a thousand for a tick of 20 ms at most', async () => {
  const broadcast = new Broadcast()
  const few = topic(broadcast, [reader()])
  few.publish('x')
  await vi.advanceTimersByTimeAsync(0)
  expect(few.self.take()).toBeUndefined()

  const crowd = Array.from({ length: 3_000 }, reader)
  const many = topic(broadcast, crowd)
  many.publish('x')
  await vi.advanceTimersByTimeAsync(19)
  expect(crowd[0]?.got).toHaveLength(0)
  await vi.advanceTimersByTimeAsync(1)
  expect(crowd.every(({ got }) => got.length === 1)).toBe(true)
})

test('a topic that is released goes at once, and not again with the tick', async () => {
  const broadcast = new Broadcast()
  const one = reader()
  const { self, publish } = topic(broadcast, [one])
  publish('now')
  broadcast.release(self)
  expect(heard(one)).toEqual(['now'])
  await vi.runAllTimersAsync()
  expect(heard(one)).toEqual(['now'])
})

test('more topics than go together: every reader gets each of its own once, in order', async () => {
  const broadcast = new Broadcast()
  const readers = Array.from({ length: 5 }, reader)
  const topics = Array.from({ length: 120 }, (_, n) =>
    topic(
      broadcast,
      readers.filter((_reader, i) => n % (i + 1) === 0),
    ),
  )
  for (const [n, { publish }] of topics.entries()) publish(`${n} `)
  await vi.runAllTimersAsync()
  for (const [i, one] of readers.entries()) {
    const expected = [...topics.keys()].filter((n) => n % (i + 1) === 0)
    expect(heard(one).join('')).toBe(expected.map((n) => `${n} `).join(''))
    expect(one.wanted).toBe(0)
  }
})
