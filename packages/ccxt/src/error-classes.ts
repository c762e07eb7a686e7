//! Which ccxt class a code of the exchange becomes. The class decides whether a bot tries again.
import type { Ccxt } from './ccxt-module.ts'

/** ccxt's error classes by the codes they stand for. `OperationFailed` and what extends it is retried by bots. */
const codesOf = [
  [
    'BadRequest',
    'BAD_REQUEST METHOD_NOT_ALLOWED PAYLOAD_TOO_LARGE UNSUPPORTED_MEDIA_TYPE INVALID_PARAMETER UNKNOWN_CHANNEL NOT_FOUND DEPOSIT_GAP DEPOSIT_REPEATED NOTICE_GAP NOTICE_REPEATED',
  ],
  ['ArgumentsRequired', 'MISSING_FIELD'],
  ['NotSupported', 'UNSUPPORTED'],
  ['BadSymbol', 'UNKNOWN_MARKET'],
  ['AuthenticationError', 'BAD_SIGNATURE UNKNOWN_KEY UNKNOWN_SESSION_KEY TOKEN_EXPIRED'],
  ['PermissionDenied', 'KEY_FORBIDDEN BACKSTOP_LOCKED KEY_REVOKED KEY_SUBACCOUNT KEY_MARKET'],
  ['AccountSuspended', 'ACCOUNT_SUSPENDED'],
  ['AccountNotEnabled', 'UNKNOWN_ACCOUNT'],
  ['RestrictedLocation', 'RESTRICTED_LOCATION'],
  ['InsufficientFunds', 'INSUFFICIENT_MARGIN INSUFFICIENT_BALANCE'],
  [
    'InvalidOrder',
    'INVALID_TICK INVALID_STEP MIN_NOTIONAL MAX_NOTIONAL MAX_SIZE PRICE_BAND POSITION_LIMIT REDUCE_ONLY SELF_TRADE INVALID_LANE FEE_ABOVE_MAX INVALID_AMEND OPEN_ORDERS_LIMIT OPEN_INTEREST_LIMIT LINK_NOT_FOUND ISOLATED_MARKET KEY_ORDER_NOTIONAL KEY_NOTIONAL KEY_POSITION KEY_EXPIRED',
  ],
  ['OrderImmediatelyFillable', 'POST_ONLY_WOULD_CROSS'],
  ['OrderNotFillable', 'NOT_FILLABLE'],
  ['OrderNotFound', 'ORDER_NOT_FOUND'],
  ['DuplicateOrderId', 'DUPLICATE_CLIENT_ORDER_ID'],
  ['NoChange', 'LEVERAGE_UNCHANGED'],
  ['MarginModeAlreadySet', 'MARGIN_MODE_UNCHANGED'],
  ['MarketClosed', 'MARKET_HALTED'],
  [
    'OperationRejected',
    'CANCEL_ONLY CLOSE_ONLY POST_ONLY_STATE NO_MARK_PRICE ASKED_ON_CHAIN ALREADY_INITIALISED NOTHING_TO_CONFIRM STALE_PRICE_MESSAGE UNKNOWN_PUBLISHER KEY_USED',
  ],
  ['RateLimitExceeded', 'RATE_LIMITED SUBSCRIPTION_LIMIT'],
  ['InvalidNonce', 'NONCE_USED LANE_BUSY SIGNATURE_EXPIRED CLOCK_SKEW'],
  ['OnMaintenance', 'MAINTENANCE WITHDRAWALS_PAUSED'],
  [
    'ExchangeNotAvailable',
    'OVERLOADED INTERNAL UNAVAILABLE HISTORY_UNAVAILABLE RISK_UNAVAILABLE CAPACITY SETTLEMENT_LAG THROTTLED',
  ],
  ['RequestTimeout', 'TIMEOUT'],
  ['ChecksumError', 'SEQ_GAP RESUME_TOO_OLD'],
] as const satisfies readonly (readonly [keyof Ccxt, string])[]

/** Code -> name of the ccxt class; a code that is not here becomes an `ExchangeError`. */
export const errorClassNames: ReadonlyMap<string, (typeof codesOf)[number][0]> = new Map(
  codesOf.flatMap(([name, codes]) => codes.split(' ').map((code) => [code, name] as const)),
)

/** `exceptions.exact` of ccxt: code -> class. */
export function exactExceptions(ccxt: Ccxt) {
  return Object.fromEntries([...errorClassNames].map(([code, name]) => [code, ccxt[name]]))
}
