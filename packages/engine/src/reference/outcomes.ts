//! What a command led to, in names: random streams must have met every one of them.
import {
  type Command,
  closeReason,
  commandKind,
  type EngineEvent,
  eventKind,
  marketState,
  orderStyle,
  rejectCode,
  rejectName,
} from '@plumb/model'

const reasonNames = new Map<number, string>(
  Object.entries(closeReason).map(([name, code]) => [code, name]),
)
const rejectCodeNames = new Map<number, string>(
  Object.entries(rejectCode).map(([name, code]) => [code, name]),
)
const styleNames = new Map<number, string>(
  Object.entries(orderStyle).map(([name, code]) => [code, name]),
)
const stateNames = new Map<number, string>(
  Object.entries(marketState).map(([name, code]) => [code, name]),
)

/** Names of what a command and its events were. */
export const outcomesOf = (command: Command, events: readonly EngineEvent[]): string[] =>
  events.flatMap((event) => namesOf(command, event))

function namesOf(command: Command, event: EngineEvent): string[] {
  if (event.kind === 'CommandRejected') return [`${command.kind} ${rejectName(event.code)}`]
  if (event.kind === 'OrderClosed') {
    const code = rejectCodeNames.get(event.rejectCode ?? 0) ?? ''
    return [`closed ${reasonNames.get(event.reason)} ${code}`.trim()]
  }
  if (event.kind === 'LiquidationExplained') return [`stage ${event.stage}`]
  if (event.kind === 'OrderPlaced')
    return [event.kind, `placed ${styleNames.get(event.style ?? 0)} ${event.triggerKind}`]
  if (event.kind === 'LiquidationFilled')
    return [event.kind, event.insuranceQuote < 0 ? 'tranche pays' : 'tranche receives']
  if (event.kind === 'AdlRound')
    return [event.kind, event.participants > 1 ? 'adl of many' : 'adl of one']
  if (event.kind === 'MarketStateChanged' && command.kind === 'Tick')
    return [event.kind, `by itself ${stateNames.get(event.state)}`]
  if (event.kind === 'OrderRequeued' && event.priceTicks === 0) return ['peg leaves the book']
  return [event.kind]
}

const words = (text: string) => text.trim().split(/\s+/)

