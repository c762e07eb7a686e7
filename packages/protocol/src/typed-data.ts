//! The EIP-712 messages of Plumb as data: what a wallet shows and signs, and what contract and gateway hash.
import { type OrderKind, orderFlags, orderKind, side, timeInForce } from '@plumb/model'
import { textToE8 } from './decimal.ts'

export type TypedField = { name: string; type: string }

/** EIP-712 domain; `verifyingContract` is the settlement contract. */
export type TypedDomain = {
  name: 'Plumb'
  version: '1'
  chainId: number
  verifyingContract: string
}

/** The domain of one deployment: a signature counts on this chain and this contract only. */
export function typedDomain(chainId: number, contract: string): TypedDomain {
  return { name: 'Plumb', version: '1', chainId, verifyingContract: contract }
}

/** Fields of the domain, for signers that want `EIP712Domain` among the types. */
export const domainTypes = {
  EIP712Domain: [
    { name: 'name', type: 'string' },
    { name: 'version', type: 'string' },
    { name: 'chainId', type: 'uint256' },
    { name: 'verifyingContract', type: 'address' },
  ],
}

/** A signed order: price, size and trigger are the decimals × 1e8. */
export const orderTypes = {
  Order: [
    { name: 'market', type: 'uint32' },
    { name: 'subaccount', type: 'uint8' },
    { name: 'side', type: 'uint8' },
    { name: 'flags', type: 'uint8' },
    { name: 'kind', type: 'uint8' },
    { name: 'price', type: 'uint64' },
    { name: 'size', type: 'uint64' },
    { name: 'trigger', type: 'uint64' },
    { name: 'maxFee', type: 'uint16' },
    { name: 'lane', type: 'uint16' },
    { name: 'seq', type: 'uint32' },
    { name: 'expiry', type: 'uint32' },
  ],
}

/** A signed withdrawal to the signer's own address; amount in micro-USDC. */
export const withdrawTypes = {
  Withdraw: [
    { name: 'subaccount', type: 'uint8' },
    { name: 'amount', type: 'uint64' },
    { name: 'lane', type: 'uint16' },
    { name: 'seq', type: 'uint32' },
    { name: 'expiry', type: 'uint32' },
  ],
}

/** A signed transfer to another subaccount of the signer; amount in micro-USDC. */
export const transferTypes = {
  Transfer: [
    { name: 'subaccount', type: 'uint8' },
    { name: 'toSubaccount', type: 'uint8' },
    { name: 'amount', type: 'uint64' },
    { name: 'lane', type: 'uint16' },
    { name: 'seq', type: 'uint32' },
    { name: 'expiry', type: 'uint32' },
  ],
}

/** A signed gift to a market's insurance tranche; amount in micro-USDC. */
export const fundInsuranceTypes = {
  FundInsurance: [
    { name: 'subaccount', type: 'uint8' },
    { name: 'market', type: 'uint8' },
    { name: 'amount', type: 'uint64' },
    { name: 'lane', type: 'uint16' },
    { name: 'seq', type: 'uint32' },
    { name: 'expiry', type: 'uint32' },
  ],
}

/** A login: answers with a bearer token. Times in milliseconds. Never seen by the contract. */
export const loginTypes = {
  Login: [
    { name: 'account', type: 'address' },
    { name: 'issuedAt', type: 'uint64' },
    { name: 'expiresAt', type: 'uint64' },
  ],
}

/** A session key's terms, signed by owner and key alike; the contract's `SessionKey`. */
export const sessionKeyTypes = {
  SessionKey: [
    { name: 'owner', type: 'address' },
    { name: 'key', type: 'address' },
    { name: 'subaccount', type: 'uint8' },
    { name: 'allSubaccounts', type: 'bool' },
    { name: 'expiry', type: 'uint32' },
    { name: 'notional', type: 'uint64' },
    { name: 'markets', type: 'uint64' },
    { name: 'maxPosition', type: 'uint64' },
    { name: 'maxOrderNotional', type: 'uint64' },
  ],
}

/** A publisher's prices of one page of markets: `prices` is the packed big-endian u32 ticks. */
export const pricesTypes = {
  Prices: [
    { name: 'page', type: 'uint8' },
    { name: 'timestampMs', type: 'uint64' },
    { name: 'prices', type: 'bytes' },
  ],
}

/** Typed data ready for any signer: `signTypedData(domain, types, message)`. Wide integers are decimal strings. */
export type TypedData<M = Record<string, string | number | boolean>> = {
  domain: TypedDomain
  types: Record<string, TypedField[]>
  primaryType: string
  message: M
}

export type OrderMessage = {
  market: number
  subaccount: number
  side: number
  flags: number
  kind: number
  price: string
  size: string
  trigger: string
  maxFee: number
  lane: number
  seq: number
  expiry: number
}

/** The signed content of an order in the words of the API. */
export type SignedOrderContent = {
  subaccount: number
  side: 'buy' | 'sell'
  price: string
  amount: string
  timeInForce: 'GTC' | 'IOC' | 'FOK'
  postOnly: boolean
  reduceOnly: boolean
  /** Address of the session key that signs; undefined: the owner does. */
  signer?: string | undefined
  maxFee: number
  lane: number
  seq: number
  expiry: number
  style?: 'slide' | 'peg' | 'trailing' | 'twap' | 'iceberg' | 'scale' | undefined
  triggerKind?: 'stop' | 'take_profit' | undefined
  triggerPrice?: string | undefined
  triggerBy?: 'mark' | 'index' | 'last' | undefined
}

