//! What each kind of event is about, in one table: followers pass over what is not theirs, and a new kind of event fails
//! to compile until this table says what it touches and every follower of that says what it does with it.
import type { EngineEvent } from './event.ts'
import { type EventName, eventKind } from './layout.ts'

/**
 * - `money`: cash, fees, pools, tranches, pending withdrawals or bad debts move. The ledger posts it.
 * - `position`: a position changes. Funding that is settled does not count: lots stay.
 * - `order`: an order appears, changes or ends.
 * - `account`: an account opens, or its settings, tier or switches change.
 * - `market`: a market's prices, rates, parameters or state change.
 * - `exchange`: what holds for all markets and accounts changes.
 * - `chain`: the contract must hear of it: a batch carries it or needs it.
 * - `history`: the ledger keeps a row of its own of it, beyond postings.
 */
export type EventTouch =
  | 'money'
  | 'position'
  | 'order'
  | 'account'
  | 'market'
  | 'exchange'
  | 'chain'
  | 'history'

export const eventTable = {
  CommandRejected: [],
  DuplicateRequest: [],
  ExchangeOpened: ['exchange', 'history'],
  MarketListed: ['market', 'chain', 'history'],
  AccountOpened: ['account', 'chain', 'history'],
  DepositCredited: ['money', 'chain', 'history'],
  WithdrawalAccepted: ['money', 'chain', 'history'],
  WithdrawalPaid: ['money', 'history'],
  OrderPlaced: ['order', 'history'],
  OrderAmended: ['order', 'history'],
  OrderClosed: ['order', 'history'],
  OrderTriggered: ['order', 'chain', 'history'],
  OrderRequeued: ['order', 'history'],
  OrderReduced: ['order', 'history'],
  TradeExecuted: ['money', 'position', 'order', 'market', 'chain', 'history'],
  FundingSettled: ['money', 'history'],
  IndexUpdated: ['market'],
  MarkUpdated: ['market', 'chain', 'history'],
  PremiumSampled: ['market'],
  FundingApplied: ['market', 'chain', 'history'],
  BatchConfirmed: ['exchange', 'history'],
  MarketStateChanged: ['market', 'history'],
  WithdrawalsSwitched: ['exchange'],
  TransferBooked: ['money', 'chain', 'history'],
  LeverageSet: ['account'],
  AccountModeSet: ['account'],
  DeadManSet: ['account'],
  SelfTradeGroupSet: ['account'],
  FeeTiersSet: ['exchange'],
  FeeTierChanged: ['account', 'history'],
  MarketRiskSet: ['market', 'chain'],
  VolatilityUpdated: ['market'],
  BackstopSet: ['market'],
  InsuranceFunded: ['money', 'market', 'chain', 'history'],
  DustCollected: ['money', 'market'],
  ThrottleSet: ['exchange'],
  LiquidationExplained: ['history'],
  LiquidationFilled: ['money', 'position', 'order', 'market', 'chain', 'history'],
  PositionTakenOver: ['money', 'position', 'market', 'chain', 'history'],
  AdlExecuted: ['money', 'position', 'market', 'chain', 'history'],
  AdlRound: ['money', 'position', 'market', 'chain', 'history'],
  BadDebt: ['money', 'market', 'chain', 'history'],
  MarketSettled: ['market', 'chain', 'history'],
  PositionSettled: ['money', 'position', 'market', 'chain', 'history'],
  ChainNoticed: ['account', 'market', 'chain', 'history'],
  PositionReduced: ['money', 'position', 'market', 'chain', 'history'],
  KeyRegistered: ['account'],
  KeyRevoked: ['account'],
} as const

// Every kind is there, and nothing else is said of it.
eventTable satisfies Record<EventName, readonly EventTouch[]>

/** The events of these kinds. */
export type EventOf<K extends EventName> = Extract<EngineEvent, { kind: K }>

/** The kinds that touch any of these. */
export type NamesThatTouch<T extends EventTouch> = {
  [K in EventName]: Extract<(typeof eventTable)[K][number], T> extends never ? never : K
}[EventName]

/** The events that touch any of these. */
export type EventsThatTouch<T extends EventTouch> = EventOf<NamesThatTouch<T>>

const names: readonly EventName[] = Object.keys(eventKind).filter(isName)

function isName(name: string): name is EventName {
  return name in eventKind
}

/**
 * A guard for the events that touch any of `touches`: what is left for a follower's `switch` is then its own kinds only,
 * and `default: event satisfies never` fails to compile when one more of them comes.
 *
 * @example const movesMoney = eventsThatTouch('money'); if (!movesMoney(event)) return; switch (event.kind) { … }
 */
export function eventsThatTouch<const T extends EventTouch>(
  ...touches: readonly T[]
): (event: EngineEvent) => event is EventsThatTouch<T> {
  const wanted: ReadonlySet<string> = new Set(names.filter((name) => touch(name, touches)))
  return (event): event is EventsThatTouch<T> => wanted.has(event.kind)
}

/** The same by the number that a record has for its kind: for those who look before they decode. */
export function kindsThatTouch(...touches: readonly EventTouch[]): ReadonlySet<number> {
  return new Set(names.filter((name) => touch(name, touches)).map((name) => eventKind[name]))
}

function touch(name: EventName, touches: readonly EventTouch[]): boolean {
  const own: readonly EventTouch[] = eventTable[name]
  return touches.some((one) => own.includes(one))
}