/** Refusals by command. */
const refusals: Record<string, string> = {
  Genesis: 'ALREADY_INITIALISED INVALID_PARAMETER',
  ListMarket: 'INVALID_PARAMETER',
  PlaceOrder: `UNKNOWN_ACCOUNT UNKNOWN_MARKET INVALID_TICK INVALID_STEP MAX_SIZE MIN_NOTIONAL MAX_NOTIONAL UNSUPPORTED
    SIGNATURE_EXPIRED NONCE_USED LANE_BUSY INVALID_LANE FEE_ABOVE_MAX DUPLICATE_CLIENT_ORDER_ID INVALID_PARAMETER
    INSUFFICIENT_MARGIN POSITION_LIMIT PRICE_BAND REDUCE_ONLY CAPACITY OPEN_ORDERS_LIMIT NO_MARK_PRICE
    OPEN_INTEREST_LIMIT POST_ONLY_WOULD_CROSS NOT_FILLABLE MARKET_HALTED CANCEL_ONLY CLOSE_ONLY POST_ONLY_STATE
    ISOLATED_MARKET THROTTLED UNKNOWN_SESSION_KEY KEY_EXPIRED KEY_REVOKED KEY_SUBACCOUNT KEY_MARKET KEY_ORDER_NOTIONAL
    KEY_NOTIONAL KEY_POSITION SETTLEMENT_LAG ASKED_ON_CHAIN`,
  PlaceAdvancedOrder: `UNKNOWN_ACCOUNT UNKNOWN_MARKET INVALID_PARAMETER UNSUPPORTED INVALID_TICK INVALID_STEP
    DUPLICATE_CLIENT_ORDER_ID SIGNATURE_EXPIRED NONCE_USED LANE_BUSY MARKET_HALTED CANCEL_ONLY THROTTLED LINK_NOT_FOUND
    OPEN_ORDERS_LIMIT CAPACITY ISOLATED_MARKET INSUFFICIENT_MARGIN PRICE_BAND NOT_FILLABLE POST_ONLY_WOULD_CROSS
    REDUCE_ONLY POSITION_LIMIT MAX_SIZE MIN_NOTIONAL MAX_NOTIONAL CLOSE_ONLY POST_ONLY_STATE NO_MARK_PRICE FEE_ABOVE_MAX
    OPEN_INTEREST_LIMIT INVALID_LANE UNKNOWN_SESSION_KEY KEY_EXPIRED KEY_REVOKED KEY_SUBACCOUNT KEY_MARKET KEY_ORDER_NOTIONAL
    KEY_NOTIONAL KEY_POSITION SETTLEMENT_LAG ASKED_ON_CHAIN`,
  AmendOrder: `ORDER_NOT_FOUND INVALID_AMEND REDUCE_ONLY INSUFFICIENT_MARGIN POSITION_LIMIT NONCE_USED
    SIGNATURE_EXPIRED CLOSE_ONLY PRICE_BAND INVALID_PARAMETER THROTTLED MARKET_HALTED CANCEL_ONLY POST_ONLY_STATE
    MIN_NOTIONAL MAX_NOTIONAL INVALID_STEP CAPACITY OPEN_INTEREST_LIMIT UNSUPPORTED UNKNOWN_ACCOUNT INVALID_TICK MAX_SIZE
    FEE_ABOVE_MAX UNKNOWN_MARKET POST_ONLY_WOULD_CROSS UNKNOWN_SESSION_KEY KEY_EXPIRED KEY_REVOKED KEY_SUBACCOUNT KEY_MARKET KEY_ORDER_NOTIONAL
    KEY_NOTIONAL KEY_POSITION SETTLEMENT_LAG`,
  CancelOrder: 'ORDER_NOT_FOUND UNKNOWN_ACCOUNT',
  CancelAll: 'UNKNOWN_ACCOUNT UNKNOWN_MARKET INVALID_PARAMETER',
  CreditDeposit: 'DEPOSIT_GAP DEPOSIT_REPEATED CAPACITY INVALID_PARAMETER',
  RequestWithdrawal: `UNKNOWN_ACCOUNT INVALID_PARAMETER INVALID_LANE INSUFFICIENT_BALANCE WITHDRAWALS_PAUSED LANE_BUSY
    NONCE_USED SIGNATURE_EXPIRED CAPACITY BACKSTOP_LOCKED SETTLEMENT_LAG ASKED_ON_CHAIN`,
  Transfer: `UNKNOWN_ACCOUNT INVALID_PARAMETER INSUFFICIENT_BALANCE WITHDRAWALS_PAUSED LANE_BUSY CAPACITY
    INVALID_LANE NONCE_USED SIGNATURE_EXPIRED SETTLEMENT_LAG`,
  FundInsurance: `UNKNOWN_ACCOUNT UNKNOWN_MARKET INVALID_PARAMETER INSUFFICIENT_BALANCE WITHDRAWALS_PAUSED LANE_BUSY
    INVALID_LANE NONCE_USED SIGNATURE_EXPIRED CAPACITY SETTLEMENT_LAG`,
  SetWithdrawals: 'INVALID_PARAMETER',
  ChainNotice: 'NOTICE_GAP NOTICE_REPEATED INVALID_PARAMETER UNKNOWN_MARKET UNKNOWN_ACCOUNT',
  ConfirmBatch: 'NOTHING_TO_CONFIRM INVALID_PARAMETER',
  ObservePrice: 'STALE_PRICE_MESSAGE UNKNOWN_PUBLISHER INVALID_PARAMETER',
  SetMarketState: 'INVALID_PARAMETER UNKNOWN_MARKET',
  SetLeverage: 'UNKNOWN_ACCOUNT UNKNOWN_MARKET INVALID_PARAMETER INSUFFICIENT_MARGIN',
  SetAccountMode: 'UNKNOWN_ACCOUNT UNKNOWN_MARKET ISOLATED_MARKET',
  SetDeadMan: 'UNKNOWN_ACCOUNT UNKNOWN_MARKET INVALID_PARAMETER',
  SetSelfTradeGroup: 'UNKNOWN_ACCOUNT INVALID_PARAMETER',
  SetFeeTiers: 'INVALID_PARAMETER',
  SetMarketRisk: 'UNKNOWN_MARKET INVALID_PARAMETER',
  SetBackstop: 'UNKNOWN_ACCOUNT UNKNOWN_MARKET INVALID_PARAMETER',
  SetThrottle: 'INVALID_PARAMETER',
  ReopenMarket: 'UNKNOWN_MARKET INVALID_PARAMETER',
  SettleMarket: 'UNKNOWN_MARKET INVALID_PARAMETER MAX_NOTIONAL',
  Tick: 'INVALID_PARAMETER',
  RegisterKey: 'INVALID_PARAMETER KEY_USED KEY_EXPIRED CAPACITY',
  RevokeKey: 'UNKNOWN_SESSION_KEY KEY_REVOKED',
}

