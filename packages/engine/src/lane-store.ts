//! Lanes: for each of an account's 1,024 the last accepted sequence number and its live order, in blocks of 16.
// Page a holds block 0 of account a, so the lanes most accounts use stand at an address known beforehand.
import { limits } from '@plumb/model'
import { createDirtySet, type DirtySet } from './dirty-set.ts'
import * as slabs from './slabs.ts'

const { BLOCKS, LANES, LANE_DIRTY, LANE_W, L_ORDER } = slabs

export type LaneStore = {
  /** Pages there are: one for each account and those of higher blocks. */
  readonly capacity: number
  /** (account, block) → page + 1, for blocks above 0. */
  readonly index: Int32Array
  /** Page → account × BLOCKS + block. */
  readonly places: Int32Array
  readonly i32: Int32Array
  readonly f64: Float64Array
  readonly dirty: DirtySet
  used: number
}

export function createLaneStore(accounts: number, pages: number): LaneStore {
  if (LANES * BLOCKS !== limits.lanesPerAccountMax) throw new RangeError('lanes do not fit blocks')
  const capacity = accounts + 1 + pages
  const buffer = new ArrayBuffer(capacity * LANES * LANE_W * 4)
  const i32 = new Int32Array(buffer)
  return {
    capacity,
    index: new Int32Array((accounts + 1) * BLOCKS),
    places: new Int32Array(capacity),
    i32,
    f64: new Float64Array(buffer),
    dirty: createDirtySet(i32, LANE_W, L_ORDER, LANE_DIRTY),
    used: accounts + 1,
  }
}

/** Place of a lane, NONE (−1) if its block was never used. */
export function findLane(lanes: LaneStore, account: number, lane: number): number {
  if (lane < LANES) return account * LANES + lane
  const page = lanes.index[account * BLOCKS + (lane >> 4)]! - 1
  return page < 0 ? -1 : page * LANES + (lane & (LANES - 1))
}

/** Place of a lane, its block made if need be; the caller has checked that one is free. */
export function makeLane(lanes: LaneStore, account: number, lane: number): number {
  const place = findLane(lanes, account, lane)
  if (place !== -1) return place
  const at = account * BLOCKS + (lane >> 4)
  const page = lanes.used++
  lanes.places[page] = at
  lanes.index[at] = page + 1
  return page * LANES + (lane & (LANES - 1))
}

/** A new account's first block is its own. */
export function claimFirstLanes(lanes: LaneStore, account: number): void {
  lanes.places[account] = account * BLOCKS
}

/** Slot of the lane's live order, NONE (−1) if it has none. */
export function orderOfLane(lanes: LaneStore, place: number): number {
  return (lanes.i32[place * LANE_W + L_ORDER]! & ~LANE_DIRTY) - 1
}

/** Puts an order into a lane, or NONE. */
export function setOrderOfLane(lanes: LaneStore, place: number, slot: number): void {
  const at = place * LANE_W + L_ORDER
  lanes.i32[at] = (lanes.i32[at]! & LANE_DIRTY) | (slot + 1)
}

/** Account of a lane's place. */
export function accountOfLane(lanes: LaneStore, place: number): number {
  return Math.floor(lanes.places[Math.floor(place / LANES)]! / BLOCKS)
}

/** Lane number of a lane's place. */
export function numberOfLane(lanes: LaneStore, place: number): number {
  const block = lanes.places[Math.floor(place / LANES)]! % BLOCKS
  return block * LANES + (place % LANES)
}
