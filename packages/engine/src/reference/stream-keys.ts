//! Random session keys, and orders signed by them.
import {
  type AmendOrder,
  orderFlag,
  type PlaceAdvancedOrder,
  type PlaceOrder,
  type RegisterKey,
  type RevokeKey,
} from '@plumb/model'
import type { StreamView } from './stream-view.ts'

const ALL = 4_294_967_295
const LARGEST = Number.MAX_SAFE_INTEGER
const zeros = (length: number) => new Uint8Array(length)

function address(number: number): Uint8Array {
  const bytes = zeros(20).fill(0xee)
  new DataView(bytes.buffer).setUint32(4, number)
  return bytes
}

export function registerKey(view: StreamView): RegisterKey {
  const { dice, profile } = view
  const nowS = Math.floor(view.timeMs / 1_000)
  const known = [...view.keys.values()]
  const again = known.length > 0 && dice.chance(5)
  const cap = Math.min(profile.depositMax * dice.pick([1, 10, 100]), 2 ** 48 - 1)
  const lifeS = dice.chance(30) ? dice.between(1, 60) : dice.between(60, 40_000)
  return {
    kind: 'RegisterKey',
    key: again ? dice.pick(known).key : dice.chance(1) ? zeros(20) : address(view.seq),
    owner: zeros(20).fill(dice.between(dice.chance(2) ? 0 : 1, profile.owners)),
    subaccount: dice.between(0, 1),
    allSubaccounts: dice.chance(60) ? 1 : 0,
    expiryS: dice.chance(3) ? nowS - 1 : nowS + 600 + lifeS,
    notionalQuote: cap,
    marketsLow: dice.chance(80) ? ALL : 1,
    marketsHigh: dice.chance(80) ? ALL : 0,
    maxPositionLots: dice.pick([LARGEST, 300, profile.sizeMax, Math.ceil(profile.sizeMax / 2)]),
    maxOrderNotionalQuote: dice.pick([LARGEST, LARGEST, profile.depositMax]),
  }
}

export function revokeKey(view: StreamView): RevokeKey {
  const { dice } = view
  const known = [...view.keys.values()]
  const key = known.length === 0 || dice.chance(3) ? address(1) : dice.pick(known).key
  const nowS = Math.floor(view.timeMs / 1_000)
  return { kind: 'RevokeKey', key, expiryS: dice.chance(5) ? ALL : nowS + 1_800 }
}

/** Lets one of the owner's keys sign an order, where the profile has keys. */
export function signByKey<C extends PlaceOrder | PlaceAdvancedOrder | AmendOrder>(
  view: StreamView,
  order: C,
): C {
  const { dice, profile } = view
  if (profile.keys === undefined || !dice.chance(profile.keys)) return order
  const account = view.accounts.find(({ accountId }) => accountId === order.accountId)
  const known = [...view.keys.values()].filter(({ isRevoked }) => !isRevoked || dice.chance(3))
  const own = known.filter(({ owner }) => owner === account?.owner)
  const fitting = own.filter(({ subaccount: s }) => s === undefined || s === account?.subaccount)
  const usable = fitting.length > 0 && dice.chance(95) ? fitting : own
  const among = usable.length > 0 && dice.chance(98) ? usable : known
  if (among.length === 0) return order
  const key = dice.pick(among)
  const expiryS = dice.chance(93) ? Math.min(order.expiryS, key.expiryS) : order.expiryS
  return { ...order, flags: order.flags | orderFlag.sessionKey, signer: key.key, expiryS }
}
