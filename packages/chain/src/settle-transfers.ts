//! The twin of TransferSegment.sol.
import { AccountRun } from './account-run.ts'
import type { InsuranceSegment, TransferRecord, TransfersSegment } from './batch.ts'
import type { BatchCodeName } from './generated/batch-code.ts'
import { advanceLane, LANE_MAX } from './settle-fills.ts'
import {
  accountKey,
  type SegmentError,
  type SettlementState,
  zeroOwner,
} from './settlement-state.ts'

// More than any order's size: nothing else of this sequence number fits into the lane.
const LANE_CONSUMED = 2 ** 40 - 1

/** Applies a segment of transfers or of gifts to insurance, or says why the contract refuses it. */
export function settleTransfers(
  state: SettlementState,
  segment: TransfersSegment | InsuranceSegment,
  timeS: number,
): SegmentError | null {
  const credit = segment.kind === 'Transfers' ? creditSubaccount : creditInsurance
  for (const [index, transfer] of segment.transfers.entries()) {
    const code = debit(state, transfer, timeS) ?? credit(state, transfer)
    if (code !== null) return { code, index }
  }
  return null
}

function debit(
  state: SettlementState,
  transfer: TransferRecord,
  timeS: number,
): BatchCodeName | null {
  if (transfer.amountQuote === 0) return 'ZERO_AMOUNT'
  if (transfer.lane > LANE_MAX || transfer.laneSeq === 0) return 'INVALID_LANE'
  if (timeS > transfer.expiryS) return 'EXPIRED'
  if (transfer.owner === zeroOwner) return 'INVALID_SIGNATURE'
  if (transfer.owner === state.genesis.backstop) return 'BACKSTOP_LOCKED'
  const key = accountKey(transfer.owner, transfer.subaccount)
  const stored = state.lane(key, transfer.lane)
  const advanced = advanceLane(stored, transfer.laneSeq, LANE_CONSUMED, LANE_CONSUMED)
  if (typeof advanced === 'string') return 'LANE_SPENT'
  state.setLane(key, transfer.lane, advanced)
  const run = new AccountRun(state, key)
  run.touchAll()
  run.debit(BigInt(transfer.amountQuote))
  return run.checkSettleable(timeS, false) ?? run.store()
}

function creditSubaccount(state: SettlementState, transfer: TransferRecord): BatchCodeName | null {
  if (transfer.to === transfer.subaccount) return 'SAME_ACCOUNT'
  const run = new AccountRun(state, accountKey(transfer.owner, transfer.to))
  run.debit(-BigInt(transfer.amountQuote))
  return run.store()
}

function creditInsurance(state: SettlementState, transfer: TransferRecord): BatchCodeName | null {
  const market = state.market(transfer.to)
  if (market === undefined) return 'UNKNOWN_MARKET'
  const insurance = market.insurance + BigInt(transfer.amountQuote)
  state.setMarket(transfer.to, { ...market, insurance })
  return null
}
