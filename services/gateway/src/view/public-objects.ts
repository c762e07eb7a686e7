//! Views as the objects of the API.

import { bytesHex, scaleE8, type Verifier } from '@plumb/chain'
import { orderKind, type Side, side } from '@plumb/model'
import {
  type AccountObject,
  type BalanceObject,
  type BatchObject,
  type BookObject,
  bookChecksum,
  CHECKSUM_LEVELS,
  type candleRow,
  type FillObject,
  type FundingObject,
  type FundingPaymentObject,
  type FundingRateObject,
  integerToText,
  type MarketObject,
  marketStateWord,
  type OrderObject,
  orderText,
  type PositionObject,
  publicFill,
  publicMarket,
  publicOrder,
  publicPosition,
  quoteCurrency,
  quoteToText,
  ratioToText,
  type StatusObject,
  sideWord,
  type TickerObject,
  type TradeObject,
  type TransferObject,
  unitsToText,
} from '@plumb/protocol'
import type { z } from 'zod'
import { accountMargin, lossQuote } from './account-margin.ts'
import type {
  AccountView,
  DepositView,
  FillView,
  FundingPaymentView,
  PositionView,
  WithdrawalView,
} from './account-view.ts'
import { AdlRanks } from './adl-ranks.ts'
import type { BatchView } from './batch-view.ts'
import type { BookLevel } from './book-view.ts'
import type { Candle } from './candle-view.ts'
import type { ExchangeView } from './exchange-view.ts'
import { reasonText } from './market-reason.ts'
import type { FundingRateView, MarketView, TradeView } from './market-view.ts'
import type { OrderView } from './order-view.ts'
import type { PendingDepositView } from './pending-deposits.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const RATE_DECIMALS = 10
/** Throttle level from which on only orders that rest or reduce are taken. */
const POST_ONLY_LEVEL = 2
/** Largest 8-hour funding rate: 4 % an hour (risk.md 1.4). */
const FUNDING_CAP = '0.32'

const STOPPED_MESSAGE =
  'Settlement is too far behind: nothing is matched and no withdrawal is taken until it has caught up. Post-only orders, stops and cancels are taken.'

/** Builders over one view. They read live state: what they return is of this moment. */
export class PublicObjects {
  readonly #view: ExchangeView
  readonly #verifier: Verifier
  readonly #network: string
  readonly #ranks: AdlRanks

  constructor(view: ExchangeView, verifier: Verifier, chainId: number) {
    this.#view = view
    this.#ranks = new AdlRanks(view)
    this.#verifier = verifier
    this.#network = `evm-${chainId}`
  }

