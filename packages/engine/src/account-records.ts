//! One slab for everything a command touches of an account: its balance, its home position and its first lanes side by side.
// 320 bytes each: one address to compute, one page of memory, and the lines of a record are fetched together.
import { ACCOUNT_W, LANE_W, LANES } from './slabs.ts'

/**
 * Large blocks come from the allocator 16 bytes behind the beginning of a page. Beginning 48 bytes later, records lie on
 * cache lines; where an allocator does otherwise nothing but that is lost.
 */
export const LINE_SHIFT = 48

/** Records 0 … accounts are accounts with their homes, `positions` more hold positions, pages of lanes follow. */
export type AccountRecords = {
  readonly i32: Int32Array
  readonly f64: Float64Array
  /** Accounts and record 0, which is never used. */
  readonly homes: number
  readonly positions: number
  readonly lanePages: number
  /** First lane place of the pages. */
  readonly pagePlaces: number
}

export function createAccountRecords(
  accounts: number,
  positions: number,
  lanePages: number,
): AccountRecords {
  const homes = accounts + 1
  const words = (homes + positions) * ACCOUNT_W
  const all = words + lanePages * LANES * LANE_W
  const buffer = new ArrayBuffer(LINE_SHIFT + all * 4)
  return {
    i32: new Int32Array(buffer, LINE_SHIFT, all),
    f64: new Float64Array(buffer, LINE_SHIFT, all / 2),
    homes,
    positions,
    lanePages,
    pagePlaces: words / LANE_W,
  }
}
