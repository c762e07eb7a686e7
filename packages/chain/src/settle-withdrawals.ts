//! The twin of WithdrawSegment.sol.
import { AccountRun } from './account-run.ts'
import type { WithdrawalRecord, WithdrawalsSegment } from './batch.ts'
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

/** Applies a Withdrawals segment, or says why the contract refuses it. */
export function settleWithdrawals(
  state: SettlementState,
  segment: WithdrawalsSegment,
  timeS: number,
): SegmentError | null {
  let total = 0n
  for (const [index, withdrawal] of segment.withdrawals.entries()) {
    const code = withdraw(state, withdrawal, timeS)
    if (code !== null) return { code, index }
    total += BigInt(withdrawal.amountQuote)
  }
  const withdrawn = state.totals.withdrawn + total
  if (withdrawn > state.totals.deposited) return { code: 'CUSTODY_SHORT', index: 0 }
  state.setTotals({ ...state.totals, withdrawn })
  return null
}

function withdraw(
  state: SettlementState,
  withdrawal: WithdrawalRecord,
  timeS: number,
): BatchCodeName | null {
  if (withdrawal.amountQuote === 0) return 'ZERO_AMOUNT'
  if (withdrawal.lane > LANE_MAX || withdrawal.laneSeq === 0) return 'INVALID_LANE'
  if (timeS > withdrawal.expiryS) return 'EXPIRED'
  if (withdrawal.owner === zeroOwner) return 'INVALID_SIGNATURE'
  if (withdrawal.owner === state.genesis.backstop) return 'BACKSTOP_LOCKED'
  const key = accountKey(withdrawal.owner, withdrawal.subaccount)
  const stored = state.lane(key, withdrawal.lane)
  const advanced = advanceLane(stored, withdrawal.laneSeq, LANE_CONSUMED, LANE_CONSUMED)
  if (typeof advanced === 'string') return 'LANE_SPENT'
  state.setLane(key, withdrawal.lane, advanced)
  const run = new AccountRun(state, key)
  run.touchAll()
  run.debit(BigInt(withdrawal.amountQuote))
  return run.checkSettleable(timeS, false) ?? run.store()
}
