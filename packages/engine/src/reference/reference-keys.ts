//! Session keys in the reference engine (RULES.md 1.9).
import {
  type AmendOrder,
  closeReason,
  orderFlag,
  type PlaceAdvancedOrder,
  type PlaceOrder,
  type RegisterKey,
  type RevokeKey,
} from '@plumb/model'
import { closeMany } from './reference-close.ts'
import { abs } from './reference-math.ts'
import {
  accountOf,
  type Emit,
  filledOf,
  heldBy,
  INVALID,
  isReduceOnly,
  marketOf,
  type ReferenceAccount,
  type ReferenceKey,
  type ReferenceMarket,
  type ReferenceOrder,
  type ReferenceState,
  type Refusal,
  refuse,
} from './reference-state.ts'

type Request = PlaceOrder | AmendOrder | PlaceAdvancedOrder

const hex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')

const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0)
const isAmount = (value: number) => Number.isSafeInteger(value) && value >= 0

export function registerKey(s: ReferenceState, c: RegisterKey, emit: Emit): Refusal | undefined {
  const valid =
    [c.notionalQuote, c.maxPositionLots, c.maxOrderNotionalQuote].every(isAmount) &&
    c.notionalQuote < 2 ** 48 &&
    c.subaccount >= 0 &&
    c.subaccount < 256 &&
    [0, 1].includes(c.allSubaccounts) &&
    !isZero(c.key) &&
    !isZero(c.owner) &&
    hex(c.key) !== hex(c.owner)
  if (!valid) return INVALID
  if (s.keys.has(hex(c.key))) return refuse('KEY_USED')
  if (c.expiryS * 1_000 <= s.timeMs) return refuse('KEY_EXPIRED')
  if (s.keys.size === s.limits.sessionKeys) return refuse('CAPACITY')
  const { kind: _, ...terms } = c
  s.keys.set(hex(c.key), {
    ...terms,
    markets: (BigInt(c.marketsHigh) << 32n) | BigInt(c.marketsLow),
    registeredExpiryS: c.expiryS,
    isRevoked: false,
    left: BigInt(c.notionalQuote),
  })
  emit({ ...c, kind: 'KeyRegistered' })
  return undefined
}

export function revokeKey(s: ReferenceState, c: RevokeKey, emit: Emit): Refusal | undefined {
  const key = s.keys.get(hex(c.key))
  if (key === undefined) return refuse('UNKNOWN_SESSION_KEY')
  if (key.isRevoked) return refuse('KEY_REVOKED')
  key.isRevoked = true
  key.expiryS = Math.min(key.expiryS, c.expiryS)
  emit({ kind: 'KeyRevoked', key: c.key, owner: key.owner, expiryS: key.expiryS })
  const signed = [...s.orders.values()].filter((order) => order.key === hex(c.key))
  closeMany(s, signed, closeReason.keyRevoked, emit)
  return undefined
}

/** At a tick: what the chain will never ask of again is forgotten. */
export function forgetKeys(s: ReferenceState): void {
  const now = Math.floor(s.timeMs / 1_000)
  for (const [address, key] of s.keys) if (key.registeredExpiryS < now) s.keys.delete(address)
}

/** Address of the session key that signed a request, '' if its owner did. */
export const signingKey = (c: Request): string =>
  (c.flags & orderFlag.sessionKey) === 0 ? '' : hex(c.signer)

const notionalOf = (market: ReferenceMarket, price: number, lots: number): bigint =>
  BigInt(price) * BigInt(lots) * BigInt(market.quotePerTickLot)

/** What an order keeps of its key's notional: all that it may still fill, at its limit price. */
const reservedBy = (s: ReferenceState, order: ReferenceOrder): bigint =>
  notionalOf(marketOf(s, order.market), order.limit, order.keyLots - filledOf(order))

/** `replaced`: the order that an amend takes the place of. */
export function checkKey(
  s: ReferenceState,
  account: ReferenceAccount,
  c: Request,
  replaced?: ReferenceOrder,
): Refusal | undefined {
  const address = signingKey(c)
  if (address === '') return undefined
  const key = s.keys.get(address)
  if (key === undefined || hex(key.owner) !== hex(account.owner))
    return refuse('UNKNOWN_SESSION_KEY')
  if (key.isRevoked) return refuse('KEY_REVOKED')
  if (c.expiryS > key.expiryS) return refuse('KEY_EXPIRED', key.expiryS)
  if (key.allSubaccounts === 0 && key.subaccount !== account.subaccount)
    return refuse('KEY_SUBACCOUNT', key.subaccount)
  if (((key.markets >> BigInt(c.market)) & 1n) === 0n) return refuse('KEY_MARKET')
  const notional = notionalOf(marketOf(s, c.market), c.priceTicks, c.sizeLots)
  if (notional > BigInt(key.maxOrderNotionalQuote))
    return refuse('KEY_ORDER_NOTIONAL', key.maxOrderNotionalQuote)
  const given = replaced?.key === address ? reservedBy(s, replaced) : 0n
  const left = key.left + given
  return notional > left ? refuse('KEY_NOTIONAL', Number(left)) : undefined
}

/** Whether a position may go from `held` to `after` lots by an order that the key signed. */
function mayHold(key: ReferenceKey, held: bigint, after: bigint): boolean {
  const isWithin = held >= 0n ? after >= 0n && after <= held : after <= 0n && after >= held
  return isWithin || abs(after) <= BigInt(key.maxPositionLots)
}

const signed = (side: 0 | 1, lots: number) => (side === 0 ? BigInt(lots) : -BigInt(lots))

/** All of a request at once, as far as it may grow a position. */
export function checkKeyPosition(
  s: ReferenceState,
  account: ReferenceAccount,
  c: Request,
): Refusal | undefined {
  const key = s.keys.get(signingKey(c))
  if (key === undefined || isReduceOnly(c)) return undefined
  const held = heldBy(account, c.market)
  return mayHold(key, held, held + signed(c.side, c.sizeLots))
    ? undefined
    : refuse('KEY_POSITION', key.maxPositionLots)
}

/** A fill of a live order. */
export function keyAdmits(s: ReferenceState, order: ReferenceOrder, lots: number): boolean {
  const key = s.keys.get(order.key)
  if (key === undefined) return true
  const held = heldBy(accountOf(s, order.accountId)!, order.market)
  return mayHold(key, held, held + signed(order.side, lots))
}

/** The order lives under what was signed. */
export function bindKey(s: ReferenceState, order: ReferenceOrder, c: Request): void {
  order.key = signingKey(c)
  order.keyLots = order.key === '' ? 0 : c.sizeLots
  const key = s.keys.get(order.key)
  if (key !== undefined) key.left -= reservedBy(s, order)
}