  market(market: MarketView): MarketObject {
    const { state } = market.open(this.#view.appliedTimeMs)
    return publicMarket(market.definition, state, market.createdAtMs)
  }

  order(order: OrderView): OrderObject {
    order.digest ??= this.#digestOf(order)
    return publicOrder(order, order.market.definition)
  }

  /** `order` as JSON. */
  orderText(order: OrderView): string {
    order.digest ??= this.#digestOf(order)
    return orderText(order, order.market.definition)
  }

  fill(account: AccountView, fill: FillView): FillObject {
    const batch = this.#view.batches.settling(fill.seq)
    return publicFill(
      {
        ...fill,
        account: account.address,
        subaccount: account.subaccount,
        settlement: this.#view.batches.statusOf(fill.seq),
        txHash: batch?.txHash ?? null,
      },
      fill.market.definition,
    )
  }

  trade(market: MarketView, trade: TradeView): TradeObject {
    const { definition } = market
    return {
      id: String(trade.tradeId),
      ts: trade.timeMs,
      market: definition.symbol,
      price: unitsToText(trade.priceTicks, definition.tickE8),
      amount: unitsToText(trade.sizeLots, definition.lotE8),
      side: sideWord(trade.takerSide),
      liquidation: trade.liquidation,
      seq: trade.seq,
    }
  }

  level({ definition }: MarketView, [price, lots]: BookLevel): [string, string] {
    return [unitsToText(price, definition.tickE8), unitsToText(lots, definition.lotE8)]
  }

  book(market: MarketView, depth: number): BookObject {
    const { book, definition } = market
    return {
      market: definition.symbol,
      seq: book.seq,
      ts: this.#view.appliedTimeMs,
      bids: book.levels(side.buy, depth).map((level) => this.level(market, level)),
      asks: book.levels(side.sell, depth).map((level) => this.level(market, level)),
    }
  }

  /** Level 3: `[price, size, order id]` in priority order. */
  orderBook(market: MarketView, depth: number) {
    const { book, definition } = market
    const rows = (of: Side) =>
      book
        .orders(of, depth)
        .map((order): [string, string, string] => [
          unitsToText(order.priceTicks, definition.tickE8),
          unitsToText(order.bookLots, definition.lotE8),
          String(order.orderId),
        ])
    return {
      market: definition.symbol,
      seq: book.seq,
      ts: this.#view.appliedTimeMs,
      bids: rows(side.buy),
      asks: rows(side.sell),
    }
  }

  bbo(market: MarketView) {
    const bid = market.book.best(side.buy)
    const ask = market.book.best(side.sell)
    const [bidPrice = null, bidSize = null] = bid === null ? [] : this.level(market, bid)
    const [askPrice = null, askSize = null] = ask === null ? [] : this.level(market, ask)
    return { bid: bidPrice, bidSize, ask: askPrice, askSize }
  }

  ticker(market: MarketView, nowMs: number): TickerObject {
    const { definition, candles } = market
    const day = candles.since(nowMs - DAY_MS)
    const price = (ticks: number | null) => priceText(market, ticks)
    const last = price(candles.last)
    return {
      market: definition.symbol,
      ...this.bbo(market),
      last,
      open: price(day?.open ?? null),
      high: price(day?.high ?? null),
      low: price(day?.low ?? null),
      close: last,
      baseVolume: unitsToText(day?.lots ?? 0, definition.lotE8),
      quoteVolume: quoteToText(day?.quote ?? 0),
      mark: price(market.markTicks),
      index: price(market.indexTicks),
      fundingRate: rateText(market.predictedRate),
      nextFundingTime: nextFundingTime(nowMs),
      openInterest: unitsToText(market.openInterestLots, definition.lotE8),
      ts: nowMs,
    }
  }

  funding(market: MarketView, nowMs: number): FundingObject {
    return {
      market: market.definition.symbol,
      rate: rateText(market.predictedRate),
      mark: priceText(market, market.markTicks),
      index: priceText(market, market.indexTicks),
      nextFundingTime: nextFundingTime(nowMs),
      interval: HOUR_MS,
      cap: FUNDING_CAP,
      ts: nowMs,
    }
  }

  fundingRate(market: MarketView, rate: FundingRateView): FundingRateObject {
    return {
      ts: rate.timeMs,
      market: market.definition.symbol,
      rate: integerToText(rate.rate, RATE_DECIMALS),
      mark: priceText(market, rate.markTicks),
      index: priceText(market, rate.indexTicks),
      interval: rate.intervalS * 1_000,
    }
  }

  candle(
    { definition }: MarketView,
    candle: Omit<Candle, 'lots'> & ({ lots: number } | { baseLots: number }),
  ): z.infer<typeof candleRow> {
    const price = (ticks: number) => unitsToText(ticks, definition.tickE8)
    const lots = 'lots' in candle ? candle.lots : candle.baseLots
    return [
      candle.openTimeMs,
      price(candle.open),
      price(candle.high),
      price(candle.low),
      price(candle.close),
      unitsToText(lots, definition.lotE8),
      quoteToText(candle.quote),
      candle.trades,
    ]
  }

  position(
    account: AccountView,
    position: PositionView,
    margin = accountMargin(account),
  ): PositionObject {
    const { market, sizeLots, costQuote, realizedQuote, fundingPaidQuote } = position
    const id = market.definition.market
    const chosenLeverage = account.leverages.get(id) ?? 0
    const holding = margin.holdings.find((one) => one.market === id)
    return publicPosition(
      {
        account: account.address,
        subaccount: account.subaccount,
        timeMs: position.updatedAtMs,
        sizeLots,
        costQuote,
        realizedQuote,
        fundingPaidQuote,
        markTicks: market.markTicks,
        equityQuote: exact(margin.equityQuote),
        initialQuote: exact(holding?.initialMarginQuote ?? 0),
        maintenanceQuote: exact(holding?.maintenanceMarginQuote ?? 0),
        chosenLeverage,
        isIsolated: account.isolatedMarket === id,
        liquidationTicks: holding?.liquidationTicks ?? null,
        adlRank: this.#ranks.rankOf(account, market),
      },
      market.definition,
    )
  }

  /** Open positions only. */
  positions(account: AccountView): PositionObject[] {
    const margin = accountMargin(account)
    return [...account.positions.values()]
      .filter(({ sizeLots }) => sizeLots !== 0)
      .map((position) => this.position(account, position, margin))
  }

  balance(account: AccountView): BalanceObject {
    const risk = accountMargin(account)
    const total = Math.max(0, account.cashQuote)
    const used = Math.min(
      total,
      Math.max(risk.positionMarginQuote, risk.initialMarginQuote) + lossQuote(risk),
    )
    return {
      account: account.address,
      subaccount: account.subaccount,
      currency: quoteCurrency,
      total: quoteToText(total),
      free: quoteToText(total - used),
      used: quoteToText(used),
      debt: quoteToText(Math.max(0, -account.cashQuote)),
      ts: account.updatedAtMs,
    }
  }

  account(account: AccountView): AccountObject {
    const risk = accountMargin(account)
    const equityQuote = exact(risk.equityQuote)
    const maintenanceQuote = exact(risk.maintenanceMarginQuote)
    return {
      account: account.address,
      subaccount: account.subaccount,
      id: account.accountId < 0 ? null : String(account.accountId),
      equity: quoteToText(equityQuote),
      cash: quoteToText(account.cashQuote),
      unrealizedPnl: quoteToText(exact(risk.unrealizedQuote)),
      initialMargin: quoteToText(exact(risk.positionMarginQuote)),
      maintenanceMargin: quoteToText(maintenanceQuote),
      orderMargin: quoteToText(
        exact(Math.max(0, risk.initialMarginQuote - risk.positionMarginQuote)),
      ),
      marginRatio:
        equityQuote > 0 ? ratioToText(BigInt(maintenanceQuote), BigInt(equityQuote), 8) : null,
      withdrawable: quoteToText(risk.withdrawableQuote),
      pendingWithdrawals: quoteToText(account.pendingWithdrawalQuote),
      ts: account.updatedAtMs,
      seq: this.#view.appliedSeq,
    }
  }

  deposit(account: AccountView, deposit: DepositView): TransferObject {
    return {
      ...this.#transfer(account, deposit.amountQuote),
      id: String(deposit.depositId),
      status: 'ok',
      txid: deposit.txHash,
      addressFrom: account.address,
      addressTo: null,
      confirmations: null,
      confirmationsNeeded: null,
      queuePlace: null,
      eta: null,
      ts: deposit.timeMs,
      updatedAt: deposit.timeMs,
      seq: deposit.seq,
    }
  }

  /** A deposit that the chain may still take back. */
  pendingDeposit(account: AccountView, deposit: PendingDepositView): TransferObject {
    const { depositId, amountQuote, txHash, blockNumber, headBlock, finalBlock, seenMs } = deposit
    return {
      ...this.#transfer(account, amountQuote),
      id: String(depositId),
      status: 'pending',
      txid: txHash,
      addressFrom: account.address,
      addressTo: null,
      confirmations: headBlock - blockNumber,
      confirmationsNeeded: headBlock - finalBlock,
      queuePlace: null,
      eta: null,
      ts: seenMs,
      updatedAt: seenMs,
      seq: null,
    }
  }

  withdrawal(account: AccountView, withdrawal: WithdrawalView): TransferObject {
    const { withdrawalId, timeMs, amountQuote, batchNo, paidAtMs } = withdrawal
    const batch = batchNo === null ? undefined : this.#view.batches.byNumber(batchNo)
    return {
      ...this.#transfer(account, amountQuote),
      id: String(withdrawalId),
      status: batchNo === null ? 'pending' : 'ok',
      txid: batch?.txHash ?? null,
      addressFrom: null,
      addressTo: account.address,
      confirmations: null,
      confirmationsNeeded: null,
      queuePlace: this.#view.withdrawals.placeOf(withdrawalId),
      eta: this.#view.withdrawals.etaOf(withdrawalId),
      ts: timeMs,
      updatedAt: paidAtMs ?? timeMs,
      seq: withdrawalId,
    }
  }

  #transfer(account: AccountView, amountQuote: number) {
    return {
      account: account.address,
      subaccount: account.subaccount,
      reason: null,
      amount: quoteToText(amountQuote),
      fee: '0',
      currency: quoteCurrency,
      network: this.#network,
    }
  }