const repricingStyles: ReadonlySet<string | undefined> = new Set(['slide', 'peg', 'scale'])

/**
 * The kind an order is signed as: a trigger on mark is in the signature and checked on-chain; a price that the engine may
 * move within the limit is kind 3; everything else is a limit order to the contract.
 */
export function signedKindOf(
  order: Pick<SignedOrderContent, 'style' | 'triggerKind' | 'triggerBy'>,
): OrderKind {
  if (repricingStyles.has(order.style)) return orderKind.repricing
  if (order.triggerKind === undefined || order.style === 'trailing') return orderKind.limit
  if ((order.triggerBy ?? 'mark') !== 'mark') return orderKind.limit
  return order.triggerKind === 'stop' ? orderKind.stop : orderKind.takeProfit
}

const timeInForceNumber = { GTC: timeInForce.gtc, IOC: timeInForce.ioc, FOK: timeInForce.fok }

/** Number of a time in force word. */
export function timeInForceOfWord(word: 'GTC' | 'IOC' | 'FOK'): 0 | 1 | 2 {
  return timeInForceNumber[word]
}

/** An order of the API as the message that is signed; `market` is the market's index. */
export function orderMessage(order: SignedOrderContent, market: number): OrderMessage {
  return {
    market,
    subaccount: order.subaccount,
    side: order.side === 'buy' ? side.buy : side.sell,
    flags: orderFlags({
      timeInForce: timeInForceNumber[order.timeInForce],
      postOnly: order.postOnly,
      reduceOnly: order.reduceOnly,
      sessionKey: order.signer !== undefined,
    }),
    kind: signedKindOf(order),
    price: textToE8(order.price),
    size: textToE8(order.amount),
    trigger: isTriggerSigned(order) ? textToE8(order.triggerPrice ?? '0') : '0',
    maxFee: order.maxFee,
    lane: order.lane,
    seq: order.seq,
    expiry: order.expiry,
  }
}

function isTriggerSigned(order: SignedOrderContent): boolean {
  const kind = signedKindOf(order)
  return kind === orderKind.stop || kind === orderKind.takeProfit
}

/** Typed data of an order. */
export function orderTypedData(
  domain: TypedDomain,
  order: SignedOrderContent,
  market: number,
): TypedData<OrderMessage> {
  const message = orderMessage(order, market)
  return { domain, types: orderTypes, primaryType: 'Order', message }
}

type SignedAmount = {
  subaccount: number
  amount: string
  lane: number
  seq: number
  expiry: number
}

/** USDC text as micro-USDC digits: USDC has 6 decimals and the text 8 at most, so two digits fall off and must be zeros. */
function microText(text: string): string {
  const e8 = textToE8(text)
  if (!/^(?:0|\d*00)$/.test(e8)) throw new RangeError(`finer than micro-USDC: ${text}`)
  return e8 === '0' ? '0' : e8.slice(0, -2)
}

/** Typed data of a withdrawal; `amount` is USDC text. */
export function withdrawTypedData(domain: TypedDomain, request: SignedAmount): TypedData {
  const { subaccount, lane, seq, expiry } = request
  const message = { subaccount, amount: microText(request.amount), lane, seq, expiry }
  return { domain, types: withdrawTypes, primaryType: 'Withdraw', message }
}

/** Typed data of a transfer to another subaccount of the signer; `amount` is USDC text. */
export function transferTypedData(
  domain: TypedDomain,
  request: SignedAmount & { toSubaccount: number },
): TypedData {
  const { subaccount, toSubaccount, lane, seq, expiry } = request
  const message = { subaccount, toSubaccount, amount: microText(request.amount), lane, seq, expiry }
  return { domain, types: transferTypes, primaryType: 'Transfer', message }
}

/** Typed data of a login. */
export function loginTypedData(
  domain: TypedDomain,
  login: { account: string; issuedAt: number; expiresAt: number },
): TypedData {
  const { account, issuedAt, expiresAt } = login
  const message = { account, issuedAt: String(issuedAt), expiresAt: String(expiresAt) }
  return { domain, types: loginTypes, primaryType: 'Login', message }
}

/** A session key's terms: amounts micro-USDC, positions lots, `markets` a map of market numbers (bit m: market m). */
export type SessionKeyTerms = {
  owner: string
  key: string
  subaccount: number
  allSubaccounts: boolean
  /** Unix second, at most 35 days ahead. */
  expiry: number
  /** What its orders may fill in all, at their own limit prices; below 2^48. */
  notional: bigint
  markets: bigint
  maxPosition: bigint
  maxOrderNotional: bigint
}

/** Typed data of a session key's registration; owner and key sign the same. */
export function sessionKeyTypedData(domain: TypedDomain, terms: SessionKeyTerms): TypedData {
  const { notional, markets, maxPosition, maxOrderNotional, ...rest } = terms
  const message = {
    ...rest,
    notional: String(notional),
    markets: String(markets),
    maxPosition: String(maxPosition),
    maxOrderNotional: String(maxOrderNotional),
  }
  return { domain, types: sessionKeyTypes, primaryType: 'SessionKey', message }
}
