//! What is kept for single markets of accounts only while there is something: a dead man's switch, a request on-chain.
import type { HashedRecord } from '@plumb/model'
import { NONE } from './slabs.ts'
import type { EngineState } from './state.ts'

/** One number for each (account, market) that has one, by ascending account and market. */
export type PairList = {
  /** Two doubles each: account × markets + market, value. Room for all there can be; only what is used becomes resident. */
  readonly f64: Float64Array
  used: number
}

export function createPairList(accounts: number, markets: number): PairList {
  return { f64: new Float64Array(2 * (accounts + 1) * markets), used: 0 }
}

/** First place whose key is not below `key`. */
function placeOf({ f64, used }: PairList, key: number): number {
  let low = 0
  let high = used
  while (low < high) {
    const middle = (low + high) >>> 1
    if (f64[2 * middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}

/** What is kept for the pair; NONE (−1) if nothing is. */
export function valueOf(
  state: EngineState,
  list: PairList,
  account: number,
  market: number,
): number {
  const key = account * state.limits.markets + market
  const place = placeOf(list, key)
  return place < list.used && list.f64[2 * place] === key ? list.f64[2 * place + 1]! : NONE
}

/** Largest value of an account's pairs; NONE if it has none. */
export function largestOf(state: EngineState, list: PairList, account: number): number {
  const { markets } = state.limits
  let largest = NONE
  let place = placeOf(list, account * markets)
  for (; place < list.used && list.f64[2 * place]! < (account + 1) * markets; place++)
    largest = Math.max(largest, list.f64[2 * place + 1]!)
  return largest
}

/** Keeps a value ≥ 0 for the pair, or nothing any more (NONE). What is kept is in the state hash, as records of `kind`. */
export function setValue(
  state: EngineState,
  list: PairList,
  kind: HashedRecord,
  account: number,
  market: number,
  value: number,
): void {
  const { f64 } = list
  const key = account * state.limits.markets + market
  const place = placeOf(list, key)
  const at = 2 * place
  const isSet = place < list.used && f64[at] === key
  if (!isSet && value === NONE) return
  if (isSet) count(state, list, kind, place, -1)
  if (isSet === (value === NONE)) {
    // One comes or goes: those behind it move.
    const [from, to] = isSet ? [at + 2, at] : [at, at + 2]
    f64.copyWithin(to, from, 2 * list.used)
    list.used += isSet ? -1 : 1
  }
  if (value === NONE) return
  f64[at] = key
  f64[at + 1] = value
  count(state, list, kind, place, 1)
}

/** Few enough to be added to the state hash as they come and go. */
function count(
  { hash, limits }: EngineState,
  list: PairList,
  kind: HashedRecord,
  place: number,
  sign: number,
): void {
  const { mixer } = hash
  const key = list.f64[2 * place]!
  mixer.begin(kind)
  mixer.integer(Math.floor(key / limits.markets))
  mixer.integer(key % limits.markets)
  mixer.integer(list.f64[2 * place + 1]!)
  mixer.end()
  hash.hi = (hash.hi + sign * mixer.hi) | 0
  hash.lo = (hash.lo + sign * mixer.lo) | 0
}
