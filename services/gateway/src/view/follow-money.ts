//! Cash and positions, as the events of fills, liquidations, transfers and settlements tell them.
import { bytesHex } from '@plumb/chain'
import {
  accountNotice,
  type Command,
  type EngineEvent,
  mulDivFloor,
  noticeKind,
  type Side,
  side,
  type TradeExecuted,
} from '@plumb/model'
import { type AccountView, type FillView, type PositionView, remember } from './account-view.ts'
import type { OrderFollower } from './follow-orders.ts'
import type { MarketView } from './market-view.ts'
import type { EventOf, ViewState } from './view-state.ts'

const DAY_MS = 86_400_000
const FADE_UP = 29
const FADE_DOWN = 30

/** One account's part of something that moves a position: `paidQuote` is what it cost, fees aside. */
type Move = {
  lotsAfter: number
  paidQuote: number
  realizedQuote: number
  timeMs: number
  /** What its funding is settled to then; the market's present index unless given. */
  fundingIndex?: number
}
/** Of a reduction on-chain; `at`: the funding index it was booked at there, if that may be one of before. */
type Booked = { market: MarketView; at: number | undefined }
type FillPart = {
  accountId: number
  orderId: number
  side: Side
  liquidity: 'maker' | 'taker'
  liquidation: boolean
  feeQuote: number
  fee: number
  realizedQuote: number
  positionLots: number
}
type FillEvent = {
  seq: number
  leg: number
  timeMs: number
  tradeId: number
  priceTicks: number
  sizeLots: number
  quote: number
}

const carriedOut: ReadonlySet<number> = new Set([noticeKind.reduced, noticeKind.takenOver])

/** What the chain has carried out itself was booked at its index of then. */
const bookedIndex = (command: Command) =>
  command.kind === 'ChainNotice' && carriedOut.has(command.what) ? command.fundingIndex : undefined

export class MoneyFollower {
  readonly #state: ViewState
  readonly #orders: OrderFollower

  constructor(state: ViewState, orders: OrderFollower) {
    this.#state = state
    this.#orders = orders
  }

  deposited(event: EventOf<'DepositCredited'>): void {
    const account = this.#state.account(event.accountId)
    const { depositId, seq, leg, timeMs, amountQuote } = event
    account.cashQuote = event.cashQuote
    account.updatedAtMs = timeMs
    const txHash = bytesHex(event.txHash)
    remember(account.deposits, { depositId, seq, leg, timeMs, amountQuote, txHash })
    this.#moved(account, null)
  }

  withdrawalAccepted(event: EventOf<'WithdrawalAccepted'>): void {
    const account = this.#state.account(event.accountId)
    const { withdrawalId, timeMs, amountQuote, lane, laneSeq } = event
    account.cashQuote = event.cashQuote
    account.pendingWithdrawalQuote += amountQuote
    account.updatedAtMs = timeMs
    // What was asked for on-chain uses no lane.
    if (laneSeq !== 0) account.lanes.set(lane, laneSeq)
    const [seq, leg, batchNo, paidAtMs] = [withdrawalId, 0, null, null]
    const withdrawal = { withdrawalId, seq, leg, timeMs, amountQuote, batchNo, paidAtMs }
    remember(account.withdrawals, withdrawal)
    this.#state.withdrawals.accepted(withdrawalId, timeMs)
    this.#moved(account, null)
  }

  withdrawalPaid(event: EventOf<'WithdrawalPaid'>): void {
    const account = this.#state.account(event.accountId)
    account.pendingWithdrawalQuote -= event.amountQuote
    account.updatedAtMs = event.timeMs
    this.#state.withdrawals.paid(event.withdrawalId, event.timeMs)
    const withdrawal = account.withdrawals.find((w) => w.withdrawalId === event.withdrawalId)
    if (withdrawal !== undefined) {
      withdrawal.batchNo = event.batchNo
      withdrawal.paidAtMs = event.timeMs
    }
    this.#moved(account, null)
  }

  transferred(event: EventOf<'TransferBooked'>): void {
    const { seq, leg, timeMs, amountQuote } = event
    const from = this.#state.account(event.accountId)
    const to = this.#state.account(event.toAccountId)
    from.cashQuote = event.cashQuote
    to.cashQuote = event.toCashQuote
    from.lanes.set(event.lane, event.laneSeq)
    const out = { seq, leg, timeMs, amountQuote: -amountQuote, otherSubaccount: to.subaccount }
    remember(from.transfers, out)
    remember(to.transfers, { seq, leg, timeMs, amountQuote, otherSubaccount: from.subaccount })
    for (const account of [from, to]) {
      account.updatedAtMs = timeMs
      this.#moved(account, null)
    }
  }

