//! Every way a command can be refused: a stable number in the journal's events, a stable name in public.

/**
 * 1-99 admission (the command never could have worked), 100-199 risk denied it, 200-299 the book rejected it,
 * 300-399 system. Numbers and names never change meaning.
 */
export const rejectCode = {
  UNKNOWN_ACCOUNT: 1,
  UNKNOWN_MARKET: 2,
  INVALID_TICK: 3,
  INVALID_STEP: 4,
  MAX_SIZE: 5,
  MIN_NOTIONAL: 6,
  MAX_NOTIONAL: 7,
  UNSUPPORTED: 8,
  SIGNATURE_EXPIRED: 9,
  NONCE_USED: 10,
  LANE_BUSY: 11,
  INVALID_LANE: 12,
  FEE_ABOVE_MAX: 13,
  DUPLICATE_CLIENT_ORDER_ID: 14,
  ORDER_NOT_FOUND: 15,
  INVALID_AMEND: 16,
  DEPOSIT_GAP: 17,
  DEPOSIT_REPEATED: 18,
  INVALID_PARAMETER: 19,
  NOTHING_TO_CONFIRM: 20,
  STALE_PRICE_MESSAGE: 21,
  UNKNOWN_PUBLISHER: 22,
  LINK_NOT_FOUND: 23,
  UNKNOWN_SESSION_KEY: 24,
  KEY_EXPIRED: 25,
  KEY_REVOKED: 26,
  KEY_SUBACCOUNT: 27,
  KEY_MARKET: 28,
  KEY_USED: 29,
  NOTICE_GAP: 30,
  NOTICE_REPEATED: 31,

  INSUFFICIENT_MARGIN: 100,
  INSUFFICIENT_BALANCE: 101,
  POSITION_LIMIT: 102,
  PRICE_BAND: 103,
  REDUCE_ONLY: 104,
  OPEN_ORDERS_LIMIT: 105,
  WITHDRAWALS_PAUSED: 106,
  NO_MARK_PRICE: 107,
  OPEN_INTEREST_LIMIT: 108,
  ISOLATED_MARKET: 109,
  KEY_ORDER_NOTIONAL: 110,
  KEY_NOTIONAL: 111,
  KEY_POSITION: 112,
  BACKSTOP_LOCKED: 113,
  ASKED_ON_CHAIN: 114,

  POST_ONLY_WOULD_CROSS: 200,
  NOT_FILLABLE: 201,
  SELF_TRADE: 202,

  MARKET_HALTED: 300,
  CANCEL_ONLY: 301,
  CLOSE_ONLY: 302,
  POST_ONLY_STATE: 303,
  CAPACITY: 304,
  SETTLEMENT_LAG: 305,
  ALREADY_INITIALISED: 306,
  THROTTLED: 307,
} as const
export type RejectName = keyof typeof rejectCode
export type RejectCode = (typeof rejectCode)[RejectName]

const names = new Map<number, string>(
  Object.entries(rejectCode).map(([name, code]) => [code, name]),
)

/** Public name of a reject number; throws on a number that does not exist (a bug, never user input). */
export function rejectName(code: number): string {
  const name = names.get(code)
  if (name === undefined) throw new RangeError(`no reject code ${code}`)
  return name
}
