//! The twin of DeleverageSegment.sol.

import { AccountRun } from './account-run.ts'
import type { CounterpartyRecord, DeleveragingRecord, DeleveragingsSegment } from './batch.ts'
import type { BatchCodeName } from './generated/batch-code.ts'
import { atMark, checkVictim, healthOf, openRun, victimHealth } from './risk-run.ts'
import { deficitOf } from './settle-takeovers.ts'
import { abs, mulDivCeil } from './settlement-math.ts'
import { accountKey, type SegmentError, type SettlementState } from './settlement-state.ts'

/** What one deleveraging closes and costs, from the state before. */
type Terms = { isLong: boolean; insured: bigint; closed: bigint; total: bigint }

/** Applies a Deleveragings segment, or says why the contract refuses it. */
export function settleDeleveragings(
  state: SettlementState,
  segment: DeleveragingsSegment,
  timeS: number,
): SegmentError | null {
  for (const [index, record] of segment.deleveragings.entries()) {
    const terms = openTerms(state, record, timeS)
    const code =
      typeof terms === 'string'
        ? terms
        : (closeCounterparties(state, record, terms, timeS) ?? closeVictim(state, record, terms))
    if (code !== null) return { code, index }
  }
  return null
}

function openTerms(
  state: SettlementState,
  record: DeleveragingRecord,
  timeS: number,
): Terms | BatchCodeName {
  const run = openRun(state, record.owner, record.subaccount)
  const market = state.market(record.market)
  if (market === undefined) return 'UNKNOWN_MARKET'
  const health = victimHealth(state, run, timeS)
  const size = run.sizeIn(record.market)
  const code = checkVictim(state, record, health, size)
  if (code !== null) return code
  const deficit = health.equity < 0n ? deficitOf(market, size, health) : 0n
  const paid = deficit < market.insurance ? deficit : market.insurance
  const closed = record.counterparties.reduce((sum, { sizeLots }) => sum + BigInt(sizeLots), 0n)
  const held = abs(size)
  if (closed === 0n || closed > held) return 'NOT_REDUCING'
  // Insurance covers the part that is closed; the rest waits for the rest of the position.
  const insured = (paid * closed) / held
  state.setMarket(record.market, { ...market, insurance: market.insurance - insured })
  return { isLong: size > 0n, insured, closed, total: mulDivCeil(deficit - paid, closed, held) }
}

function closeCounterparties(
  state: SettlementState,
  record: DeleveragingRecord,
  terms: Terms,
  timeS: number,
): BatchCodeName | null {
  let previous = ''
  let shares = 0n
  for (const counterparty of record.counterparties) {
    const { owner, subaccount, sizeLots } = counterparty
    const holder = `${owner}${subaccount.toString(16).padStart(2, '0')}`
    if (holder <= previous) return 'ORDERS_NOT_SORTED'
    previous = holder
    const share = BigInt(counterparty.deficitQuote)
    const exact = (terms.total * BigInt(sizeLots)) / terms.closed
    if (share !== exact && share !== exact + 1n) return 'WRONG_SHARE'
    shares += share
    const code = closeCounterparty(state, record.market, counterparty, terms, timeS)
    if (code !== null) return code
  }
  return shares === terms.total ? null : 'WRONG_SHARE'
}

function closeCounterparty(
  state: SettlementState,
  id: number,
  { owner, subaccount, sizeLots, deficitQuote }: CounterpartyRecord,
  { isLong }: Terms,
  timeS: number,
): BatchCodeName | null {
  if (owner === state.genesis.backstop) return 'BACKSTOP_PARTY'
  // Of its funding only the market's is settled, as in a fill.
  const run = new AccountRun(state, accountKey(owner, subaccount))
  run.touch(id)
  const { equity } = healthOf(state, run, timeS)
  const size = run.sizeIn(id)
  const lots = BigInt(sizeLots)
  const isOpposite = isLong ? size < 0n : size > 0n
  if (equity <= 0n || lots === 0n || !isOpposite || lots > abs(size)) return 'WRONG_COUNTERPARTY'
  const closed = isLong ? -lots : lots
  run.shift(id, -closed, atMark(state.listedMarket(id), closed) - BigInt(deficitQuote))
  return run.store()
}

function closeVictim(
  state: SettlementState,
  record: DeleveragingRecord,
  { isLong, insured, closed, total }: Terms,
): BatchCodeName | null {
  const run = openRun(state, record.owner, record.subaccount)
  const market = state.listedMarket(record.market)
  const signed = isLong ? closed : -closed
  run.shift(record.market, -signed, atMark(market, signed) + total + insured)
  return run.store()
}
