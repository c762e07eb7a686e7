//! Brings the records of coming commands into the cache, all at once: alone, each would be waited for in its turn.
// An account's lines are cold when its command comes (10,000 accounts are megabytes), and a load from memory costs as much
// as everything else in a command. Loads that do not depend on each other overlap, so a group's are asked for together.
// Every instruction here is paid for each command. What stands behind these records (neighbours, makers, pages of levels) is
// left to the processor, which overlaps the loads of one command by itself: reading that ahead too cost more than it brought.
import { commandKind } from '@plumb/model'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ACCOUNT_W,
  BLOCKS,
  COMMAND_MASK,
  D_CASH,
  FIRST_LANE_W,
  LANES,
  LANE_W,
  MARKET_MASK,
  ORDER_W,
  P_MARKET,
  RECORD_MASK,
  SLOT_MASK,
  W_LANE,
  W_PRICE,
} = slabs
const { PlaceOrder, CancelOrder } = commandKind
const LANE_MASK = LANES * BLOCKS - 1

/** Reads what `count` commands from slot `from` on will need; changes nothing. */
export function readAhead(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  from: number,
  count: number,
): void {
  const records = state.accounts.i32
  const words = state.orders.i32
  const accounts = state.accounts.used
  const orders = state.orders.used
  const { lanes } = state
  const { index, markets: perAccount } = state.positions
  const severalMarkets = state.limits.markets > 1 && state.positions.used > state.positions.homes
  let seen = 0
  for (let slot = from; slot < from + count; slot++) {
    const w = (slot * 64) & COMMAND_MASK
    const kind = i32[w + 4]!
    const account = i32[w + 5]!
    if (account < 1 || account > accounts) continue
    const a = (account & RECORD_MASK) * ACCOUNT_W
    seen ^= records[a + 2 * D_CASH]! ^ records[a + P_MARKET]!
    if (kind === PlaceOrder) {
      const lane = i32[w + 18]! & LANE_MASK
      if (severalMarkets)
        seen ^= index[(account & RECORD_MASK) * perAccount + (i32[w + 6]! & MARKET_MASK)]!
      if (lane < LANES) seen ^= records[a + FIRST_LANE_W + LANE_W * lane]!
      else seen ^= lanes.index[(account & RECORD_MASK) * BLOCKS + (lane >> 4)]!
    } else if (kind === CancelOrder) {
      const order = f64[(w >> 1) + 11]! & SLOT_MASK
      if (order >= orders) continue
      seen ^= words[order * ORDER_W + W_PRICE]! ^ words[order * ORDER_W + W_LANE]!
    }
  }
  // Used, so that the compiler cannot leave the reads out.
  state.scratch.seen = seen
}
