//! The twin of ActivationSegment.sol.
import type { ActivationsSegment, OrderRecord } from './batch.ts'
import { isConditional } from './batch.ts'
import type { BatchCodeName } from './generated/batch-code.ts'
import { resolveOwner } from './key-orders.ts'
import { advanceLane, checkOrder, isMarkAtTrigger } from './settle-fills.ts'
import { accountKey, type SegmentError, type SettlementState } from './settlement-state.ts'

/** Applies an Activations segment, or says why the contract refuses it. */
export function settleActivations(
  state: SettlementState,
  segment: ActivationsSegment,
  timeS: number,
): SegmentError | null {
  for (const [index, order] of segment.orders.entries()) {
    const code = activate(state, order, timeS)
    if (code !== null) return { code, index }
  }
  return null
}

function activate(
  state: SettlementState,
  signed: OrderRecord,
  timeS: number,
): BatchCodeName | null {
  const code = checkOrder(state.market(signed.market), signed, timeS)
  if (code !== null) return code
  const order = resolveOwner(state, signed, timeS)
  if (typeof order === 'string') return order
  if (!isConditional(order.kind)) return 'UNSUPPORTED_KIND'
  if (!isMarkAtTrigger(state, order, timeS)) return 'NOT_TRIGGERED'
  const key = accountKey(order.owner, order.subaccount)
  const advanced = advanceLane(state.lane(key, order.lane), order.laneSeq, 0, order.sizeLots)
  if (typeof advanced === 'string') return advanced
  state.setLane(key, order.lane, advanced)
  return null
}
