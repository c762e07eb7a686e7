//! The exchange as a state machine: commands in, events out. The table of contents of this package.
import {
  type AdlCandidate,
  type CommandBuffer,
  commandKind,
  limits,
  type RiskAccount,
  rejectCode,
  type Side,
  type StateHash,
} from '@plumb/model'
import { findAccount } from './account-store.ts'
import { amendOrder } from './amend-order.ts'
import { cancelAll } from './cancel-all.ts'
import { cancelOrder } from './cancel-order.ts'
import { chainNotice } from './chain-notice.ts'
import { confirmBatch } from './confirm-batch.ts'
import { creditDeposit } from './credit-deposit.ts'
import { reject } from './emit.ts'
import { defaultLimits, type EngineLimits } from './engine-limits.ts'
import {
  type AccountView,
  type EngineTotals,
  type LaneView,
  type MarketView,
  type OrderView,
  type ReservedView,
  readAccount,
  readLanes,
  readMarket,
  readOpenOrders,
  readOrderById,
  readReserved,
  readTotals,
  restingOrders,
} from './engine-reads.ts'
import type { EventBuffer } from './event-buffer.ts'
import { fundInsurance } from './fund-insurance.ts'
import { genesis } from './genesis.ts'
import { stateHash } from './hash-state.ts'
import { listMarket } from './list-market.ts'
import { observePrice } from './observe-price.ts'
import { placeAdvancedOrder } from './place-advanced-order.ts'
import { placeOrder } from './place-order.ts'
import { readAhead } from './read-ahead.ts'
import { readSessionKey, type SessionKeyView } from './read-session-key.ts'
import { reopenMarket } from './reopen-market.ts'
import { requestWithdrawal } from './request-withdrawal.ts'
import {
  type MarketRiskView,
  readAdlQueue,
  readHeadroom,
  readHealth,
  readMarketRisk,
  readRiskAccount,
  readVolatilityRise,
} from './risk-reads.ts'
import { registerKey, revokeKey } from './session-keys.ts'
import { setAccountMode } from './set-account-mode.ts'
import { setBackstop } from './set-backstop.ts'
import { setDeadMan } from './set-dead-man.ts'
import { setFeeTiers } from './set-fee-tiers.ts'
import { setLeverage } from './set-leverage.ts'
import { setMarketRisk } from './set-market-risk.ts'
import { setMarketState } from './set-market-state.ts'
import { setSelfTradeGroup } from './set-self-trade-group.ts'
import { setThrottle } from './set-throttle.ts'
import { setWithdrawals } from './set-withdrawals.ts'
import { settleMarket } from './settle-market.ts'
import * as slabs from './slabs.ts'
import { stateFromSnapshot, takeSnapshot } from './snapshot.ts'
import { createState, type EngineState } from './state.ts'
import { tick } from './tick.ts'
import { transfer } from './transfer.ts'

const { OPENED, PAGE_MASK, RECORD_MASK, SEQ, SLOT_RANGE, TIME_MS } = slabs
/** Bound here for the same reason. */
const kinds = commandKind

export class Engine {
  /** Records of the commands applied since the last `events.clear()`. */
  readonly events: EventBuffer
  readonly #state: EngineState

  constructor(state: EngineState) {
    this.#state = state
    this.events = state.events
  }

  /** Last applied sequence number; 0 before the first. */
  get seq(): number {
    return this.#state.totals[SEQ]!
  }

  /** Time of the last applied command. */
  get timeMs(): number {
    return this.#state.totals[TIME_MS]!
  }

  /**
   * Applies the stamped command in a slot and appends its events. Throws when the stamp is not last + 1 or time fell,
   * or the kind is unknown: those are bugs of the caller, never user input.
   */
  apply(commands: CommandBuffer, slot: number): void {
    const state = this.#state
    const { i32, f64 } = commands
    const w = slot * 64
    const d = slot * 32
    const { totals } = state
    const seq = f64[d]!
    const timeMs = f64[d + 1]!
    if (seq !== totals[SEQ]! + 1) throw new RangeError(`seq ${seq} after ${totals[SEQ]}`)
    if (!(timeMs >= totals[TIME_MS]!)) throw new RangeError(`time fell to ${timeMs} at seq ${seq}`)
    totals[SEQ] = seq
    totals[TIME_MS] = timeMs
    state.firstEvent = state.events.count
    const kind = i32[w + 4]!
    if (totals[OPENED] === 0 && kind !== kinds.Genesis)
      reject(state, i32, f64, w, d, rejectCode.INVALID_PARAMETER)
    else if (kind === kinds.PlaceOrder) placeOrder(state, i32, f64, w, d)
    else if (kind === kinds.CancelOrder) cancelOrder(state, i32, f64, w, d)
    else dispatch(state, kind, i32, f64, w, d)
  }

