//! What a session key may do at the edge: everything that can be told without the engine (engine RULES 1.9).
import { notionalQuote } from '@plumb/model'
import { PlumbError, quoteToText } from '@plumb/protocol'
import type { ExchangeView } from '../view/exchange-view.ts'
import type { MarketView } from '../view/market-view.ts'
import type { SessionKeyView } from '../view/session-keys-view.ts'
import type { Session } from './bearer-tokens.ts'

const MS = 1_000

/** The session key of an owner as it stands. Throws UNKNOWN_SESSION_KEY, KEY_REVOKED or KEY_EXPIRED. */
export function requireKey(
  view: ExchangeView,
  owner: string,
  address: string,
  nowMs: number,
): SessionKeyView {
  const key = view.sessionKeys.get(address.toLowerCase())
  if (key === undefined || key.owner !== owner.toLowerCase())
    throw new PlumbError('UNKNOWN_SESSION_KEY', { field: 'signer' })
  if (key.isRevoked) throw new PlumbError('KEY_REVOKED', { field: 'signer' })
  if (key.expiryS * MS <= nowMs)
    throw new PlumbError('KEY_EXPIRED', { field: 'signer', limit: key.expiryS })
  return key
}

/** What an order asks of the key that signed it. */
type KeyedOrder = {
  market: MarketView
  subaccount: number
  priceTicks: number
  sizeLots: number
  expiryS: number
}

/** Throws with the limit of the key that the order passes. */
export function checkKeyOrder(key: SessionKeyView, order: KeyedOrder): void {
  const { definition } = order.market
  if (order.expiryS > key.expiryS)
    throw new PlumbError('KEY_EXPIRED', { field: 'expiry', limit: key.expiryS })
  requireSubaccount(key, order.subaccount)
  if (((key.markets >> BigInt(definition.market)) & 1n) === 0n)
    throw new PlumbError('KEY_MARKET', { field: 'market' })
  const most = key.maxOrderNotionalQuote
  if (notionalQuote(order.priceTicks, order.sizeLots, definition.quotePerTickLot) > most)
    throw new PlumbError('KEY_ORDER_NOTIONAL', { field: 'amount', limit: quoteToText(most) })
}

function requireSubaccount({ subaccount: own }: SessionKeyView, subaccount: number): void {
  if (own !== null && own !== subaccount)
    throw new PlumbError('KEY_SUBACCOUNT', { field: 'subaccount', limit: own })
}

/** Whether a session may act (cancel, set) for a subaccount: a key's only for those it trades. Throws if it may not. */
export function requireActing(
  view: ExchangeView,
  session: Session,
  subaccount: number,
  nowMs: number,
): void {
  if (session.key === null) return
  requireSubaccount(requireKey(view, session.account, session.key, nowMs), subaccount)
}
