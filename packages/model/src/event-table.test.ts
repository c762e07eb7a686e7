import { expect, expectTypeOf, test } from 'vitest'
import type { EngineEvent } from './event.ts'
import {
  type EventsThatTouch,
  eventsThatTouch,
  eventTable,
  kindsThatTouch,
  type NamesThatTouch,
} from './event-table.ts'
import { eventKind, eventLayouts } from './layout.ts'

test('the table has every kind of event, once', () => {
  expect(Object.keys(eventTable).toSorted()).toEqual(Object.keys(eventKind).toSorted())
})

test('who moves money says how much, who changes an order says which', () => {
  for (const [name, touches] of Object.entries<readonly string[]>(eventTable)) {
    const fields = Object.keys(eventLayouts[name as keyof typeof eventLayouts])
    if (touches.includes('money'))
      expect([name, fields.some((field) => field.endsWith('Quote') || field === 'quote')]).toEqual([
        name,
        true,
      ])
    if (touches.includes('order'))
      expect([name, fields.some((field) => field.toLowerCase().endsWith('orderid'))]).toEqual([
        name,
        true,
      ])
  }
})

test('a guard leaves the kinds of its touches, for the compiler too', () => {
  const guard = eventsThatTouch('exchange', 'chain')
  const event: EngineEvent = {
    kind: 'ThrottleSet',
    seq: 1,
    timeMs: 1,
    leg: 0,
    level: 0,
    minNotionalQuote: 0,
  }
  expect(guard(event)).toBe(true)
  expect(eventsThatTouch('money')(event)).toBe(false)
  expect(kindsThatTouch('exchange')).toEqual(
    new Set([
      eventKind.ExchangeOpened,
      eventKind.BatchConfirmed,
      eventKind.WithdrawalsSwitched,
      eventKind.FeeTiersSet,
      eventKind.ThrottleSet,
    ]),
  )
  expectTypeOf<EventsThatTouch<'exchange'>['kind']>().toEqualTypeOf<
    'ExchangeOpened' | 'BatchConfirmed' | 'WithdrawalsSwitched' | 'FeeTiersSet' | 'ThrottleSet'
  >()
  expectTypeOf<'CommandRejected'>().not.toExtend<NamesThatTouch<'money' | 'history'>>()
})
