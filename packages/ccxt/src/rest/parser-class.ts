//! Our objects as ccxt's unified structures. Decimals stay text until ccxt's `safe*` builders make numbers of them.
import type {
  Account,
  Balances,
  Currency,
  FundingRate,
  LedgerEntry,
  LeverageTier,
  Liquidation,
  Market,
  OHLCV,
  OpenInterest,
  Order,
  Position,
  Ticker,
  Trade,
  Transaction,
} from 'ccxt'
import type { ClassOf, Raw } from '../ccxt-module.ts'
import type { PlumbTransport } from './transport-class.ts'

const LEDGER_TYPES: Record<string, string> = {
  fill: 'trade',
  deposit: 'transaction',
  withdrawal: 'transaction',
}

export function parserClass(Base: ClassOf<PlumbTransport>): ClassOf<PlumbTransport> {
  return class PlumbParsers extends Base {
    /** `BTC-PERP` is `BTC/USDC:USDC`. */
    override parseMarket(raw: Raw): Market {
      const { base, quote, settle } = raw
      const number = (key: string) => this.safeNumber(raw, key)
      const range = (min: string, max: string) => ({ min: number(min), max: number(max) })
      return this.safeMarketStructure({
        id: raw.id,
        symbol: `${base}/${quote}:${settle}`,
        base,
        quote,
        settle,
        baseId: raw.baseId,
        quoteId: raw.quoteId,
        settleId: raw.settleId,
        type: 'swap',
        spot: false,
        margin: false,
        swap: true,
        future: false,
        option: false,
        active: raw.active,
        contract: true,
        linear: true,
        inverse: false,
        subType: 'linear',
        taker: number('takerFee'),
        maker: number('makerFee'),
        contractSize: number('contractSize'),
        precision: { amount: number('stepSize'), price: number('tickSize') },
        limits: {
          leverage: { min: 1, max: number('maxLeverage') },
          amount: range('minAmount', 'maxAmount'),
          price: range('minPrice', 'maxPrice'),
          cost: range('minNotional', 'maxNotional'),
        },
        marginModes: {
          cross: raw.marginModes.includes('cross'),
          isolated: raw.marginModes.includes('isolated'),
        },
        created: raw.createdAt,
        info: raw,
      })
    }

    override parseCurrency(raw: Raw): Currency {
      const limitsOf = (of: Raw) => ({
        deposit: { min: this.safeNumber(of, 'minDeposit'), max: this.safeNumber(of, 'maxDeposit') },
        withdraw: {
          min: this.safeNumber(of, 'minWithdrawal'),
          max: this.safeNumber(of, 'maxWithdrawal'),
        },
      })
      const flags = { deposit: raw.depositEnabled, withdraw: raw.withdrawEnabled }
      const networks = raw.networks.map((network: Raw) => ({
        id: network.id,
        network: network.id,
        ...flags,
        active: raw.depositEnabled,
        fee: this.safeNumber(network, 'withdrawalFee'),
        precision: this.safeNumber(raw, 'precision'),
        limits: limitsOf(network),
        info: network,
      }))
      return this.safeCurrencyStructure({
        id: raw.id,
        code: this.safeCurrencyCode(raw.id),
        name: raw.name,
        type: raw.type,
        active: true,
        ...flags,
        fee: this.safeNumber(raw, 'withdrawalFee'),
        precision: this.safeNumber(raw, 'precision'),
        limits: { amount: {}, ...limitsOf(raw) },
        networks: this.indexBy(networks, 'network'),
        info: raw,
      })
    }

    override parseTicker(raw: Raw, market?: Market): Ticker {
      const text = (key: string) => this.safeString(raw, key)
      return this.safeTicker(
        {
          symbol: this.safeSymbol(raw.market, market),
          timestamp: raw.ts,
          datetime: this.iso8601(raw.ts),
          bid: text('bid'),
          bidVolume: text('bidSize'),
          ask: text('ask'),
          askVolume: text('askSize'),
          open: text('open'),
          high: text('high'),
          low: text('low'),
          close: text('last'),
          last: text('last'),
          baseVolume: text('baseVolume'),
          quoteVolume: text('quoteVolume'),
          markPrice: text('mark'),
          indexPrice: text('index'),
          info: raw,
        },
        market,
      )
    }

    override parseOHLCV(raw: Raw): OHLCV {
      return [
        this.safeInteger(raw, 0),
        this.safeNumber(raw, 1),
        this.safeNumber(raw, 2),
        this.safeNumber(raw, 3),
        this.safeNumber(raw, 4),
        this.safeNumber(raw, 5),
      ]
    }

    /** A public trade, or a fill of ours: that one has `orderId`, `liquidity` and `fee`. */
    override parseTrade(raw: Raw, market?: Market): Trade {
      const fee =
        raw.fee === undefined
          ? undefined
          : { cost: raw.fee.cost, currency: raw.fee.currency, rate: raw.fee.rate }
      return this.safeTrade(
        {
          id: raw.id,
          order: this.safeString(raw, 'orderId'),
          symbol: this.safeSymbol(raw.market, market),
          timestamp: raw.ts,
          datetime: this.iso8601(raw.ts),
          type: undefined,
          side: raw.side,
          takerOrMaker: this.safeString(raw, 'liquidity'),
          price: raw.price,
          amount: raw.amount,
          cost: this.safeString(raw, 'cost'),
          fee,
          info: raw,
        },
        market,
      )
    }

    override parseOrder(raw: Raw, market?: Market): Order {
      return this.safeOrder(
        {
          id: raw.id,
          clientOrderId: this.safeString(raw, 'clientOrderId'),
          symbol: this.safeSymbol(raw.market, market),
          timestamp: raw.createdAt,
          datetime: this.iso8601(raw.createdAt),
          lastTradeTimestamp: this.safeInteger(raw, 'lastTradeAt'),
          lastUpdateTimestamp: this.safeInteger(raw, 'updatedAt'),
          type: raw.type,
          timeInForce: raw.timeInForce,
          postOnly: raw.postOnly,
          reduceOnly: raw.reduceOnly,
          side: raw.side,
          price: raw.price,
          triggerPrice: this.safeString(raw, 'triggerPrice'),
          stopLossPrice: this.safeString(raw, 'stopLossPrice'),
          takeProfitPrice: this.safeString(raw, 'takeProfitPrice'),
          amount: raw.amount,
          filled: raw.filled,
          remaining: raw.remaining,
          average: this.safeString(raw, 'average'),
          cost: raw.cost,
          status: raw.status,
          fee: { cost: this.safeNumber(raw.fee, 'cost'), currency: raw.fee.currency },
          trades: raw.fills,
          info: raw,
        },
        market,
      )
    }

    override parsePosition(raw: Raw, market?: Market): Position {
      const number = (key: string) => this.safeNumber(raw, key)
      return this.safePosition({
        info: raw,
        id: undefined,
        symbol: this.safeSymbol(raw.market, market),
        timestamp: raw.ts,
        datetime: this.iso8601(raw.ts),
        lastUpdateTimestamp: undefined,
        hedged: false,
        side: raw.side,
        contracts: number('contracts'),
        contractSize: number('contractSize'),
        entryPrice: number('entryPrice'),
        markPrice: number('markPrice'),
        lastPrice: undefined,
        notional: number('notional'),
        leverage: number('leverage'),
        collateral: number('collateral'),
        initialMargin: number('initialMargin'),
        initialMarginPercentage: number('initialMarginRate'),
        maintenanceMargin: number('maintenanceMargin'),
        maintenanceMarginPercentage: number('maintenanceMarginRate'),
        marginMode: raw.marginMode,
        marginRatio: number('marginRatio'),
        liquidationPrice: number('liquidationPrice'),
        unrealizedPnl: number('unrealizedPnl'),
        realizedPnl: number('realizedPnl'),
        percentage: number('percentage'),
        stopLossPrice: undefined,
        takeProfitPrice: undefined,
      })
    }

    /** Balances: total = free + used, as the exchange counts them. */
    override parseBalance(items: Raw): Balances {
      const result: Raw = { info: items }
      for (const raw of items) {
        const account = { free: raw.free, used: raw.used, total: raw.total, debt: raw.debt }
        result[this.safeCurrencyCode(raw.currency) ?? raw.currency] = account
        result.timestamp = raw.ts
        result.datetime = this.iso8601(raw.ts)
      }
      return this.safeBalance(result)
    }

    /** A market's funding, or its ticker, which says the same. */
    override parseFundingRate(raw: Raw, market?: Market): FundingRate {
      const hours = this.safeInteger(raw, 'interval', HOUR_MS) / HOUR_MS
      const rate: Raw = {
        info: raw,
        symbol: this.safeSymbol(raw.market, market),
        markPrice: this.safeNumber(raw, 'mark'),
        indexPrice: this.safeNumber(raw, 'index'),
        interestRate: undefined,
        estimatedSettlePrice: undefined,
        timestamp: raw.ts,
        datetime: this.iso8601(raw.ts),
        fundingRate: this.safeNumber(raw, 'rate') ?? this.safeNumber(raw, 'fundingRate'),
        fundingTimestamp: raw.nextFundingTime,
        fundingDatetime: this.iso8601(raw.nextFundingTime),
        nextFundingRate: undefined,
        nextFundingTimestamp: undefined,
        nextFundingDatetime: undefined,
        previousFundingRate: undefined,
        previousFundingTimestamp: undefined,
        previousFundingDatetime: undefined,
        interval: `${hours}h`,
      }
      return rate
    }

    /** A row of the rates that were paid. */
    override parseFundingRateHistory(raw: Raw, market?: Market) {
      return {
        info: raw,
        symbol: this.safeSymbol(raw.market, market),
        fundingRate: this.safeNumber(raw, 'rate'),
        timestamp: raw.ts,
        datetime: this.iso8601(raw.ts),
      }
    }

    /** A funding payment; positive was received. */
    override parseIncome(raw: Raw, market?: Market) {
      return {
        info: raw,
        symbol: this.safeSymbol(raw.market, market),
        code: this.safeCurrencyCode(raw.currency),
        timestamp: raw.ts,
        datetime: this.iso8601(raw.ts),
        id: raw.id,
        amount: this.safeNumber(raw, 'amount'),
        rate: this.safeNumber(raw, 'rate'),
      }
    }

    override parseOpenInterest(raw: Raw, market?: Market): OpenInterest {
      const amount = this.safeString(raw, 'openInterest')
      const mark = this.safeString(raw, 'mark')
      const size = this.safeString(market, 'contractSize', '1')
      return this.safeOpenInterest(
        {
          symbol: this.safeSymbol(raw.market, market),
          openInterestAmount: amount,
          openInterestValue: productOf(amount, mark, size),
          timestamp: raw.ts,
          datetime: this.iso8601(raw.ts),
          info: raw,
        },
        market,
      )
    }

    override parseMarketLeverageTiers(raw: Raw, market?: Market): LeverageTier[] {
      return raw.map((tier: Raw) => ({
        tier: tier.tier,
        symbol: this.safeSymbol(tier.market ?? market?.id, market),
        currency: market?.settle,
        minNotional: this.safeNumber(tier, 'minNotional'),
        maxNotional: this.safeNumber(tier, 'maxNotional'),
        maintenanceMarginRate: this.safeNumber(tier, 'maintenanceMarginRate'),
        maxLeverage: this.safeNumber(tier, 'maxLeverage'),
        info: tier,
      }))
    }

    override parseLiquidation(raw: Raw, market?: Market): Liquidation {
      const liquidation: Raw = {
        info: raw,
        symbol: this.safeSymbol(raw.market, market),
        side: raw.side,
        contracts: this.safeNumber(raw, 'amount'),
        contractSize: this.safeNumber(market, 'contractSize'),
        price: this.safeNumber(raw, 'price'),
        baseValue: undefined,
        quoteValue: undefined,
        timestamp: raw.ts,
        datetime: this.iso8601(raw.ts),
      }
      return this.safeLiquidation(liquidation, market)
    }

    override parseLedgerEntry(raw: Raw, currency?: Currency): LedgerEntry {
      return this.safeLedgerEntry(
        {
          info: raw,
          id: raw.id,
          timestamp: raw.ts,
          datetime: this.iso8601(raw.ts),
          direction: raw.direction,
          account: raw.account,
          referenceId: this.safeString(raw, 'referenceId'),
          referenceAccount: undefined,
          type: LEDGER_TYPES[raw.type] ?? raw.type,
          currency: this.safeCurrencyCode(raw.currency, currency),
          amount: raw.amount,
          before: raw.before,
          after: raw.after,
          status: 'ok',
          fee: undefined,
        },
        currency,
      )
    }

    /** A deposit or withdrawal; which one, the caller knows (`plumbType`). */
    override parseTransaction(raw: Raw, currency?: Currency): Transaction {
      const code = this.safeCurrencyCode(raw.currency, currency)
      return {
        info: raw,
        id: raw.id,
        txid: this.safeString(raw, 'txid'),
        type: raw.plumbType,
        currency: code,
        network: raw.network,
        amount: this.safeNumber(raw, 'amount'),
        status: raw.status,
        timestamp: raw.ts,
        datetime: this.iso8601(raw.ts),
        updated: raw.updatedAt,
        address: this.safeString(raw, 'addressTo'),
        addressFrom: this.safeString(raw, 'addressFrom'),
        addressTo: this.safeString(raw, 'addressTo'),
        tag: undefined,
        tagFrom: undefined,
        tagTo: undefined,
        internal: false,
        comment: undefined,
        fee: { cost: this.safeNumber(raw, 'fee'), currency: code },
      }
    }

    override parseAccount(raw: Raw): Account {
      return { id: String(raw.subaccount), type: 'swap', code: undefined, info: raw }
    }
  }
}

const HOUR_MS = 3_600_000

/** Product of decimal texts as a number, for display; undefined where one is missing. */
function productOf(...factors: (string | undefined)[]): number | undefined {
  return factors.includes(undefined)
    ? undefined
    : factors.reduce((product, factor) => product * Number(factor), 1)
}
