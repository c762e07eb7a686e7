//! Views as the objects of the API.

import { bytesHex, scaleE8, type Verifier } from '@plumb/chain'
import { type Side, side } from '@plumb/model'
import {
  type AccountObject,
  type BalanceObject,
  type BatchObject,
  type BookObject,
  type FillObject,
  type FundingObject,
  type FundingPaymentObject,
  type FundingRateObject,
  integerToText,
  type MarketObject,
  marketStateWord,
  type OrderObject,
  type PositionObject,
  publicFill,
  publicMarket,
  publicOrder,
  publicPosition,
  quoteCurrency,
  quoteToText,
  ratioToText,
  sideWord,
  type TickerObject,
  type TradeObject,
  type TransferObject,
  unitsToText,
} from '@plumb/protocol'
import { accountMargin, liquidationTicks } from './account-margin.ts'
import type {
  AccountView,
  DepositView,
  FillView,
  FundingPaymentView,
  PositionView,
  WithdrawalView,
} from './account-view.ts'
import type { BatchView } from './batch-view.ts'
import type { BookLevel } from './book-view.ts'
import type { Candle } from './candle-view.ts'
import type { ExchangeView } from './exchange-view.ts'
import type { FundingRateView, MarketView, TradeView } from './market-view.ts'
import type { OrderView } from './order-view.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const RATE_DECIMALS = 10
/** Largest 8-hour funding rate: 4 % an hour (risk.md 1.4). */
const FUNDING_CAP = '0.32'

/** Builders over one view. They read live state: what they return is of this moment. */
export class PublicObjects {
  readonly #view: ExchangeView
  readonly #verifier: Verifier
  readonly #network: string

  constructor(view: ExchangeView, verifier: Verifier, chainId: number) {
    this.#view = view
    this.#verifier = verifier
    this.#network = `evm-${chainId}`
  }

  market({ definition, state, createdAtMs }: MarketView): MarketObject {
    return publicMarket(definition, state, createdAtMs)
  }

  order(order: OrderView): OrderObject {
    order.digest ??= this.#digestOf(order)
    return publicOrder(order, order.market.definition)
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
      liquidation: false,
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
  ) {
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

  position(account: AccountView, position: PositionView): PositionObject {
    const margin = accountMargin(account)
    const { market, sizeLots, costQuote, realizedQuote, fundingPaidQuote } = position
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
        equityQuote: margin.equityQuote,
        liquidationTicks: liquidationTicks(position, margin),
      },
      market.definition,
    )
  }

  /** Open positions only. */
  positions(account: AccountView): PositionObject[] {
    return [...account.positions.values()]
      .filter(({ sizeLots }) => sizeLots !== 0)
      .map((position) => this.position(account, position))
  }

  balance(account: AccountView): BalanceObject {
    const margin = accountMargin(account)
    const total = Math.max(0, account.cashQuote)
    const used = Math.min(total, margin.initialQuote + margin.orderQuote + margin.lossQuote)
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
    const margin = accountMargin(account)
    const { equityQuote, maintenanceQuote } = margin
    return {
      account: account.address,
      subaccount: account.subaccount,
      id: String(account.accountId),
      equity: quoteToText(equityQuote),
      cash: quoteToText(account.cashQuote),
      unrealizedPnl: quoteToText(margin.unrealizedQuote),
      initialMargin: quoteToText(margin.initialQuote),
      maintenanceMargin: quoteToText(maintenanceQuote),
      orderMargin: quoteToText(margin.orderQuote),
      marginRatio:
        equityQuote > 0 ? ratioToText(BigInt(maintenanceQuote), BigInt(equityQuote), 8) : null,
      withdrawable: quoteToText(margin.withdrawableQuote),
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
      ts: deposit.timeMs,
      updatedAt: deposit.timeMs,
      seq: deposit.seq,
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

  status(nowMs: number) {
    const markets = [...this.#view.markets.values()].map((market) => ({
      market: market.definition.symbol,
      state: marketStateWord(market.state),
    }))
    return {
      state: this.#view.genesis === null ? 'maintenance' : 'ok',
      message: null,
      since: null,
      until: null,
      markets,
      withdrawals: this.#view.withdrawalsPaused ? 'paused' : 'open',
      ts: nowMs,
      seq: this.#view.appliedSeq,
      settledSeq: this.#view.batches.settledSeq,
      unsettledFills: this.#view.batches.unsettledFills,
      settlementLagMs: Math.max(0, nowMs - (this.#view.batches.oldestUnsettledMs ?? nowMs)),
    }
  }

  #digestOf(order: OrderView): string {
    const { definition } = order.market
    const digest = this.#verifier.orderDigest({
      market: definition.market,
      subaccount: order.subaccount,
      side: order.side,
      flags: order.flags,
      kind: order.kind,
      price: scaleE8(order.priceTicks, definition.tickE8),
      size: scaleE8(order.signedLots, definition.lotE8),
      trigger: 0,
      maxFee: order.maxFee,
      lane: order.lane,
      seq: order.laneSeq,
      expiry: order.expiryS,
    })
    return bytesHex(digest)
  }
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
