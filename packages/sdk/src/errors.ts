//! What can go wrong, as classes a program can decide on. The code is the contract, the text may change.

/** The exchange's own words about a failure. */
export type ErrorDetail = {
  code: string
  message: string
  field?: string
  /** The limit that was passed, as text or number. */
  limit?: string | number
  /** Milliseconds to wait before trying again. */
  retryAfter?: number
  requestId?: string
}

/** Base of everything the sdk throws on purpose. */
export class PlumbError extends Error {
  override name = 'PlumbError'
  readonly code: string
  readonly field: string | undefined
  readonly limit: string | number | undefined
  readonly retryAfterMs: number | undefined
  readonly requestId: string | undefined
  /** Whether the same request may succeed later without a change. */
  readonly retryable: boolean = false

  constructor(detail: ErrorDetail, options?: ErrorOptions) {
    super(detail.message, options)
    this.code = detail.code
    this.field = detail.field
    this.limit = detail.limit
    this.retryAfterMs = detail.retryAfter
    this.requestId = detail.requestId
  }
}

/** Malformed, unknown field, wrong type: a bug of the caller. */
export class BadRequestError extends PlumbError {
  override name = 'BadRequestError'
}
/** A required field is missing. */
export class MissingFieldError extends BadRequestError {
  override name = 'MissingFieldError'
}
/** Valid, but not offered by this version. */
export class UnsupportedError extends PlumbError {
  override name = 'UnsupportedError'
}
/** No such market. */
export class UnknownMarketError extends PlumbError {
  override name = 'UnknownMarketError'
}
/** No such route or object. */
export class NotFoundError extends PlumbError {
  override name = 'NotFoundError'
}
/** The account never had a credited deposit. */
export class UnknownAccountError extends PlumbError {
  override name = 'UnknownAccountError'
}
/** Wrong signature or token. */
export class AuthenticationError extends PlumbError {
  override name = 'AuthenticationError'
}
/** The key or token does not cover this. */
export class PermissionDeniedError extends PlumbError {
  override name = 'PermissionDeniedError'
}
/** Margin or balance is too small. */
export class InsufficientFundsError extends PlumbError {
  override name = 'InsufficientFundsError'
}
/** A tick, step, size, band, limit or flag of the order is not acceptable. */
export class InvalidOrderError extends PlumbError {
  override name = 'InvalidOrderError'
}
/** A post-only order would have taken. */
export class PostOnlyWouldCrossError extends PlumbError {
  override name = 'PostOnlyWouldCrossError'
}
/** An IOC or FOK order found nothing, or not enough. */
export class NotFillableError extends PlumbError {
  override name = 'NotFillableError'
}
/** Unknown, filled or canceled. */
export class OrderNotFoundError extends PlumbError {
  override name = 'OrderNotFoundError'
}
/** The client order id belongs to an order with other terms. */
export class DuplicateClientOrderIdError extends PlumbError {
  override name = 'DuplicateClientOrderIdError'
}
/** The account is set like this already. */
export class UnchangedError extends PlumbError {
  override name = 'UnchangedError'
}
/** The market or the system does not accept this now. */
export class MarketClosedError extends PlumbError {
  override name = 'MarketClosedError'
}
/** Too fast: wait `retryAfterMs`. */
export class RateLimitedError extends PlumbError {
  override name = 'RateLimitedError'
  override readonly retryable = true
}
/** Sequence number used, lane busy, signature expired, clock off: sign anew and repeat. */
export class ReplayProtectionError extends PlumbError {
  override name = 'ReplayProtectionError'
  override readonly retryable = true
}
/** Planned pause. */
export class MaintenanceError extends PlumbError {
  override name = 'MaintenanceError'
  override readonly retryable = true
}
/** Overloaded, a service down, an internal fault: nothing was sequenced. */
export class ExchangeUnavailableError extends PlumbError {
  override name = 'ExchangeUnavailableError'
  override readonly retryable = true
}
/** It was not sent, or not whole and in time: the exchange did nothing. */
export class NotConnectedError extends ExchangeUnavailableError {
  override name = 'NotConnectedError'
}
/** It was sent and no answer came: it may have been accepted. Ask by client order id before repeating. */
export class OutcomeUnknownError extends PlumbError {
  override name = 'OutcomeUnknownError'
}
/** A stream lost events and could not be resumed. */
export class StreamGapError extends PlumbError {
  override name = 'StreamGapError'
  override readonly retryable = true
}