  insuranceFunded(event: EventOf<'InsuranceFunded'>): void {
    const account = this.#state.account(event.accountId)
    account.cashQuote = event.cashQuote
    account.lanes.set(event.lane, event.laneSeq)
    account.updatedAtMs = event.timeMs
    this.#state.market(event.market).insuranceQuote = event.trancheQuote
    this.#moved(account, null)
  }

  traded(event: EventOf<'TradeExecuted'>): void {
    const market = this.#state.market(event.market)
    this.#orders.takes(event.takerOrderId, event.seq)
    this.#trade(market, event, event.takerSide, false)
    const parts = [takerPart(event), makerPart(event)]
    for (const part of parts) this.#countVolume(this.#state.account(part.accountId), event)
    for (const part of parts) this.#fill(market, event, part)
  }

  /** The victim's side is the exchange's own taker: it pays the insurance tranche instead of a fee. */
  liquidationFilled(event: EventOf<'LiquidationFilled'>): void {
    const market = this.#state.market(event.market)
    this.#orders.takes(-1, event.seq)
    this.#trade(market, event, event.side, true)
    market.insuranceQuote = event.trancheQuote
    this.#countVolume(this.#state.account(event.makerAccountId), event)
    const { accountId, makerAccountId, insuranceQuote, realizedQuote, positionLots } = event
    this.#fill(market, event, {
      accountId,
      orderId: 0,
      side: event.side,
      liquidity: 'taker',
      liquidation: true,
      feeQuote: insuranceQuote,
      fee: 0,
      realizedQuote,
      positionLots,
    })
    this.#fill(market, event, {
      accountId: makerAccountId,
      orderId: event.makerOrderId,
      side: opposite(event.side),
      liquidity: 'maker',
      liquidation: true,
      feeQuote: event.makerFeeQuote,
      fee: event.makerFee,
      realizedQuote: event.makerRealizedQuote,
      positionLots: event.makerPositionLots,
    })
  }

  explained(event: EventOf<'LiquidationExplained'>): void {
    this.#notice(event)
  }

  takenOver(event: EventOf<'PositionTakenOver'>, command: Command): void {
    const market = this.#state.market(event.market)
    const { timeMs, sizeLots, quote, insuranceQuote } = event
    const victim = this.#state.account(event.accountId)
    const backstop = this.#state.account(event.backstopAccountId)
    market.insuranceQuote = event.trancheQuote
    victim.cashQuote += quote + insuranceQuote
    backstop.cashQuote -= quote
    const { realizedQuote, backstopRealizedQuote } = event
    const booked = { market, timeMs, at: bookedIndex(command) }
    const lotsAfter = victim.position(market).sizeLots - sizeLots
    this.#reduce(victim, { ...booked, lotsAfter, paidQuote: -quote, realizedQuote })
    this.#reduce(backstop, {
      ...booked,
      lotsAfter: event.backstopPositionLots,
      paidQuote: quote,
      realizedQuote: backstopRealizedQuote,
    })
    this.#notice(event)
  }

  /** A reduction asked for on-chain: the backstop took the lots. */
  reduced(event: EventOf<'PositionReduced'>, command: Command): void {
    const market = this.#state.market(event.market)
    const { timeMs, quote, feeQuote } = event
    const account = this.#state.account(event.accountId)
    const backstop = this.#state.account(event.backstopAccountId)
    account.cashQuote += quote
    backstop.cashQuote -= quote
    const paidQuote = -(quote + feeQuote)
    const lotsAfter = event.positionLots
    const { realizedQuote, backstopRealizedQuote } = event
    const booked = { market, timeMs, at: bookedIndex(command) }
    this.#reduce(account, { ...booked, lotsAfter, paidQuote, realizedQuote })
    this.#reduce(backstop, {
      ...booked,
      lotsAfter: event.backstopPositionLots,
      paidQuote: -paidQuote,
      realizedQuote: backstopRealizedQuote,
    })
    this.#notice(event)
  }

  /** A position that is settled beyond the index `at` already stays so (RULES 7). */
  #reduce(account: AccountView, { market, at, ...move }: Move & Booked): void {
    const position = account.position(market)
    const { fundingIndex: present } = market
    const isLate = position.sizeLots !== 0 && at !== present && position.fundingIndex === present
    this.#move(account, market, { ...move, fundingIndex: isLate ? present : (at ?? present) })
  }

  /** What the contract told of an account, or of its margins and its pause. */
  noticed(event: EventOf<'ChainNoticed'>): void {
    const { what, lane, laneSeq } = event
    if (what === noticeKind.marginsSet) {
      const market = this.#state.market(event.market)
      market.definition = { ...market.definition, imBps: lane, mmBps: laneSeq }
      return
    }
    if (event.accountId === 0) return
    const { lanes } = this.#state.account(event.accountId)
    if (what === noticeKind.laneCancelled && laneSeq > (lanes.get(lane) ?? 0))
      lanes.set(lane, laneSeq)
    this.#notice(event)
  }

  deleveraged(event: EventOf<'AdlExecuted'>): void {
    const market = this.#state.market(event.market)
    const { timeMs, sizeLots, markTicks, deficitQuote, realizedQuote } = event
    const value = sizeLots * markTicks * market.definition.quotePerTickLot
    const account = this.#state.account(event.accountId)
    const victim = this.#state.account(event.victimAccountId)
    account.cashQuote += value - deficitQuote
    victim.cashQuote += deficitQuote - value
    const lotsAfter = event.positionLots
    this.#move(account, market, { lotsAfter, paidQuote: -value, realizedQuote, timeMs })
    // What the victim realizes is said once for the whole round, in `AdlRound`.
    this.#move(victim, market, {
      lotsAfter: victim.position(market).sizeLots + sizeLots,
      paidQuote: value,
      realizedQuote: 0,
      timeMs,
    })
    this.#notice(event)
  }

  deleveragingDone(event: EventOf<'AdlRound'>): void {
    const market = this.#state.market(event.market)
    const account = this.#state.account(event.accountId)
    const { timeMs, realizedQuote, insuranceQuote } = event
    market.insuranceQuote = event.trancheQuote
    account.cashQuote += insuranceQuote
    const lotsAfter = account.position(market).sizeLots
    this.#move(account, market, { lotsAfter, paidQuote: 0, realizedQuote, timeMs })
    this.#notice(event)
  }

  positionSettled(event: EventOf<'PositionSettled'>): void {
    const market = this.#state.market(event.market)
    const account = this.#state.account(event.accountId)
    const { timeMs, quote, realizedQuote } = event
    account.cashQuote = event.cashQuote
    this.#move(account, market, { lotsAfter: 0, paidQuote: -quote, realizedQuote, timeMs })
    this.#notice(event)
  }

  badDebt(event: EventOf<'BadDebt'>): void {
    const account = this.#state.account(event.accountId)
    const market = this.#state.market(event.market)
    const { amountQuote, insuranceQuote, badDebtQuote } = event
    account.cashQuote += amountQuote + insuranceQuote
    account.updatedAtMs = event.timeMs
    market.insuranceQuote = event.trancheQuote
    market.badDebtQuote = badDebtQuote
    this.#notice(event)
    this.#moved(account, null)
  }

  fundingSettled(event: EventOf<'FundingSettled'>): void {
    const account = this.#state.account(event.accountId)
    const market = this.#state.market(event.market)
    const position = account.position(market)
    const { seq, leg, timeMs, paymentQuote, positionLots } = event
    account.cashQuote = event.cashQuote
    account.updatedAtMs = timeMs
    position.fundingIndex = event.fundingIndex
    position.fundingPaidQuote += paymentQuote
    const rate = market.fundingRates.at(-1)?.rate ?? null
    const { markTicks } = market
    const payment = { market, seq, leg, timeMs, paymentQuote, positionLots, rate, markTicks }
    remember(account.fundingPayments, payment)
    this.#moved(account, market)
  }

  feeTierChanged(event: EventOf<'FeeTierChanged'>): void {
    const account = this.#state.account(event.accountId)
    this.#fade(account, event.timeMs)
    account.feeTier = event.tier
    this.#notice(event)
  }

  #trade(market: MarketView, event: FillEvent, takerSide: Side, liquidation: boolean): void {
    const { tradeId, seq, leg, timeMs, priceTicks, sizeLots } = event
    const trade = { tradeId, seq, leg, timeMs, priceTicks, sizeLots, takerSide, liquidation }
    market.addTrade(trade, event.quote)
    market.book.seq = seq
    this.#state.batches.addTrade(seq, timeMs)
    this.#state.sink?.traded(market, trade)
  }

  #fill(market: MarketView, event: FillEvent, part: FillPart): void {
    const account = this.#state.account(part.accountId)
    const order = account.openOrders.get(part.orderId)
    const { seq, leg, timeMs, tradeId, priceTicks, sizeLots, quote } = event
    const { orderId, side: ofSide, liquidity, liquidation, feeQuote, fee, realizedQuote } = part
    const paidQuote = ofSide === side.buy ? quote : -quote
    account.cashQuote -= paidQuote + feeQuote
    const lotsAfter = part.positionLots
    this.#move(account, market, { lotsAfter, paidQuote, realizedQuote, timeMs }, false)
    if (order !== undefined) this.#orders.filled(order, { seq, timeMs, sizeLots, quote, feeQuote })
    const fill: FillView = {
      market,
      tradeId,
      seq,
      leg,
      timeMs,
      orderId,
      clientOrderId: order?.clientOrderId ?? '',
      side: ofSide,
      liquidity,
      liquidation,
      priceTicks,
      sizeLots,
      quote,
      feeQuote,
      fee,
      realizedQuote,
    }
    remember(account.fills, fill)
    this.#state.sink?.filled(account, fill)
    this.#moved(account, market)
  }

  /** Cash spent, less what closing realized, is the cost of what is still held: exact for any mix of both. */
  #move(account: AccountView, market: MarketView, move: Move, tell = true): void {
    const position = account.position(market)
    const before = position.sizeLots
    if (before === 0) startPosition(position)
    position.sizeLots = move.lotsAfter
    position.costQuote += move.paidQuote + move.realizedQuote
    position.realizedQuote += move.realizedQuote
    position.fundingIndex = move.fundingIndex ?? market.fundingIndex
    position.updatedAtMs = move.timeMs
    account.updatedAtMs = move.timeMs
    market.moveOpenInterest(Math.max(0, move.lotsAfter) - Math.max(0, before), move.timeMs)
    if (tell) this.#moved(account, market)
  }

  #countVolume(account: AccountView, { timeMs, quote }: FillEvent): void {
    this.#fade(account, timeMs)
    account.volumeQuote = Math.min(account.volumeQuote + quote, Number.MAX_SAFE_INTEGER)
  }

  /** The volume of days gone by counts for 29/30 of itself with each day (RULES 2.5). */
  #fade(account: AccountView, timeMs: number): void {
    const day = Math.floor(timeMs / DAY_MS)
    for (; account.volumeDay < day && account.volumeQuote > 0; account.volumeDay++)
      account.volumeQuote = mulDivFloor(account.volumeQuote, FADE_UP, FADE_DOWN)
    account.volumeDay = Math.max(account.volumeDay, day)
  }

  #notice(event: EngineEvent): void {
    const told = accountNotice(event)
    if (told === undefined) return
    const account = this.#state.account(told.accountId)
    const market = told.market === null ? null : this.#state.market(told.market)
    const { seq, leg, timeMs } = event
    const notice = { market, kind: told.kind, seq, leg, timeMs, detail: told.detail }
    remember(account.notices, notice)
    this.#state.sink?.noticed(account, notice)
  }

  #moved(account: AccountView, market: MarketView | null): void {
    this.#state.sink?.accountChanged(account, market)
  }
}

function startPosition(position: PositionView): void {
  position.realizedQuote = 0
  position.fundingPaidQuote = 0
}

function opposite(of: Side): Side {
  return of === side.buy ? side.sell : side.buy
}

function takerPart(event: TradeExecuted): FillPart {
  return {
    accountId: event.takerAccountId,
    orderId: event.takerOrderId,
    side: event.takerSide,
    liquidity: 'taker',
    liquidation: false,
    feeQuote: event.takerFeeQuote,
    fee: event.takerFee,
    realizedQuote: event.takerRealizedQuote,
    positionLots: event.takerPositionLots,
  }
}

function makerPart(event: TradeExecuted): FillPart {
  return {
    accountId: event.makerAccountId,
    orderId: event.makerOrderId,
    side: opposite(event.takerSide),
    liquidity: 'maker',
    liquidation: false,
    feeQuote: event.makerFeeQuote,
    fee: event.makerFee,
    realizedQuote: event.makerRealizedQuote,
    positionLots: event.makerPositionLots,
  }
}
