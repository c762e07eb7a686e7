//! The twin of DelistingSegment.sol.
import { AccountRun } from './account-run.ts'
import type { AccountRecord, DelistingRecord, DelistingsSegment } from './batch.ts'
import type { BatchCodeName } from './generated/batch-code.ts'
import { atMark } from './risk-run.ts'
import { abs } from './settlement-math.ts'
import { accountKey, type SegmentError, type SettlementState } from './settlement-state.ts'

const PPM = 1_000_000n

/** Applies a Delistings segment, or says why the contract refuses it. */
export function settleDelistings(
  state: SettlementState,
  segment: DelistingsSegment,
  timeS: number,
): SegmentError | null {
  for (const [place, record] of segment.delistings.entries()) {
    const code = fixPrice(state, record, timeS)
    if (code !== null) return { code, index: place }
    for (const [index, account] of record.accounts.entries()) {
      const refusal = closePosition(state, record.market, account, timeS)
      if (refusal !== null) return { code: refusal, index }
    }
  }
  return null
}

// Once, within the mark's band around a fresh mark; afterwards it is the mark.
function fixPrice(
  state: SettlementState,
  { market: id, priceTicks }: DelistingRecord,
  timeS: number,
): BatchCodeName | null {
  const market = state.market(id)
  if (market === undefined) return 'UNKNOWN_MARKET'
  if (!market.isDelisting) return 'NOT_DELISTING'
  const { mark, fixedMark } = market
  const isStale = mark === 0 || timeS > market.markTimeS + state.genesis.markAgeMaxS
  if (!fixedMark && isStale) return 'STALE_MARK'
  const band = fixedMark ? 0n : BigInt(mark) * market.markBandPpm
  if (priceTicks === 0 || abs(BigInt(priceTicks) - BigInt(mark)) * PPM > band)
    return 'SETTLEMENT_PRICE'
  if (market.isSettled) return null
  const settled = { mark: priceTicks, fixedMark: true, isSettled: true, maxOrderLots: 0 }
  state.setMarket(id, { ...market, ...settled })
  return null
}

function closePosition(
  state: SettlementState,
  id: number,
  { owner, subaccount }: AccountRecord,
  timeS: number,
): BatchCodeName | null {
  const run = new AccountRun(state, accountKey(owner, subaccount))
  run.touch(id)
  const size = run.sizeIn(id)
  if (size === 0n) return 'NOT_REDUCING'
  run.shift(id, -size, atMark(state.listedMarket(id), size))
  const owed = state.uncredited(run.key, timeS) - run.cash
  const holdsNothing = [...run.held()].length === 0
  if (owed > 0n && holdsNothing) {
    run.debit(-owed)
    const market = state.listedMarket(id)
    const insured = owed < market.insurance ? owed : market.insurance
    const [insurance, badDebt] = [market.insurance - insured, market.badDebt + owed - insured]
    state.setMarket(id, { ...market, insurance, badDebt })
  }
  return run.store()
}
