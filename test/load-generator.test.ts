//! The load generator's own judgement: what it calls lost, repeated, out of order or a gap must be that.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameSplitter, opcode, textFrame } from '../load/generator/frames.ts'
import { Latency } from '../load/generator/latency.ts'
import { orderRows } from '../load/generator/order-rows.ts'
import { Outcomes } from '../load/generator/outcomes.ts'
import { SequenceCheck } from '../load/generator/sequence-check.ts'
import {
  cutAfterOrders,
  flowRows,
  type Message,
  RESTING_MAX,
  sweepsAfter,
} from '../load/generator/steady-flow.ts'

const bytesOf = (text: string) => Buffer.from(text, 'latin1')
const take = (outcomes: Outcomes, text: string) => {
  const bytes = bytesOf(`before ${text}`)
  return outcomes.take(bytes, 7, bytes.length)
}
const answer = (id: number, seq: number, fills = '[]') =>
  `{"op":"order.place","id":${id},"result":{"order":{"id":"${seq * 2}","price":"1"},"fills":${fills},"seq":${seq}}}`

/** A frame as a server sends it: not masked. */
function serverFrame(text: string): Buffer {
  const masked = textFrame(text)
  const head = Buffer.byteLength(text) > 125 ? 4 : 2
  const frame = Buffer.concat([masked.subarray(0, head), masked.subarray(head + 4)])
  frame.writeUInt8(frame.readUInt8(1) & 0x7f, 1)
  return frame
}

test('frames come out whole, however the stream was cut', () => {
  const texts = fc.array(fc.string({ maxLength: 300 }).map((s) => s.replace(/[^\x20-\x7e]/g, '?')))
  fc.assert(
    fc.property(texts, fc.infiniteStream(fc.integer({ min: 1, max: 200 })), (sent, cuts) => {
      const stream = Buffer.concat(sent.map(serverFrame))
      const heard: string[] = []
      const splitter = new FrameSplitter((op, bytes, start, end) => {
        expect(op).toBe(opcode.text)
        heard.push(bytes.toString('latin1', start, end))
      })
      for (let at = 0; at < stream.length; ) {
        const size = Number(cuts.next().value)
        splitter.push(stream.subarray(at, at + size))
        at += size
      }
      expect(heard).toEqual(sent)
    }),
  )
})

describe('outcomes', () => {
  test('count each answer once, with its sequence number and order id', () => {
    const outcomes = new Outcomes(3)
    outcomes.sent = 3
    expect(take(outcomes, answer(2, 11, '[{"id":"1"}]'))).toBe(2)
    expect(take(outcomes, answer(0, 12))).toBe(0)
    expect(take(outcomes, answer(0, 12))).toBe(-1)
    expect(take(outcomes, answer(7, 13))).toBe(-1)
    const refusal = '{"op":"order.place","id":1,"error":{"code":"NONCE_USED","message":"…"}}'
    expect(take(outcomes, refusal)).toBe(1)
    expect(outcomes).toMatchObject({ answered: 3, errors: 1, strays: 2, filled: 1, lost: 0 })
    expect([...outcomes.codes]).toEqual([['NONCE_USED', 1]])
    expect([...outcomes.seqs]).toEqual([12, 0, 11])
    expect([...outcomes.orderIds]).toEqual([24, 0, 22])
    expect([outcomes.wasFilled(2), outcomes.wasFilled(0)]).toEqual([true, false])
  })

  test('see a sequence number given twice, a lost request and a row out of order', () => {
    const outcomes = new Outcomes(4)
    outcomes.sent = 4
    for (const [id, seq] of [
      [0, 5],
      [1, 7],
      [2, 7],
    ] as const)
      take(outcomes, answer(id, seq))
    expect(outcomes.uniqueSeqs()).toEqual({ unique: 2, repeated: 1 })
    expect(outcomes.lost).toBe(1)
    expect(outcomes.inOrder([[0, 1, 3], [2]])).toBe(true)
    expect(outcomes.inOrder([[1, 0]])).toBe(false)
  })
})

test('rows hold every request once, dealt out in turn', () => {
  const bodies = ['"a":1}', '"b":2}', '"c":3}']
  const rows = orderRows('order.place', bodies, 2, 10)
  expect(rows.map(({ ids }) => ids)).toEqual([[10, 12], [11]])
  for (const { bytes, ends, ids } of rows) {
    expect(ends.at(-1)).toBe(bytes.length)
    for (const id of ids) expect(bytes.includes(`{"op":"order.place","id":${id},`)).toBe(true)
  }
})

test('a gap in one market is seen, a snapshot starts anew', () => {
  const check = new SequenceCheck()
  const event = (market: string, type: string, seq: number, prevSeq: number) => {
    const text = `{"channel":"book","market":"${market}","type":"${type}","seq":${seq},"prevSeq":${prevSeq},"ts":1}`
    check.take(bytesOf(text), 0, text.length)
  }
  event('A', 'snapshot', 5, 5)
  event('B', 'snapshot', 9, 9)
  event('A', 'delta', 6, 5)
  event('B', 'delta', 12, 9)
  expect(check.gaps).toBe(0)
  event('A', 'delta', 9, 8)
  expect(check.gaps).toBe(1)
  event('A', 'snapshot', 20, 20)
  event('A', 'delta', 21, 20)
  expect(check.gaps).toBe(1)
})

test('latencies: percentiles in milliseconds, the tail as one in so many', () => {
  const latency = new Latency()
  for (let i = 1; i <= 1_000; i++) latency.record(i / 10)
  expect(latency.at(50)).toBeCloseTo(50, 0)
  expect(latency.at(99)).toBeCloseTo(99, 0)
  expect(latency.curve().at(-1)?.[0]).toBeCloseTo(1_000, 6)
})

test('a steady flow never holds more than so many orders an account, nor a lane twice', async () => {
  const accounts = 7
  const messages: Message[] = []
  const resting = Array.from({ length: accounts }, () => 0)
  let most = 0
  for (let i = 0; i < accounts * 100; i++) {
    const account = i % accounts
    messages.push({ op: 'order.place', account, body: '}' })
    resting[account] = (resting[account] ?? 0) + 1
    most = Math.max(most, resting[account])
    if (!sweepsAfter(i, accounts)) continue
    messages.push({ op: 'order.cancelAll', account, body: '}' })
    resting[account] = 0
  }
  expect(most).toBe(RESTING_MAX)
  const [head, tail] = cutAfterOrders(messages, 400)
  expect([...head, ...tail]).toEqual(messages)
  expect(head.filter(({ op }) => op === 'order.place')).toHaveLength(400)
  const rows = flowRows(messages, 3)
  expect(rows.flatMap(({ ids }) => ids).toSorted((a, b) => a - b)).toEqual([...messages.keys()])
  for (const [row, { ids, aside }] of rows.entries())
    for (const id of ids) {
      const message = messages[id]
      expect((message?.account ?? Number.NaN) % 3).toBe(row)
      expect(aside?.has(id)).toBe(message?.op === 'order.cancelAll')
    }
})

test('what stands aside is answered, and is not counted as accepted', () => {
  const outcomes = new Outcomes(3, new Set([1]))
  take(outcomes, answer(0, 5))
  take(outcomes, '{"op":"order.cancelAll","id":1,"result":{"orders":[{"id":"9"}],"seq":6}}')
  take(outcomes, '{"op":"order.place","id":2,"error":{"code":"CAPACITY","message":"…"}}')
  expect(outcomes).toMatchObject({ answered: 3, errors: 1, accepted: 1, filled: 0 })
  expect([...outcomes.seqs]).toEqual([5, 6, 0])
})
