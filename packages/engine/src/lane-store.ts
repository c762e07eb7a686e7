//! Lanes: for each of an account's 1,024 the last accepted sequence number and its live order, in blocks of 64.
import { createDirtySet, type DirtySet } from './dirty-set.ts'

const LANES = 64
const BLOCKS = 16

export type LaneStore = {
  readonly capacity: number
  /** (account, lane >> 6) → page + 1. */
  readonly index: Int32Array
  readonly accounts: Int32Array
  readonly seqs: Uint32Array
  /** Live order's slot + 1. */
  readonly orders: Int32Array
  /** Filled by the lane's last order once closed, lots; 0 while it lives. */
  readonly filled: Float64Array
  readonly dirty: DirtySet
  used: number
}

export function createLaneStore(accounts: number, pages: number): LaneStore {
  return {
    capacity: pages,
    index: new Int32Array((accounts + 1) * BLOCKS),
    accounts: new Int32Array(pages),
    seqs: new Uint32Array(pages * LANES),
    orders: new Int32Array(pages * LANES),
    filled: new Float64Array(pages * LANES),
    dirty: createDirtySet(pages * LANES),
    used: 0,
  }
}

/** Place of a lane, NONE (−1) if its block was never used. */
export function findLane(lanes: LaneStore, account: number, lane: number): number {
  const page = lanes.index[account * BLOCKS + (lane >> 6)]! - 1
  return page < 0 ? -1 : page * LANES + (lane & 63)
}

/** Place of a lane, its block made if need be; the caller has checked that one is free. */
export function makeLane(lanes: LaneStore, account: number, lane: number): number {
  const at = account * BLOCKS + (lane >> 6)
  let page = lanes.index[at]! - 1
  if (page < 0) {
    page = lanes.used++
    lanes.index[at] = page + 1
    lanes.accounts[page] = account * BLOCKS + (lane >> 6)
  }
  return page * LANES + (lane & 63)
}

/** Account of a lane's place. */
export function accountOfLane(lanes: LaneStore, place: number): number {
  return lanes.accounts[place >> 6]! >> 4
}

/** Lane number of a lane's place. */
export function numberOfLane(lanes: LaneStore, place: number): number {
  return (lanes.accounts[place >> 6]! & (BLOCKS - 1)) * LANES + (place & 63)
}