/** Told under names of their own above. */
const unnamed = new Set(['CommandRejected', 'OrderClosed', 'LiquidationExplained'])

/** Met only once in a few hundred thousand commands. */
const rare: readonly string[] = [
  'tranche pays',
  'BadDebt',
  'by itself reduceOnly',
  'peg leaves the book',
  'AmendOrder MAX_SIZE',
  'AmendOrder FEE_ABOVE_MAX',
  'AmendOrder UNKNOWN_MARKET',
  'CancelAll UNKNOWN_MARKET',
  'CancelAll INVALID_PARAMETER',
  'FundInsurance SIGNATURE_EXPIRED',
  'FundInsurance CAPACITY',
  'SetBackstop UNKNOWN_MARKET',
  'SetLeverage UNKNOWN_MARKET',
  'SetLeverage INVALID_PARAMETER',
  'SetThrottle INVALID_PARAMETER',
  'SetMarketRisk UNKNOWN_MARKET',
  'SettleMarket UNKNOWN_MARKET',
  'SettleMarket MAX_NOTIONAL',
  'Transfer SIGNATURE_EXPIRED',
  'Transfer BACKSTOP_LOCKED',
  'FundInsurance BACKSTOP_LOCKED',
  'Transfer ASKED_ON_CHAIN',
  'FundInsurance ASKED_ON_CHAIN',
]

const met: readonly string[] = [
  ...Object.keys(eventKind).filter((kind) => !unnamed.has(kind)),
  ...words(
    'filled user ioc selfTrade reduceOnly expired notSettleable liquidation marketClosed',
  ).map((reason) => `closed ${reason}`),
  ...words('fillLimit deadMan linked keyRevoked keyPosition').map((reason) => `closed ${reason}`),
  ...words(
    `NOT_FILLABLE REDUCE_ONLY INSUFFICIENT_MARGIN PRICE_BAND POST_ONLY_WOULD_CROSS CLOSE_ONLY POST_ONLY_STATE
      OPEN_INTEREST_LIMIT POSITION_LIMIT CAPACITY`,
  ).map((code) => `closed triggerRefused ${code}`),
  ...words('plain market').flatMap((style) => [0, 1, 2].map((kind) => `placed ${style} ${kind}`)),
  ...words('slide peg twap iceberg scale').map((style) => `placed ${style} 0`),
  'placed trailing 1',
  'closed onChain',
  ...[0, 1, 2, 3, 4].map((stage) => `stage ${stage}`),
  ...words('halted cancelOnly postOnly trading').map((state) => `by itself ${state}`),
  'tranche receives',
  'adl of one',
  'adl of many',
  ...Object.entries(refusals).flatMap(([command, codes]) =>
    words(codes).map((code) => `${command} ${code}`),
  ),
  ...rare,
]

/** All that a long run of every profile has met. */
export const outcomes: readonly string[] = [...new Set(met)]

/** What the short test has met already. */
export const usualOutcomes: readonly string[] = outcomes.filter((name) => !rare.includes(name))

/** Codes that the engine never gives. */
export const unusedCodes: readonly string[] = [
  // An order that meets its own group's is closed, or closes that, as it asked for: neither is a refusal.
  'SELF_TRADE',
]

/** Reject codes that none of these outcomes names as a command's refusal. */
export function neverRefused(names: Iterable<string>): string[] {
  const refused = new Set<string>()
  for (const name of names) {
    const [kind = '', code = '', ...more] = name.split(' ')
    if (kind in commandKind && more.length === 0) refused.add(code)
  }
  return Object.keys(rejectCode).filter((code) => !refused.has(code))
}