  /**
   * Brings what the commands in `count` slots from `from` on will touch into the cache. Changes nothing: a caller that
   * has several commands at hand calls it for about 32 of them before it applies those.
   */
  readAhead(commands: CommandBuffer, from: number, count: number): void {
    readAhead(this.#state, commands.i32, commands.f64, from, count)
  }

  /** Implementation-agnostic hash of the state (packages/model/src/state-hash.ts); cost grows with what changed. */
  stateHash(): StateHash {
    return stateHash(this.#state)
  }

  /** The whole state as bytes for `restoreEngine`. */
  snapshot(): Uint8Array {
    return takeSnapshot(this.#state)
  }

  /** Account of an owner address (20 bytes) and subaccount; undefined before its first credited deposit. */
  accountIdOf(owner: Uint8Array, subaccount: number): number | undefined {
    const words = new Int32Array(new Uint8Array(owner.subarray(0, 20)).buffer)
    const account = findAccount(this.#state.accounts, words, 0, subaccount)
    return account === 0 ? undefined : account
  }

  /** A session key by its address (20 bytes); undefined before its registration is known and after its end. */
  sessionKey(address: Uint8Array): SessionKeyView | undefined {
    return readSessionKey(this.#state, address)
  }

  /** Accounts opened so far: their ids are 1 … this. */
  get accounts(): number {
    return this.#state.accounts.used
  }

  account(accountId: number): AccountView | undefined {
    return readAccount(this.#state, accountId)
  }

  lanes(accountId: number): LaneView[] {
    return this.account(accountId) === undefined ? [] : readLanes(this.#state, accountId)
  }

  openOrders(accountId: number): OrderView[] {
    return this.account(accountId) === undefined ? [] : readOpenOrders(this.#state, accountId)
  }

  /** A live order; undefined once it is closed. */
  order(orderId: number): OrderView | undefined {
    return orderId >= SLOT_RANGE ? readOrderById(this.#state, orderId) : undefined
  }

  market(market: number): MarketView | undefined {
    return readMarket(this.#state, market)
  }

  markets(): MarketView[] {
    const found: MarketView[] = []
    for (let m = 0; m < limits.marketsMax; m++) {
      const view = this.market(m)
      if (view !== undefined) found.push(view)
    }
    return found
  }

  /** Lots and notional of an account's resting orders that may open a position, as margin counts them. */
  reserved(accountId: number): ReservedView[] {
    return this.account(accountId) === undefined ? [] : readReserved(this.#state, accountId)
  }

  /** Resting orders of one side of a market, best first, oldest first at a price. */
  book(market: number, side: Side): Iterable<OrderView> {
    return restingOrders(this.#state, market, side)
  }

  /** A market's risk parameters, volatility and funding hour. */
  marketRisk(market: number): MarketRiskView | undefined {
    return readMarketRisk(this.#state, market)
  }

  /** Markets whose volatility margin rises with the next minute if their index stays where it is. */
  volatilityRises(): { market: number; fromPpm: number; toPpm: number; minute: number }[] {
    const rises = []
    for (let market = 0; market < this.#state.limits.markets; market++) {
      const rise = readVolatilityRise(this.#state, market)
      if (rise !== undefined) rises.push({ market, ...rise })
    }
    return rises
  }

  /** An account as the model's `accountRisk` and `whatIf` take it. */
  riskAccount(accountId: number): RiskAccount | undefined {
    return readRiskAccount(this.#state, accountId)
  }

  /**
   * E, ΣIM with orders and ΣMM into the first three of `into`; false, and nothing of use there, for an account without
   * positions or beyond exact arithmetic. Makes no garbage: for walks over all accounts.
   */
  health(accountId: number, into: Float64Array): boolean {
    return readHealth(this.#state, accountId, into)
  }

  /** For tests: the bound that spares a walk over an account's markets, and what the walk says (headroom.ts). */
  headroom(accountId: number): { bound: number; exact: number } | undefined {
    return readHeadroom(this.#state, accountId)
  }

  /** Longs (0) or shorts (1) of a market in the order in which ADL takes them, the first is rank 1. */
  adlQueue(market: number, side: Side): AdlCandidate[] {
    return readAdlQueue(this.#state, market, side)
  }

  totals(): EngineTotals {
    return readTotals(this.#state)
  }
}

/** One command, one file; new orders and cancels, which most commands are, do not come here. */
function dispatch(
  state: EngineState,
  kind: number,
  i32: Int32Array,
  f64: Float64Array,
  w: number,
  d: number,
): void {
  switch (kind) {
    case kinds.AmendOrder:
      return amendOrder(state, i32, f64, w, d)
    case kinds.CancelAll:
      return cancelAll(state, i32, f64, w, d)
    case kinds.CreditDeposit:
      return creditDeposit(state, i32, f64, w, d)
    case kinds.RequestWithdrawal:
      return requestWithdrawal(state, i32, f64, w, d)
    case kinds.ObservePrice:
      return observePrice(state, i32, f64, w, d)
    case kinds.Tick:
      return tick(state)
    case kinds.ConfirmBatch:
      return confirmBatch(state, i32, f64, w, d)
    case kinds.SetMarketState:
      return setMarketState(state, i32, f64, w, d)
    case kinds.SetWithdrawals:
      return setWithdrawals(state, i32, f64, w, d)
    case kinds.ListMarket:
      return listMarket(state, i32, f64, w, d)
    case kinds.Genesis:
      return genesis(state, i32, f64, w, d)
    case kinds.PlaceAdvancedOrder:
      return placeAdvancedOrder(state, i32, f64, w, d)
    case kinds.Transfer:
      return transfer(state, i32, f64, w, d)
    case kinds.SetLeverage:
      return setLeverage(state, i32, f64, w, d)
    case kinds.SetAccountMode:
      return setAccountMode(state, i32, f64, w, d)
    case kinds.SetDeadMan:
      return setDeadMan(state, i32, f64, w, d)
    case kinds.SetSelfTradeGroup:
      return setSelfTradeGroup(state, i32, f64, w, d)
    case kinds.SetFeeTiers:
      return setFeeTiers(state, i32, f64, w, d)
    case kinds.SetMarketRisk:
      return setMarketRisk(state, i32, f64, w, d)
    case kinds.SetBackstop:
      return setBackstop(state, i32, f64, w, d)
    case kinds.FundInsurance:
      return fundInsurance(state, i32, f64, w, d)
    case kinds.SetThrottle:
      return setThrottle(state, i32, f64, w, d)
    case kinds.ReopenMarket:
      return reopenMarket(state, i32, f64, w, d)
    case kinds.SettleMarket:
      return settleMarket(state, i32, f64, w, d)
    case kinds.RegisterKey:
      return registerKey(state, i32, f64, w, d)
    case kinds.RevokeKey:
      return revokeKey(state, i32, f64, w, d)
    case kinds.ChainNotice:
      return chainNotice(state, i32, f64, w, d)
    default:
      throw new RangeError(`unknown command kind ${kind}`)
  }
}

/** An empty exchange. Limits not given are `defaultLimits`. Throws on limits that contradict each other. */
export function createEngine(engineLimits: Partial<EngineLimits> = {}): Engine {
  const merged = { ...defaultLimits, ...engineLimits }
  if (engineLimits.clientIds === undefined)
    merged.clientIds = merged.openOrders + Math.min(merged.openOrders, 65_536)
  if (merged.clientIds <= merged.openOrders || merged.openOrders > SLOT_RANGE)
    throw new RangeError('clientIds must exceed openOrders, openOrders at most 2^20')
  const records = merged.accounts + 1 + merged.positions
  if (records > RECORD_MASK || merged.pages > PAGE_MASK || merged.pageDirectories > PAGE_MASK / 2)
    throw new RangeError(
      'at most 2^21 accounts and positions together, 2^19 pages, 2^18 directories',
    )
  if (merged.markets > limits.marketsMax)
    throw new RangeError(`at most ${limits.marketsMax} markets`)
  return new Engine(createState(merged))
}

/** The engine a snapshot was taken of. Throws RangeError on bytes that are not a snapshot. */
export function restoreEngine(bytes: Uint8Array): Engine {
  return new Engine(stateFromSnapshot(bytes))
}
