//! Every public error code: what HTTP says, what it means. A code never changes meaning.
import type { RejectName } from '@plumb/model'

export type ErrorEntry = { readonly http: number; readonly doc: string }

/** Codes the engine gives (model's reject codes); every one of them is journaled as a rejected command. */
const engineErrors = {
  UNKNOWN_ACCOUNT: {
    http: 404,
    doc: 'No funded account of this owner and subaccount: deposit first.',
  },
  UNKNOWN_MARKET: { http: 404, doc: 'No such market.' },
  INVALID_TICK: { http: 422, doc: 'The price is not a positive multiple of the tick (`limit`).' },
  INVALID_STEP: { http: 422, doc: 'The amount is not a positive multiple of the step (`limit`).' },
  MAX_SIZE: { http: 422, doc: 'The amount is above the largest order of the market (`limit`).' },
  MIN_NOTIONAL: { http: 422, doc: 'Price times amount is below the market minimum (`limit`).' },
  MAX_NOTIONAL: { http: 422, doc: 'Price times amount is above the maximum (`limit`).' },
  UNSUPPORTED: { http: 400, doc: 'A valid request for something this version does not offer.' },
  SIGNATURE_EXPIRED: {
    http: 400,
    doc: 'The signed expiry leaves less than the settlement lag to match in (`limit`: least expiry).',
  },
  NONCE_USED: { http: 400, doc: 'The lane has already seen this sequence number or a higher one.' },
  LANE_BUSY: {
    http: 409,
    doc: 'The lane holds a live order: amend it, cancel it or use another lane.',
  },
  INVALID_LANE: { http: 400, doc: 'Lanes run from 0 to `limit`.' },
  FEE_ABOVE_MAX: { http: 422, doc: 'The signed maxFee is below the fee of the market (`limit`).' },
  DUPLICATE_CLIENT_ORDER_ID: { http: 409, doc: 'The client order id belongs to another order.' },
  ORDER_NOT_FOUND: { http: 404, doc: 'Unknown order, or already filled or canceled.' },
  INVALID_AMEND: { http: 422, doc: 'Market, side or lane differ from the order being amended.' },
  DEPOSIT_GAP: { http: 409, doc: 'Deposit ids must be contiguous.' },
  DEPOSIT_REPEATED: { http: 409, doc: 'The deposit is already credited.' },
  INVALID_PARAMETER: { http: 400, doc: 'A field is outside its range.' },
  NOTHING_TO_CONFIRM: { http: 409, doc: 'The batch confirms nothing new.' },
  STALE_PRICE_MESSAGE: { http: 409, doc: 'The publisher has sent a newer price message.' },
  UNKNOWN_PUBLISHER: { http: 409, doc: 'The publisher is not registered.' },
  LINK_NOT_FOUND: {
    http: 422,
    doc: 'The order named by lane and sequence number is not there to be linked to.',
  },
  UNKNOWN_SESSION_KEY: {
    http: 401,
    doc: 'No session key of this account: not registered on-chain, not final yet, or over.',
  },
  KEY_EXPIRED: {
    http: 422,
    doc: 'The order expires after the session key that signed it does (`limit`: unix seconds).',
  },
  KEY_REVOKED: { http: 403, doc: 'The session key is revoked.' },
  KEY_SUBACCOUNT: { http: 403, doc: 'The session key trades another subaccount (`limit`).' },
  KEY_MARKET: { http: 403, doc: 'The session key may not trade this market.' },
  KEY_USED: { http: 409, doc: 'The session key is registered already.' },
  KEY_ORDER_NOTIONAL: {
    http: 422,
    doc: 'Price times amount is above what the session key may sign in one order (`limit`).',
  },
  KEY_NOTIONAL: {
    http: 422,
    doc: 'Price times amount is above what is left of the notional of the session key (`limit`).',
  },
  KEY_POSITION: {
    http: 422,
    doc: 'The order could grow the position beyond the limit of the session key (`limit`).',
  },
  NOTICE_GAP: { http: 409, doc: 'Notices of the contract must be contiguous.' },
  NOTICE_REPEATED: { http: 409, doc: 'The notice of the contract is followed already.' },
  INSUFFICIENT_MARGIN: { http: 422, doc: 'Initial margin of the order exceeds free equity.' },
  INSUFFICIENT_BALANCE: { http: 422, doc: 'The amount exceeds what may be withdrawn.' },
  POSITION_LIMIT: {
    http: 422,
    doc: 'The position could exceed the limit of the market (`limit`).',
  },
  PRICE_BAND: { http: 422, doc: 'The price is too far from the mark price (`limit`).' },
  REDUCE_ONLY: { http: 422, doc: 'A reduce-only order must reduce a position.' },
  OPEN_ORDERS_LIMIT: { http: 422, doc: 'Too many open orders (`limit`).' },
  WITHDRAWALS_PAUSED: {
    http: 503,
    doc: 'Withdrawals are paused until books, ledger and chain agree.',
  },
  NO_MARK_PRICE: { http: 409, doc: 'The market has no mark price yet.' },
  OPEN_INTEREST_LIMIT: { http: 422, doc: 'The market is at its open interest limit (`limit`).' },
  ISOLATED_MARKET: { http: 422, doc: 'The account is isolated to another market.' },
  BACKSTOP_LOCKED: {
    http: 422,
    doc: "The backstop's accounts pay out by a request on-chain only.",
  },
  ASKED_ON_CHAIN: {
    http: 409,
    doc: 'What the account has asked for on-chain comes first: until it is done or taken back there, no payment by signature, and no order in a market whose position is to be reduced.',
  },
  POST_ONLY_WOULD_CROSS: { http: 422, doc: 'The post-only order would take liquidity.' },
  NOT_FILLABLE: { http: 422, doc: 'The immediate order found nothing (IOC) or not enough (FOK).' },
  SELF_TRADE: { http: 422, doc: 'The order would trade with an order of the same owner.' },
  MARKET_HALTED: { http: 409, doc: 'The market is halted.' },
  CANCEL_ONLY: { http: 409, doc: 'The market accepts cancels only.' },
  CLOSE_ONLY: { http: 409, doc: 'The market accepts only orders that reduce.' },
  POST_ONLY_STATE: { http: 409, doc: 'The market accepts only post-only orders and cancels.' },
  CAPACITY: { http: 503, doc: 'The exchange is at a capacity limit (`limit`).' },
  SETTLEMENT_LAG: {
    http: 503,
    doc: 'Settlement is too far behind: orders that may take, withdrawals and transfers wait until it has caught up.',
  },
  THROTTLED: {
    http: 503,
    doc: 'Settlement is behind: orders below `limit`, then all that may take, are held back.',
  },
  ALREADY_INITIALISED: { http: 409, doc: 'The exchange is already open.' },
} as const satisfies Record<RejectName, ErrorEntry>

