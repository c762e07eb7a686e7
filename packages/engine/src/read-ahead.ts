//! Brings the records of coming commands into the cache, all at once: alone, each would be waited for in its turn.
// An account's lines are cold when its command comes (10,000 accounts are megabytes), and a load from memory costs as much
// as everything else in a command. Loads that do not depend on each other overlap, so a group's are asked for together.
// Every instruction here is paid for each command. What stands behind these records (neighbours, makers, pages of levels) is
// left to the processor, which overlaps the loads of one command by itself: reading that ahead too cost more than it brought.
// Client ids are worth it: their store is larger than a cache, and a new id first forgets the oldest one.
import { commandKind } from '@plumb/model'
import { type ClientIdStore, hashClientId } from './client-id-store.ts'
import * as slabs from './slabs.ts'
import type { EngineState } from './state.ts'

const {
  ACCOUNT_W,
  BLOCKS,
  CLIENT_W,
  C_ACCOUNT,
  C_HASH,
  C_MAX_FEE,
  C_NEXT,
  COMMAND_MASK,
  D_CASH,
  FIRST_LANE_W,
  LANES,
  LANE_W,
  MARKET_MASK,
  NONE,
  ORDER_W,
  P_MARKET,
  RECORD_MASK,
  SLOT_MASK,
  W_CLIENT_ID,
  W_CLOSED_HEAD,
  W_CLOSED_TAIL,
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
  const ids = state.clientIds.index
  const idMask = ids.length - 1
  const named = state.clientIds.i32
  const areNamed = state.clientIds.used > 0
  let oldest = nextForgotten(state.clientIds)
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
      if (i32[w + 24] !== 0) {
        seen ^= ids[(hashClientId(account, i32, w) << 1) & idMask]!
        if (oldest !== NONE) {
          const e = (oldest & RECORD_MASK) * CLIENT_W
          const owner = named[e + C_ACCOUNT]! & RECORD_MASK
          seen ^= named[e + C_MAX_FEE]! ^ records[owner * ACCOUNT_W + W_CLOSED_HEAD]!
          seen ^= ids[(named[e + C_HASH]! << 1) & idMask]!
          oldest = named[e + C_NEXT]!
        }
      }
    } else if (kind === CancelOrder) {
      const order = f64[(w >> 1) + 11]! & SLOT_MASK
      if (order >= orders) continue
      // Its lane too, where that is one of the first.
      const lane = words[order * ORDER_W + W_LANE]! & (LANES - 1)
      seen ^= words[order * ORDER_W + W_PRICE]! ^ records[a + FIRST_LANE_W + LANE_W * lane]!
      if (!areNamed) continue
      const last = records[a + W_CLOSED_TAIL]!
      const entry = words[order * ORDER_W + W_CLIENT_ID]!
      if (last !== NONE) seen ^= named[(last & RECORD_MASK) * CLIENT_W]!
      if (entry !== NONE) seen ^= named[(entry & RECORD_MASK) * CLIENT_W]!
    }
  }
  // Used, so that the compiler cannot leave the reads out.
  state.scratch.seen = seen
}

/** Client id that makes place for the next one, NONE (−1) while there is room. */
function nextForgotten(ids: ClientIdStore): number {
  return ids.freeCount === 0 && ids.used === ids.capacity ? ids.head : NONE
}
