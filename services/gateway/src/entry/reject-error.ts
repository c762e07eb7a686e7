//! A rejected command as the public error: code, the field it is about, the limit in the field's own spelling.
import { type CommandRejected, type Market, rejectName } from '@plumb/model'
import {
  type ErrorCode,
  errorTable,
  isErrorCode,
  PlumbError,
  quoteToText,
  unitsToText,
} from '@plumb/protocol'

type Unit = 'ticks' | 'lots' | 'quote' | 'number'

/** Codes that are about one field, and the unit of their limit. Codes not named here stand alone. */
const about: Partial<Record<ErrorCode, { field?: string; unit?: Unit }>> = {
  UNKNOWN_ACCOUNT: { field: 'account' },
  UNKNOWN_MARKET: { field: 'market' },
  INVALID_TICK: { field: 'price', unit: 'ticks' },
  INVALID_STEP: { field: 'amount', unit: 'lots' },
  MAX_SIZE: { field: 'amount', unit: 'lots' },
  MIN_NOTIONAL: { field: 'amount', unit: 'quote' },
  MAX_NOTIONAL: { field: 'amount', unit: 'quote' },
  SIGNATURE_EXPIRED: { field: 'expiry', unit: 'number' },
  NONCE_USED: { field: 'seq', unit: 'number' },
  LANE_BUSY: { field: 'lane' },
  INVALID_LANE: { field: 'lane', unit: 'number' },
  FEE_ABOVE_MAX: { field: 'maxFee', unit: 'number' },
  DUPLICATE_CLIENT_ORDER_ID: { field: 'clientOrderId' },
  ORDER_NOT_FOUND: { field: 'id' },
  INSUFFICIENT_MARGIN: { unit: 'quote' },
  INSUFFICIENT_BALANCE: { field: 'amount', unit: 'quote' },
  POSITION_LIMIT: { field: 'amount', unit: 'lots' },
  OPEN_INTEREST_LIMIT: { field: 'amount', unit: 'lots' },
  PRICE_BAND: { field: 'price', unit: 'ticks' },
  REDUCE_ONLY: { field: 'reduceOnly' },
  OPEN_ORDERS_LIMIT: { unit: 'number' },
  LINK_NOT_FOUND: { field: 'parentLane' },
  ISOLATED_MARKET: { field: 'market' },
  UNKNOWN_SESSION_KEY: { field: 'signer' },
  KEY_EXPIRED: { field: 'expiry', unit: 'number' },
  KEY_REVOKED: { field: 'signer' },
  KEY_SUBACCOUNT: { field: 'subaccount' },
  KEY_MARKET: { field: 'market' },
  KEY_ORDER_NOTIONAL: { field: 'amount', unit: 'quote' },
  KEY_NOTIONAL: { field: 'amount', unit: 'quote' },
  KEY_POSITION: { field: 'amount', unit: 'lots' },
  THROTTLED: { unit: 'quote' },
  POST_ONLY_WOULD_CROSS: { field: 'price', unit: 'ticks' },
}

/** Codes that a market's state gives: the answer says why it is in that state. */
const ofState: ReadonlySet<ErrorCode> = new Set([
  'MARKET_HALTED',
  'CANCEL_ONLY',
  'CLOSE_ONLY',
  'POST_ONLY_STATE',
])

/**
 * @param market the market of the command, where it has one
 * @param why the reason of its state, asked where that is what refused
 */
export function rejectError(
  event: CommandRejected,
  market: Market | undefined,
  why: () => string | null = () => null,
): PlumbError {
  const name = rejectName(event.code)
  if (!isErrorCode(name)) return new PlumbError('INTERNAL') // the table covers every reject code
  const reason = ofState.has(name) ? why() : null
  const { field, unit } = about[name] ?? {}
  const limit = unit === undefined ? undefined : limitText(event.limitValue, unit, market)
  return new PlumbError(name, {
    ...(reason === null ? {} : { message: `${errorTable[name].doc} ${reason}` }),
    ...(field === undefined ? {} : { field }),
    ...(limit === undefined ? {} : { limit }),
  })
}

function limitText(value: number, unit: Unit, market: Market | undefined) {
  if (value === 0) return undefined // the engine had no limit to name
  if (unit === 'number') return value
  if (unit === 'quote') return quoteToText(value)
  if (market === undefined) return undefined
  return unitsToText(value, unit === 'ticks' ? market.tickE8 : market.lotE8)
}