  fundingPayment(account: AccountView, payment: FundingPaymentView): FundingPaymentObject {
    const { market, rate } = payment
    return {
      id: String(payment.seq),
      ts: payment.timeMs,
      account: account.address,
      subaccount: account.subaccount,
      market: market.definition.symbol,
      amount: quoteToText(payment.paymentQuote === 0 ? 0 : -payment.paymentQuote),
      size: unitsToText(payment.positionLots, market.definition.lotE8),
      rate: rateText(rate),
      mark: priceText(market, payment.markTicks),
      currency: quoteCurrency,
    }
  }

  batch(batch: BatchView): BatchObject {
    return {
      batchNo: batch.batchNo,
      toSeq: batch.toSeq,
      txHash: batch.txHash,
      status: batch.status,
      fills: batch.fills,
      gasUsed: batch.gasUsed,
      blockNumber: batch.blockNumber,
      ts: batch.timeMs,
    }
  }

  status(nowMs: number): StatusObject {
    const markets = [...this.#view.markets.values()].map((market) => {
      const { state, sinceMs, reason, untilMs } = market.open(this.#view.appliedTimeMs)
      return {
        market: market.definition.symbol,
        state: marketStateWord(state),
        since: sinceMs,
        reason: reasonText(state, reason),
        until: untilMs,
      }
    })
    const { level, minNotionalQuote } = this.#view.throttle
    return {
      ...this.#systemState(level),
      until: null,
      markets,
      throttle: { level, minNotional: quoteToText(minNotionalQuote) },
      withdrawals: this.#view.withdrawalsPaused ? 'paused' : 'open',
      ts: nowMs,
      seq: this.#view.appliedSeq,
      settledSeq: this.#view.batches.settledSeq,
      unsettledFills: this.#view.batches.unsettledFills,
      settlementLagMs: Math.max(0, nowMs - (this.#view.batches.oldestUnsettledMs ?? nowMs)),
    }
  }

  #systemState(throttle: number): Pick<StatusObject, 'state' | 'message' | 'since'> {
    if (this.#view.genesis === null)
      return { state: 'maintenance', message: 'The exchange is not open yet.', since: null }
    const since = this.#view.settlement.stoppedSinceMs(this.#view.appliedTimeMs)
    if (since !== undefined) return { state: 'post_only', message: STOPPED_MESSAGE, since }
    if (throttle < POST_ONLY_LEVEL) return { state: 'ok', message: null, since: null }
    const message = 'Settlement is behind: only post-only and reduce-only orders are taken.'
    return { state: 'post_only', message, since: null }
  }

  /** Price and size × 1e8 of the best levels, as a checksum wants them. */
  checksum({ book, definition }: MarketView): number {
    const { tickE8, lotE8 } = definition
    const rows = (of: Side) =>
      book
        .levels(of, CHECKSUM_LEVELS)
        .map(([ticks, lots]): [string, string] => [
          String(scaleE8(ticks, tickE8)),
          String(scaleE8(lots, lotE8)),
        ])
    return bookChecksum(rows(side.buy), rows(side.sell))
  }

  #digestOf(order: OrderView): string {
    const { definition } = order.market
    const isTriggerSigned = order.kind === orderKind.stop || order.kind === orderKind.takeProfit
    const digest = this.#verifier.orderDigest({
      market: definition.market,
      subaccount: order.subaccount,
      side: order.side,
      flags: order.flags,
      kind: order.kind,
      price: scaleE8(order.signedTicks, definition.tickE8),
      size: scaleE8(order.signedLots, definition.lotE8),
      trigger: isTriggerSigned ? scaleE8(order.advanced?.triggerTicks ?? 0, definition.tickE8) : 0,
      maxFee: order.maxFee,
      lane: order.lane,
      seq: order.laneSeq,
      expiry: order.expiryS,
    })
    return bytesHex(digest)
  }
}

/** An account beyond exact arithmetic shows the bound instead of an infinity. */
function exact(quote: number): number {
  const most = Number.MAX_SAFE_INTEGER
  return Math.min(Math.max(quote, -most), most)
}

function priceText({ definition }: MarketView, ticks: number | null): string | null {
  return ticks === null ? null : unitsToText(ticks, definition.tickE8)
}

function rateText(rate: number | null): string | null {
  return rate === null ? null : integerToText(rate, RATE_DECIMALS)
}

/** Funding is paid at each full hour. */
function nextFundingTime(nowMs: number): number {
  return nowMs - (nowMs % HOUR_MS) + HOUR_MS
}
