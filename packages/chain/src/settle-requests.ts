//! The twin of ServedRequests.sol.
import { AccountRun } from './account-run.ts'
import { NO_MARKET, type RequestRecord, type RequestsSegment } from './batch.ts'
import type { BatchCodeName } from './generated/batch-code.ts'
import { openRun } from './risk-run.ts'
import { abs, mulDivCeil } from './settlement-math.ts'
import {
  accountKey,
  type SegmentError,
  type SettlementState,
  zeroOwner,
} from './settlement-state.ts'

const PPM = 1_000_000n
const FORCE_FEE_PPM = 5_000 // as deployed by default

/** Applies a Requests segment, or says why the contract refuses it. */
export function settleRequests(
  state: SettlementState,
  segment: RequestsSegment,
  timeS: number,
): SegmentError | null {
  for (const [index, request] of segment.requests.entries()) {
    const code = serve(state, request, timeS)
    if (code !== null) return { code, index }
  }
  return null
}

function serve(state: SettlementState, record: RequestRecord, timeS: number): BatchCodeName | null {
  if (record.owner === state.genesis.backstop) return 'BACKSTOP_LOCKED'
  if (record.lots === 0 && record.amountQuote === 0) return 'ZERO_AMOUNT'
  const key = accountKey(record.owner, record.subaccount)
  const request = state.request(key, record.market)
  const [lots, amount] = [BigInt(record.lots), BigInt(record.amountQuote)]
  const isShort =
    request === undefined || (lots === 0n ? request.amount < amount : request.lots < lots)
  if (isShort) return 'NOT_REQUESTED'
  if (timeS >= request.untilS) return 'REQUEST_OVER'
  if (lots !== 0n) {
    state.setRequest(key, record.market, { ...request, lots: request.lots - lots })
    return reduce(state, record, request.isLong, timeS)
  }
  state.setRequest(key, record.market, { ...request, amount: request.amount - amount })
  const run = openRun(state, record.owner, record.subaccount)
  run.debit(amount)
  const code = run.checkSettleable(timeS, false) ?? run.store()
  if (code !== null) return code
  const withdrawn = state.totals.withdrawn + amount
  if (withdrawn > state.totals.deposited) return 'CUSTODY_SHORT'
  state.setTotals({ ...state.totals, withdrawn })
  return null
}

// Like a fill between the account and the backstop at the mark: both are judged as after fills.
function reduce(
  state: SettlementState,
  { owner, subaccount, market: id, lots }: RequestRecord,
  isLong: boolean,
  timeS: number,
): BatchCodeName | null {
  if (id === NO_MARKET) return 'UNKNOWN_MARKET'
  const market = state.market(id)
  if (market === undefined) return 'UNKNOWN_MARKET'
  const run = new AccountRun(state, accountKey(owner, subaccount))
  const size = run.sizeIn(id)
  if (size > 0n !== isLong || BigInt(lots) > abs(size)) return 'NOT_REDUCING'
  const moved = size > 0n ? -BigInt(lots) : BigInt(lots)
  const worth = -moved * BigInt(market.mark) * market.quotePerTickLot
  const feePpm = BigInt(state.genesis.forceFeePpm ?? FORCE_FEE_PPM)
  const quote = worth - mulDivCeil(abs(worth), feePpm, PPM)
  run.move(id, moved, quote, false)
  const code = run.check(timeS) ?? run.store()
  if (code !== null) return code
  const backstop = new AccountRun(state, accountKey(state.genesis.backstop ?? zeroOwner, 0))
  backstop.move(id, -moved, -quote, false)
  return backstop.check(timeS) ?? backstop.store()
}
