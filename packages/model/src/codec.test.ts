import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CommandBuffer,
  decodeCommand,
  decodeEvent,
  decodeEvents,
  encodeCommand,
  encodeEvent,
} from './codec.ts'
import type { Command } from './command.ts'
import type { EngineEvent } from './event.ts'
import {
  COMMAND_STRIDE,
  type CommandName,
  commandBytes,
  commandKind,
  commandLayouts,
  EVENT_STRIDE,
  type EventName,
  eventLayouts,
  type Field,
  type Layout,
} from './layout.ts'
import { limits } from './limits.ts'
import { rejectCode, rejectName } from './reject-codes.ts'

const text = (length: number) =>
  fc
    .array(fc.integer({ min: 0x21, max: 0x7e }), { maxLength: length })
    .map((codes) => String.fromCharCode(...codes))

function valueOf(field: Field): fc.Arbitrary<unknown> {
  const length = field.length ?? 0
  switch (field.type) {
    case 'f64':
      return fc.maxSafeInteger()
    case 'i32':
      return fc.integer()
    case 'u32':
      return fc.nat({ max: 0xffff_ffff })
    case 'u16':
      return fc.nat({ max: 0xffff })
    case 'u8':
      return fc.nat({ max: 0xff })
    case 'bytes':
      return fc.uint8Array({ minLength: length, maxLength: length })
    case 'text':
      return text(length)
    case 'u32s':
      return fc.array(fc.nat({ max: 0xffff_ffff }), { minLength: length, maxLength: length })
    case 'f64s':
      return fc.array(fc.maxSafeInteger(), { minLength: length, maxLength: length })
  }
}

const valuesOf = (fields: Layout) =>
  fc.record(
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, valueOf(field)])),
  )

function bytesOf(field: Field): number[] {
  const size = { f64: 8, f64s: 8, i32: 4, u32: 4, u32s: 4, u16: 2, u8: 1, bytes: 1, text: 1 }
  const width = size[field.type]
  return Array.from({ length: width * (field.length ?? 1) }, (_, i) => field.at * width + i)
}

/** Every byte of a layout belongs to one field, and none lies in the header or behind the end. */
function checkLayout(fields: Layout, headerBytes: readonly number[], end: number): void {
  const taken = new Set(headerBytes)
  const shared = new Set(['accountId', 'market', 'takerAccountId'])
  for (const [name, field] of Object.entries(fields))
    for (const byte of bytesOf(field)) {
      expect(taken.has(byte), `${name} overlaps at byte ${byte}`).toBe(false)
      expect(byte, `${name} ends behind the record`).toBeLessThan(end)
      if (!shared.has(name)) expect(byte, `${name} lies in the header`).toBeGreaterThanOrEqual(20)
      taken.add(byte)
    }
}

const headerBytes = Array.from({ length: 20 }, (_, i) => i)

describe.each(Object.entries(commandLayouts))('command %s', (name, { bytes, fields }) => {
  const kind = name as CommandName

  test('fields neither overlap nor leave the stored bytes', () => {
    checkLayout(fields, headerBytes, bytes)
    expect(bytes % 4).toBe(0)
    expect(bytes).toBeLessThanOrEqual(COMMAND_STRIDE)
    expect(commandBytes(commandKind[kind])).toBe(bytes)
  })

  test('comes back from bytes as it went in', () => {
    fc.assert(
      fc.property(
        valuesOf(fields),
        fc.maxSafeInteger(),
        fc.maxSafeInteger(),
        (values, seq, timeMs) => {
          const command = { kind, ...values } as Command
          const stored = encodeCommand(command, seq, timeMs)
          expect(stored.length).toBe(bytes)
          expect(decodeCommand(stored)).toEqual({ seq, timeMs, command })
          const buffer = new CommandBuffer(2)
          buffer.bytes.fill(0xff)
          buffer.load(1, stored)
          expect(buffer.stored(1)).toEqual(stored)
          buffer.stamp(1, 7, 9)
          expect(decodeCommand(buffer.stored(1))).toEqual({ seq: 7, timeMs: 9, command })
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe.each(Object.entries(eventLayouts))('event %s', (name, fields) => {
  const kind = name as EventName

  test('fields neither overlap nor leave the record', () => {
    checkLayout(fields, [...headerBytes, 20, 21, 22, 23], EVENT_STRIDE)
  })

  test('comes back from bytes as it went in', () => {
    fc.assert(
      fc.property(valuesOf(fields), fc.maxSafeInteger(), fc.nat(1_000), (values, seq, leg) => {
        const event = { kind, seq, timeMs: 5, leg, ...values } as EngineEvent
        const record = encodeEvent(event)
        expect(decodeEvent(record)).toEqual(event)
        const two = new Uint8Array([...record, ...record])
        expect(decodeEvents(two)).toEqual([event, event])
      }),
      { numRuns: 30 },
    )
  })
})

test('unknown kinds and short records are refused', () => {
  expect(() => decodeCommand(new Uint8Array(64))).toThrow('unknown command kind 0')
  expect(() => decodeEvent(new Uint8Array(EVENT_STRIDE))).toThrow('unknown event kind 0')
  const tick = encodeCommand({ kind: 'Tick' })
  expect(() => decodeCommand(tick.subarray(0, 24))).toThrow('Tick needs 32 bytes, got 24')
})

test('a field that is missing or too long is refused', () => {
  expect(() => encodeCommand({ kind: 'SetMarketState', market: 1 } as Command)).toThrow(
    'field state is missing',
  )
  const cancel = { kind: 'CancelOrder', accountId: 1, orderId: 0 } as const
  expect(() => encodeCommand({ ...cancel, clientOrderId: 'x'.repeat(37) })).toThrow(
    'clientOrderId: 37 characters, at most 36',
  )
  const deposit = { owner: new Uint8Array(19), subaccount: 0, amountQuote: 1, depositId: 1 }
  const seen = { blockNumber: 1, txHash: new Uint8Array(32) }
  expect(() => encodeCommand({ kind: 'CreditDeposit', ...deposit, ...seen })).toThrow(
    'owner: 19 bytes, not 20',
  )
  const price = { publisher: 0, page: 0, count: 1, publishTimeMs: 1 }
  const prices = Array.from({ length: limits.pricesPerPage + 1 }, () => 1)
  const signature = new Uint8Array(64)
  expect(() => encodeCommand({ kind: 'ObservePrice', ...price, signature, prices })).toThrow(
    'prices: 33 values, at most 32',
  )
})

test('every reject code has one name, and a number without one is a bug', () => {
  for (const [name, code] of Object.entries(rejectCode)) expect(rejectName(code)).toBe(name)
  expect(new Set(Object.values(rejectCode)).size).toBe(Object.keys(rejectCode).length)
  expect(() => rejectName(0)).toThrow('no reject code 0')
  expect(commandBytes(31)).toBe(0)
  expect(commandBytes(99)).toBe(0)
})
