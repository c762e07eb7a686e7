import { describe, expect, test } from 'vitest'
import { type AccountNoticeKind, accountNotice } from './account-notice.ts'
import type { EngineEvent } from './event.ts'
import { eventLayouts } from './layout.ts'
import { noticeKind } from './notice.ts'

/** An event with another number in each field. */
function numbered(kind: EngineEvent['kind'], changes: Record<string, number> = {}) {
  const names = Object.keys(eventLayouts[kind])
  const fields = Object.fromEntries(names.map((name, i) => [name, 100 + i]))
  return { kind, seq: 1, timeMs: 1, leg: 0, accountId: 7, market: 3, ...fields, ...changes }
}
const noticeOf = (event: Record<string, unknown>) => accountNotice(event as unknown as EngineEvent)

/** Every other event is nobody's notice. */
const told: Partial<Record<EngineEvent['kind'], AccountNoticeKind>> = {
  LiquidationExplained: 'liquidation',
  PositionTakenOver: 'takeover',
  PositionReduced: 'reduction',
  AdlExecuted: 'adl',
  AdlRound: 'adl',
  PositionSettled: 'settlement',
  BadDebt: 'bad_debt',
  FeeTierChanged: 'fee_tier',
  ChainNoticed: 'on_chain_request',
}

describe('a notice of each event', () => {
  test.each(Object.keys(eventLayouts) as EngineEvent['kind'][])('%s', (kind) => {
    const event: Record<string, unknown> = numbered(kind, { accountId: 7 })
    const notice = noticeOf(event)
    expect(notice?.kind).toBe(told[kind])
    if (notice === undefined) return
    expect(notice.accountId).toBe(7)
    // Nothing but figures of the event, under its own names.
    expect(Object.keys(notice.detail).length).toBeGreaterThan(1)
    expect(event).toMatchObject(notice.detail)
  })

  test('a fee tier is of no market, all else is of the event’s', () => {
    expect(noticeOf(numbered('FeeTierChanged', { market: 3 }))?.market).toBeNull()
    expect(noticeOf(numbered('BadDebt', { market: 3 }))?.market).toBe(3)
  })
})

describe('what the contract told', () => {
  const { terms, withdrawRequested, withdrawClaimed, reduceRequested, reduced } = noticeKind
  const { laneCancelled, allCancelled, pauseScheduled, pauseEnded, marginsSet } = noticeKind
  const { settlement, takenOver } = noticeKind

  test.each<[number, AccountNoticeKind, number | null]>([
    [withdrawRequested, 'on_chain_request', null],
    [withdrawClaimed, 'on_chain_request', null],
    [reduceRequested, 'on_chain_request', 3],
    [reduced, 'on_chain_request', 3],
    [takenOver, 'on_chain_request', 3],
    [laneCancelled, 'on_chain_cancel', null],
    [allCancelled, 'on_chain_cancel', null],
  ])('%i is %s of market %s', (what, kind, market) => {
    const notice = noticeOf(numbered('ChainNoticed', { what, accountId: 7, market: 3 }))
    expect(notice).toMatchObject({ accountId: 7, kind, market })
    const figures = kind === 'on_chain_cancel' ? ['lane', 'laneSeq'] : ['what', 'amountQuote']
    expect(Object.keys(notice?.detail ?? {})).toEqual(expect.arrayContaining(figures))
  })

  test.each([terms, pauseScheduled, pauseEnded, settlement])('%i is about nobody', (what) => {
    expect(noticeOf(numbered('ChainNoticed', { what, accountId: 0 }))).toBeUndefined()
  })

  test('margins are a market’s, whatever account stands there', () => {
    expect(noticeOf(numbered('ChainNoticed', { what: marginsSet, accountId: 7 }))).toBeUndefined()
  })
})
