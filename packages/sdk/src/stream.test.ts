import type { StreamEvent } from '@plumb/protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { InsufficientFundsError, NotConnectedError, OutcomeUnknownError } from './errors.ts'
import { Stream } from './stream.ts'
import { FakeExchange } from './testing/fake-exchange.ts'

let exchange: FakeExchange
let stream: Stream

beforeEach(async () => {
  exchange = await FakeExchange.start()
  stream = new Stream({ url: exchange.wsUrl, reconnectMinMs: 5, reconnectMaxMs: 10 })
})
afterEach(async () => {
  stream.close()
  await exchange.close()
})

const event = (type: string, seq: number, prevSeq: number, more: object = {}) => ({
  channel: 'orders',
  market: null,
  account: '0xab',
  subaccount: 0,
  type,
  seq,
  prevSeq,
  ts: 1,
  data: [seq],
  ...more,
})
const opsReceived = () =>
  exchange.received.map(({ op, seq }) => (typeof seq === 'number' ? `${op} ${seq}` : op))
const privateTopic = { channel: 'orders', account: '0xAB', subaccount: 0 } as const

describe('requests', () => {
  test('many are in flight; answers find theirs in any order', async () => {
    await stream.ready()
    const waiting: (() => void)[] = []
    exchange.onMessage = (message, socket) => {
      waiting.push(() => exchange.answer(socket, message, { n: message['n'] }))
      if (waiting.length === 3) for (const answer of waiting.toReversed()) answer()
    }
    const answers = [1, 2, 3].map((n) => stream.request<{ n: number }>('order.place', { n }))
    expect(stream.inFlight).toBe(3)
    expect(await Promise.all(answers)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
    expect(exchange.received.map(({ n }) => n)).toEqual([1, 2, 3])
  })

  test('a refusal is the error of its code', async () => {
    await stream.ready()
    exchange.onMessage = (message, socket) =>
      exchange.refuse(socket, message, 'INSUFFICIENT_MARGIN')
    await expect(stream.request('order.place')).rejects.toThrow(InsufficientFundsError)
  })

  test('what was sent before the connection broke has an unknown outcome', async () => {
    await stream.ready()
    exchange.onMessage = () => exchange.cut()
    await expect(stream.request('order.place')).rejects.toThrow(OutcomeUnknownError)
  })

  test('without a connection nothing is sent', async () => {
    stream.close()
    await expect(stream.request('order.place')).rejects.toThrow(NotConnectedError)
    await expect(stream.ready(10)).rejects.toThrow(NotConnectedError)
  })

  test('an exchange that never answers is given up', async () => {
    stream.close()
    stream = new Stream({ url: exchange.wsUrl, requestTimeoutMs: 20, pingMs: 10 })
    await stream.ready()
    exchange.onMessage = () => {}
    await expect(stream.request('order.place')).rejects.toThrow(OutcomeUnknownError)
  })
})

const sendBook = (type: string, seq: number, prevSeq: number, bids: string[][]) =>
  exchange.emit({
    channel: 'book',
    market: 'BTC-PERP',
    type,
    seq,
    prevSeq,
    ts: 1,
    data: { bids, asks: [] },
  })

describe('subscriptions', () => {
  test('after a loss: authenticated, resumed behind the last event, nothing twice', async () => {
    const seen: number[] = []
    await stream.ready()
    await stream.authenticate('0xAB', { token: () => Promise.resolve('token'), forget: () => {} })
    await stream.subscribe(privateTopic, ({ seq }) => seen.push(seq))
    exchange.emit(event('snapshot', 5, 5))
    exchange.emit(event('update', 7, 5))
    await vi.waitFor(() => expect(seen).toEqual([5, 7]))
    exchange.received.length = 0
    exchange.cut()
    await vi.waitFor(() => expect(opsReceived()).toEqual(['auth', 'resume 7']))
    exchange.emit(event('update', 7, 5)) // sent again
    exchange.emit(event('update', 9, 7))
    await vi.waitFor(() => expect(seen).toEqual([5, 7, 9]))
  })

  test('too old to resume: a snapshot instead', async () => {
    const seen: string[] = []
    await stream.ready()
    await stream.subscribe(privateTopic, ({ type, seq }) => seen.push(`${type} ${seq}`))
    exchange.emit(event('snapshot', 5, 5))
    await vi.waitFor(() => expect(seen.length).toBe(1))
    exchange.onMessage = (message, socket) => {
      if (message.op === 'resume') exchange.refuse(socket, message, 'RESUME_TOO_OLD')
      else exchange.answer(socket, message, {})
    }
    exchange.received.length = 0
    exchange.cut()
    await vi.waitFor(() => expect(opsReceived()).toEqual(['resume 5', 'subscribe']))
    exchange.emit(event('snapshot', 90, 90))
    exchange.emit(event('update', 91, 90))
    await vi.waitFor(() => expect(seen).toEqual(['snapshot 5', 'snapshot 90', 'update 91']))
  })

  test('a gap in the book: dropped until the new snapshot', async () => {
    await stream.ready()
    const gaps: string[] = []
    stream.onNotice(({ kind }) => gaps.push(kind))
    const { book } = await stream.book('BTC-PERP')
    sendBook('delta', 2, 1, [['1', '1']]) // before any snapshot
    sendBook('snapshot', 3, 3, [
      ['10', '1'],
      ['9', '2'],
    ])
    sendBook('delta', 4, 3, [
      ['10', '0'],
      ['9.5', '4'],
    ])
    await vi.waitFor(() => expect(book.seq).toBe(4))
    expect(book.bids()).toEqual([
      ['9.5', '4'],
      ['9', '2'],
    ])
    sendBook('delta', 8, 7, [['5', '5']])
    sendBook('delta', 9, 8, [['6', '6']])
    await vi.waitFor(() => expect(opsReceived()).toEqual(['subscribe', 'unsubscribe', 'subscribe']))
    sendBook('snapshot', 9, 9, [['6', '6']])
    await vi.waitFor(() => expect(book.seq).toBe(9))
    expect(book.bids()).toEqual([['6', '6']])
    expect(gaps).toContain('gap')
  })

  test('events of other accounts and markets are not ours', async () => {
    const seen: StreamEvent[] = []
    await stream.ready()
    await stream.subscribe(privateTopic, (found) => seen.push(found))
    exchange.emit(event('update', 1, 0, { account: '0xcd' }))
    exchange.emit(event('update', 1, 0, { subaccount: 1 }))
    exchange.emit(event('update', 1, 0, { channel: 'fills' }))
    exchange.emit(event('update', 2, 0))
    await vi.waitFor(() => expect(seen.map(({ seq }) => seq)).toEqual([2]))
  })

  test('one that is refused is not kept', async () => {
    await stream.ready()
    exchange.onMessage = (message, socket) => exchange.refuse(socket, message, 'UNKNOWN_MARKET')
    await expect(stream.subscribe({ channel: 'book', market: 'X' }, () => {})).rejects.toThrow(
      'UNKNOWN_MARKET',
    )
    exchange.received.length = 0
    exchange.cut()
    await stream.ready()
    expect(opsReceived()).toEqual([])
  })

  test('an exchange that is back but not ready: asked again until it agrees', async () => {
    const statuses: boolean[] = []
    await stream.ready()
    await stream.subscribe({ channel: 'ticker', market: 'BTC-PERP' }, () => {})
    stream.onStatus(({ connected }) => statuses.push(connected))
    exchange.onMessage = (message, socket) => exchange.refuse(socket, message, 'UNAVAILABLE')
    exchange.received.length = 0
    exchange.cut()
    await vi.waitFor(() => expect(opsReceived()).toEqual(['subscribe', 'subscribe']))
    expect(statuses).toEqual([false])
    exchange.onMessage = (message, socket) => exchange.answer(socket, message, {})
    await stream.ready()
    expect(statuses).toEqual([false, true])
  })

  test('a token that is no longer taken is replaced', async () => {
    const tokens = ['old']
    const source = {
      token: () => Promise.resolve(tokens[0] ?? ''),
      forget: () => {
        tokens[0] = 'new'
      },
    }
    await stream.ready()
    await stream.authenticate('0xAB', source)
    exchange.onMessage = (message, socket) => {
      if (message['token'] === 'old') exchange.refuse(socket, message, 'UNKNOWN_KEY')
      else exchange.answer(socket, message, {})
    }
    exchange.received.length = 0
    exchange.cut()
    await vi.waitFor(() =>
      expect(exchange.received.map(({ token }) => token)).toEqual(['old', 'new']),
    )
    await stream.ready()
  })
})
