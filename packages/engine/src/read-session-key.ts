//! A session key as others see it.
import { reserved } from './key-orders.ts'
import { findKey } from './key-store.ts'
import * as at from './slabs.ts'
import type { EngineState } from './state.ts'

export type SessionKeyView = {
  owner: Uint8Array
  subaccount: number
  allSubaccounts: boolean
  /** Last second at which its orders settle. */
  expiryS: number
  isRevoked: boolean
  /** Bit m: market m. */
  markets: bigint
  maxPositionLots: number
  maxOrderNotionalQuote: number
  /** What new orders may still ask for, at their limit prices: without what was filled and what open orders may fill. */
  notionalLeftQuote: number
  /** What its open orders may still fill, at their limit prices. */
  reservedQuote: number
}

function reservedOf(state: EngineState, key: number): number {
  const { advanced } = state
  let sum = 0
  for (let record = 0; record < advanced.used; record++) {
    const a = record * at.ADVANCED_W
    const slot = advanced.i32[a + at.A_SLOT]!
    if (slot !== at.NONE && advanced.i32[a + at.A_KEY] === key) sum += reserved(state, slot)
  }
  return sum
}

export function readSessionKey(
  state: EngineState,
  address: Uint8Array,
): SessionKeyView | undefined {
  const { keys } = state
  const key = findKey(keys, new Int32Array(new Uint8Array(address.subarray(0, 20)).buffer), 0)
  if (key === 0) return undefined
  const word = (field: number) => keys.i32[key * at.KEY_W + field]!
  const amount = (field: number) => keys.f64[key * at.KEY_D + field]!
  const owner = keys.i32.slice(key * at.KEY_W + at.K_OWNER, key * at.KEY_W + at.K_OWNER + 5)
  return {
    owner: new Uint8Array(owner.buffer),
    subaccount: word(at.K_SUBACCOUNT),
    allSubaccounts: word(at.K_ALL) === 1,
    expiryS: word(at.K_EXPIRY) >>> 0,
    isRevoked: word(at.K_REVOKED) === 1,
    markets: (BigInt(word(at.K_MARKETS + 1) >>> 0) << 32n) | BigInt(word(at.K_MARKETS) >>> 0),
    maxPositionLots: amount(at.KD_MAX_POSITION),
    maxOrderNotionalQuote: amount(at.KD_MAX_ORDER),
    notionalLeftQuote: amount(at.KD_LEFT),
    reservedQuote: reservedOf(state, key),
  }
}