/** Codes the edge gives before anything is sequenced. */
const edgeErrors = {
  BAD_REQUEST: {
    http: 400,
    doc: 'Malformed: unknown or wrong `field`; `limit` where one was passed.',
  },
  MISSING_FIELD: { http: 400, doc: 'The required `field` is missing.' },
  BAD_SIGNATURE: {
    http: 401,
    doc: 'The signature is invalid or was not made by the named account.',
  },
  UNKNOWN_KEY: { http: 401, doc: 'No bearer token, or one that this exchange did not issue.' },
  TOKEN_EXPIRED: { http: 401, doc: 'The token has expired: sign in again.' },
  KEY_FORBIDDEN: { http: 403, doc: 'The token does not cover this account or action.' },
  NOT_FOUND: { http: 404, doc: 'No such route or object.' },
  METHOD_NOT_ALLOWED: { http: 405, doc: 'The route exists, the method does not.' },
  PAYLOAD_TOO_LARGE: { http: 413, doc: 'The body or message is larger than `limit` bytes.' },
  UNSUPPORTED_MEDIA_TYPE: { http: 415, doc: 'Bodies are application/json.' },
  RATE_LIMITED: { http: 429, doc: 'Too many requests: wait `retryAfter` ms.' },
  CLOCK_SKEW: {
    http: 400,
    doc: 'The signed time is too far from the exchange clock (`limit` ms).',
  },
  LEVERAGE_UNCHANGED: { http: 409, doc: 'The leverage is `limit` already.' },
  MARGIN_MODE_UNCHANGED: { http: 409, doc: 'The subaccount has this margin mode already.' },
  MAINTENANCE: { http: 503, doc: 'The exchange is not taking requests.' },
  OVERLOADED: { http: 503, doc: 'Not sequenced for lack of capacity: try again.' },
  UNAVAILABLE: {
    http: 503,
    doc: 'A service behind the gateway is not connected; nothing was sent.',
  },
  HISTORY_UNAVAILABLE: {
    http: 503,
    doc: 'History needs the ledger database, which is not reachable.',
  },
  RISK_UNAVAILABLE: {
    http: 503,
    doc: 'Risk reads need the margin service, which is not reachable.',
  },
  INTERNAL: { http: 500, doc: 'A fault of the exchange.' },
  TIMEOUT: { http: 504, doc: 'The outcome is unknown: ask by clientOrderId before repeating.' },
  UNKNOWN_CHANNEL: { http: 404, doc: 'No such stream channel.' },
  SUBSCRIPTION_LIMIT: { http: 429, doc: 'Too many subscriptions on one connection (`limit`).' },
  SEQ_GAP: { http: 409, doc: 'The stream has a gap: subscribe again.' },
  RESUME_TOO_OLD: {
    http: 409,
    doc: 'The missed events are no longer buffered: take the snapshot.',
  },
} as const satisfies Record<string, ErrorEntry>

/** Code -> HTTP status and meaning. */
export const errorTable = { ...engineErrors, ...edgeErrors } as const
export type ErrorCode = keyof typeof errorTable

/** HTTP status of a code; 500 for text that is no code (a bug). */
export function httpStatusOf(code: string): number {
  return isErrorCode(code) ? errorTable[code].http : 500
}

/** Whether a text is a public error code. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code)
}

/** What every failing answer carries, on REST as `{error}` and on the stream beside the request's id. */
export type ErrorBody = {
  code: ErrorCode
  message: string
  /** Dotted path of the offending field. */
  field?: string
  /** The limit that was passed, as text or number, in the field's own spelling. */
  limit?: string | number
  /** Milliseconds to wait. */
  retryAfter?: number
  requestId?: string
}

/** An expected failure on its way to the client. `message` is for people and may change. */
export class PlumbError extends Error {
  override readonly name = 'PlumbError'
  readonly code: ErrorCode
  readonly field: string | undefined
  readonly limit: string | number | undefined
  readonly retryAfter: number | undefined

  constructor(
    code: ErrorCode,
    detail: { message?: string; field?: string; limit?: string | number; retryAfter?: number } = {},
  ) {
    super(detail.message ?? errorTable[code].doc)
    this.code = code
    this.field = detail.field
    this.limit = detail.limit
    this.retryAfter = detail.retryAfter
  }

  /** The wire form. */
  body(requestId?: string): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.field === undefined ? {} : { field: this.field }),
      ...(this.limit === undefined ? {} : { limit: this.limit }),
      ...(this.retryAfter === undefined ? {} : { retryAfter: this.retryAfter }),
      ...(requestId === undefined ? {} : { requestId }),
    }
  }
}
