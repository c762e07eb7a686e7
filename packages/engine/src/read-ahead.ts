//! Brings the records of coming commands into the cache, all at once: alone, each would be waited for in its turn.
// An account's lines are cold when its command comes (10,000 accounts are megabytes), and a load from memory costs as much
// as everything else in a command. Loads that do not depend on each other overlap, so a group's are asked for together.
import { commandKind } from '@plumb/model'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ACCOUNT_W,
  LANES,
  LANE_W,
  NODE,
  ORDER_W,
  PAGE_WORDS,
  POSITION_W,
  P_FIRST_ORDER,
  P_MARKET,
  SLOT_RANGE,
  W_FIRST_POSITION,
  W_LANE,
  W_NEXT,
  W_OWN_NEXT,
  W_OWN_PREV,
  W_PREV,
} = slabs

/** Reads what `count` commands from slot `from` on will need; changes nothing. */
export function readAhead(
  state: EngineState,
  i32: Int32Array,
  f64: Float64Array,
  from: number,
  count: number,
): void {
  const { accounts, orders, positions, lanes, book } = state
  const words = orders.i32
  let seen = 0
  for (let slot = from; slot < from + count; slot++) {
    const w = slot * 64
    const kind = i32[w + 4]!
    if (kind !== commandKind.PlaceOrder && kind !== commandKind.CancelOrder) continue
    const account = i32[w + 5]!
    if (account < 1 || account > accounts.used) continue
    const pw = account * POSITION_W
    seen ^= accounts.i32[account * ACCOUNT_W + W_FIRST_POSITION]!
    seen ^= positions.i32[pw + P_MARKET]! ^ positions.i32[pw + P_FIRST_ORDER]!
    if (kind === commandKind.PlaceOrder) {
      const lane = i32[w + 18]!
      if (lane >>> 0 < LANES) seen ^= lanes.i32[(account * LANES + lane) * LANE_W]!
    } else {
      const o = (f64[slot * 32 + 11]! & (SLOT_RANGE - 1)) * ORDER_W
      if (o < words.length) seen ^= words[o + W_NEXT]! ^ words[o + W_LANE]!
    }
  }
  // What hangs on those: neighbours in the queue and in the account's list, the tail of the price.
  for (let slot = from; slot < from + count; slot++) {
    const w = slot * 64
    const kind = i32[w + 4]!
    const account = i32[w + 5]!
    if (kind === commandKind.PlaceOrder) {
      const market = i32[w + 6]!
      const price = f64[slot * 32 + 4]!
      if (market < 0 || market >= state.limits.markets || account < 1 || account > accounts.used)
        continue
      const first = positions.i32[account * POSITION_W + P_FIRST_ORDER]!
      if (first >= 0) seen ^= words[first * ORDER_W + W_OWN_PREV]!
      const node = book.nodes[market * NODE + (price >>> 21)]! - 1
      if (node < 0) continue
      const page = book.nodes[node * NODE + ((price >>> 10) & 2_047)]! - 1
      if (page < 0) continue
      const tail = book.levels[page * PAGE_WORDS + 2 * (price & 1_023) + 1]!
      if (tail >= 0) seen ^= words[tail * ORDER_W + W_NEXT]!
    } else if (kind === commandKind.CancelOrder) {
      const o = (f64[slot * 32 + 11]! & (SLOT_RANGE - 1)) * ORDER_W
      if (o >= words.length) continue
      const next = words[o + W_NEXT]!
      const prev = words[o + W_PREV]!
      const ownNext = words[o + W_OWN_NEXT]!
      const ownPrev = words[o + W_OWN_PREV]!
      if (next >= 0) seen ^= words[next * ORDER_W + W_PREV]!
      if (prev >= 0) seen ^= words[prev * ORDER_W + W_NEXT]!
      if (ownNext >= 0) seen ^= words[ownNext * ORDER_W + W_OWN_PREV]!
      if (ownPrev >= 0) seen ^= words[ownPrev * ORDER_W + W_OWN_NEXT]!
      if (account >= 1 && account <= accounts.used) {
        const lane = words[o + W_LANE]!
        if (lane >>> 0 < LANES) seen ^= lanes.i32[(account * LANES + lane) * LANE_W]!
      }
    }
  }
  // Used, so that the compiler cannot leave the reads out.
  state.scratch.seen = seen
}
