//! Brings the records of coming commands into the cache, all at once: alone, each would be waited for in its turn.
// An account's lines are cold when its command comes (10,000 accounts are megabytes), and a load from memory costs as much
// as everything else in a command. Loads that do not depend on each other overlap, so a group's are asked for together.
// Every instruction here is paid for each command: it reads what is far away, and leaves the book, which is near, alone.
import { commandKind } from '@plumb/model'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ACCOUNT_W,
  COMMAND_MASK,
  D_CASH,
  FIRST_LANE_W,
  LANES,
  LANE_W,
  ORDER_W,
  P_MARKET,
  RECORD_MASK,
  SLOT_MASK,
  W_LANE,
  W_PRICE,
} = slabs
const { PlaceOrder, CancelOrder } = commandKind

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
  let seen = 0
  for (let slot = from; slot < from + count; slot++) {
    const w = (slot * 64) & COMMAND_MASK
    const kind = i32[w + 4]!
    const account = i32[w + 5]!
    if (account < 1 || account > accounts) continue
    const a = (account & RECORD_MASK) * ACCOUNT_W
    seen ^= records[a + 2 * D_CASH]! ^ records[a + P_MARKET]!
    if (kind === PlaceOrder)
      seen ^= records[a + FIRST_LANE_W + LANE_W * (i32[w + 18]! & (LANES - 1))]!
    else if (kind === CancelOrder) {
      const order = f64[(w >> 1) + 11]! & SLOT_MASK
      if (order >= orders) continue
      seen ^= words[order * ORDER_W + W_PRICE]! ^ words[order * ORDER_W + W_LANE]!
    }
  }
  // The lane of an order to be cancelled stands in the order.
  for (let slot = from; slot < from + count; slot++) {
    const w = (slot * 64) & COMMAND_MASK
    const account = i32[w + 5]!
    if (i32[w + 4] !== CancelOrder || account < 1 || account > accounts) continue
    const order = f64[(w >> 1) + 11]! & SLOT_MASK
    if (order >= orders) continue
    const lane = words[order * ORDER_W + W_LANE]! & (LANES - 1)
    seen ^= records[(account & RECORD_MASK) * ACCOUNT_W + FIRST_LANE_W + LANE_W * lane]!
  }
  // Used, so that the compiler cannot leave the reads out.
  state.scratch.seen = seen
}
