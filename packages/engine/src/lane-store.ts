//! Lanes: for each of an account's 1,024 the last accepted sequence number and its live order, in blocks of 16.
// The first block stands in the account's record (account-records.ts), so the lanes most accounts use stand at an address
// known beforehand; higher ones are on pages of their own, made when they are first used.
import { limits } from '@plumb/model'
import type { AccountRecords } from './account-records.ts'
import { createDirtySet, type DirtySet } from './dirty-set.ts'
import * as slabs from './slabs.ts'

const {
  BLOCKS,
  FIRST_PLACE,
  HOME_PLACES,
  LANES,
  LANE_DIRTY,
  LANE_FILLED,
  LANE_W,
  L_ORDER,
  L_SEQ,
  NONE,
} = slabs

export type LaneStore = {
  /** Pages there are. */
  readonly capacity: number
  readonly homes: number
  /** First place of the pages. */
  readonly pagePlaces: number
  /** (account, block) → page + 1, for blocks above 0. */
  readonly index: Int32Array
  /** Page → account × BLOCKS + block. */
  readonly places: Int32Array
  readonly i32: Int32Array
  /** Filled by a lane's last order once closed, lots; means something with LANE_FILLED. By `laneNumber`. */
  readonly filled: Float64Array
  readonly dirty: DirtySet
  used: number
}

export function createLaneStore(records: AccountRecords): LaneStore {
  const { i32, homes, lanePages: capacity, pagePlaces } = records
  if (LANES * BLOCKS !== limits.lanesPerAccountMax) throw new RangeError('lanes do not fit blocks')
  return {
    capacity,
    homes,
    pagePlaces,
    index: new Int32Array(homes * BLOCKS),
    places: new Int32Array(capacity),
    i32,
    filled: new Float64Array((homes + capacity) * LANES),
    dirty: createDirtySet(i32, LANE_W, L_ORDER, LANE_DIRTY),
    used: 0,
  }
}

/** Place of a lane, NONE (−1) if its block was never used. */
export function findLane(lanes: LaneStore, account: number, lane: number): number {
  if (lane < LANES) return account * HOME_PLACES + FIRST_PLACE + lane
  const page = lanes.index[account * BLOCKS + (lane >> 4)]! - 1
  return page < 0 ? NONE : lanes.pagePlaces + page * LANES + (lane & (LANES - 1))
}

/** Place of a lane, its block made if need be; the caller has checked that one is free. */
export function makeLane(lanes: LaneStore, account: number, lane: number): number {
  const place = findLane(lanes, account, lane)
  if (place !== NONE) return place
  const at = account * BLOCKS + (lane >> 4)
  const page = lanes.used++
  lanes.places[page] = at
  lanes.index[at] = page + 1
  return lanes.pagePlaces + page * LANES + (lane & (LANES - 1))
}

/** Last accepted sequence number of a lane. */
export function seqOfLane(lanes: LaneStore, place: number): number {
  return lanes.i32[place * LANE_W + L_SEQ]! >>> 0
}

/** The lane accepts a sequence number, with the order of `slot` or with NONE. */
export function takeLane(lanes: LaneStore, place: number, seq: number, slot: number): void {
  lanes.i32[place * LANE_W + L_SEQ] = seq
  const at = place * LANE_W + L_ORDER
  lanes.i32[at] = (lanes.i32[at]! & LANE_DIRTY) | (slot + 1)
}

/** Slot of the lane's live order, NONE (−1) if it has none. */
export function orderOfLane(lanes: LaneStore, place: number): number {
  return (lanes.i32[place * LANE_W + L_ORDER]! & ~(LANE_DIRTY | LANE_FILLED)) - 1
}

/** The lane's order is closed, with so many lots filled. */
export function freeLane(lanes: LaneStore, place: number, filledLots: number): void {
  const at = place * LANE_W + L_ORDER
  const dirty = lanes.i32[at]! & LANE_DIRTY
  lanes.i32[at] = filledLots === 0 ? dirty : dirty | LANE_FILLED
  if (filledLots !== 0) lanes.filled[laneNumber(lanes, place)] = filledLots
}

/** Lots filled by the lane's last order; 0 while it lives. */
export function filledOfLane(lanes: LaneStore, place: number): number {
  const filled = (lanes.i32[place * LANE_W + L_ORDER]! & LANE_FILLED) !== 0
  return filled ? lanes.filled[laneNumber(lanes, place)]! : 0
}

/** Numbers the lanes without gaps: those of account a from LANES·a on, those of the pages behind. */
function laneNumber(lanes: LaneStore, place: number): number {
  if (place >= lanes.pagePlaces) return lanes.homes * LANES + place - lanes.pagePlaces
  const account = Math.floor(place / HOME_PLACES)
  return account * LANES + place - account * HOME_PLACES - FIRST_PLACE
}

/** Account of a lane's place. */
export function accountOfLane(lanes: LaneStore, place: number): number {
  if (place < lanes.pagePlaces) return Math.floor(place / HOME_PLACES)
  return Math.floor(lanes.places[(place - lanes.pagePlaces) >> 4]! / BLOCKS)
}

/** Lane number of a lane's place. */
export function numberOfLane(lanes: LaneStore, place: number): number {
  if (place < lanes.pagePlaces) return (place % HOME_PLACES) - FIRST_PLACE
  const above = place - lanes.pagePlaces
  return (lanes.places[above >> 4]! % BLOCKS) * LANES + (above & (LANES - 1))
}
