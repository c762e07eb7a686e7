//! Entry cost and realized price PnL of a fill.
import { mulDivCeilSigned, mulDivFloorSigned } from '@plumb/model'
import * as slabs from './slabs.ts'

const { D_ENTRY, D_PARTIAL_AT } = slabs

/**
 * Carries the entry cost of the position at double `p` over a fill of `lots` for `flow` (its cash, signed) that took it
 * from `held` to `after` lots; answers the realized price PnL.
 */
export function realize(
  positions: Float64Array,
  p: number,
  held: number,
  after: number,
  lots: number,
  flow: number,
): number {
  const cost = positions[p + D_ENTRY]!
  const size = Math.abs(held)
  // Opening, or adding to what is held.
  if (held === 0 || held > 0 === after > held) {
    if (held === 0) positions[p + D_PARTIAL_AT] = 0
    positions[p + D_ENTRY] = cost - flow
    return 0
  }
  if (lots >= size) positions[p + D_PARTIAL_AT] = 0
  const released = lots >= size ? cost : mulDivCeilSigned(cost, lots, size)
  const proceeds = lots <= size ? flow : mulDivFloorSigned(flow, size, lots)
  positions[p + D_ENTRY] = cost - released - (flow - proceeds)
  return proceeds - released
}