type ErrorClass = new (detail: ErrorDetail, options?: ErrorOptions) => PlumbError

const classes: readonly (readonly [ErrorClass, string])[] = [
  [
    BadRequestError,
    'BAD_REQUEST METHOD_NOT_ALLOWED PAYLOAD_TOO_LARGE UNSUPPORTED_MEDIA_TYPE INVALID_PARAMETER UNKNOWN_CHANNEL',
  ],
  [MissingFieldError, 'MISSING_FIELD'],
  [UnsupportedError, 'UNSUPPORTED'],
  [UnknownMarketError, 'UNKNOWN_MARKET'],
  [NotFoundError, 'NOT_FOUND'],
  [UnknownAccountError, 'UNKNOWN_ACCOUNT'],
  [AuthenticationError, 'BAD_SIGNATURE UNKNOWN_KEY UNKNOWN_SESSION_KEY TOKEN_EXPIRED'],
  [
    PermissionDeniedError,
    'KEY_FORBIDDEN ACCOUNT_SUSPENDED BACKSTOP_LOCKED ASKED_ON_CHAIN KEY_REVOKED KEY_SUBACCOUNT KEY_MARKET',
  ],
  [InsufficientFundsError, 'INSUFFICIENT_MARGIN INSUFFICIENT_BALANCE'],
  [
    InvalidOrderError,
    'INVALID_TICK INVALID_STEP MIN_NOTIONAL MAX_NOTIONAL MAX_SIZE PRICE_BAND POSITION_LIMIT REDUCE_ONLY SELF_TRADE INVALID_LANE FEE_ABOVE_MAX INVALID_AMEND OPEN_ORDERS_LIMIT OPEN_INTEREST_LIMIT LINK_NOT_FOUND ISOLATED_MARKET KEY_ORDER_NOTIONAL KEY_NOTIONAL KEY_POSITION KEY_EXPIRED',
  ],
  [PostOnlyWouldCrossError, 'POST_ONLY_WOULD_CROSS'],
  [NotFillableError, 'NOT_FILLABLE'],
  [OrderNotFoundError, 'ORDER_NOT_FOUND'],
  [DuplicateClientOrderIdError, 'DUPLICATE_CLIENT_ORDER_ID'],
  [UnchangedError, 'LEVERAGE_UNCHANGED MARGIN_MODE_UNCHANGED'],
  [
    MarketClosedError,
    'MARKET_HALTED CANCEL_ONLY CLOSE_ONLY POST_ONLY_STATE NO_MARK_PRICE WITHDRAWALS_PAUSED',
  ],
  [RateLimitedError, 'RATE_LIMITED SUBSCRIPTION_LIMIT'],
  [ReplayProtectionError, 'NONCE_USED LANE_BUSY SIGNATURE_EXPIRED CLOCK_SKEW'],
  [MaintenanceError, 'MAINTENANCE'],
  [
    ExchangeUnavailableError,
    'OVERLOADED UNAVAILABLE INTERNAL HISTORY_UNAVAILABLE RISK_UNAVAILABLE CAPACITY SETTLEMENT_LAG THROTTLED',
  ],
  [OutcomeUnknownError, 'TIMEOUT'],
  [StreamGapError, 'SEQ_GAP RESUME_TOO_OLD'],
]

const classOf = new Map(
  classes.flatMap(([type, codes]) => codes.split(' ').map((code) => [code, type] as const)),
)

/** Codes that have a class of their own kind; others become a plain `PlumbError`. */
export const knownErrorCodes: readonly string[] = [...classOf.keys()]

/** The error object for what the exchange answered. Unknown codes become a plain `PlumbError`. */
export function errorFrom(detail: ErrorDetail): PlumbError {
  const type = classOf.get(detail.code) ?? PlumbError
  return new type(detail)
}

/** The `{error}` of an answer, if there is one in the agreed shape. */
export function errorDetailOf(body: unknown): ErrorDetail | undefined {
  if (typeof body !== 'object' || body === null || !('error' in body)) return undefined
  const { error } = body
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  if (typeof error.code !== 'string') return undefined
  const message = 'message' in error && typeof error.message === 'string' ? error.message : ''
  return { ...error, code: error.code, message: message || error.code }
}
