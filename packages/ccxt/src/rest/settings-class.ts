//! Settings of an account: leverage, margin mode, dead man's switch, transfers between subaccounts; and its fees.
import type {
  Int,
  Leverage,
  Liquidation,
  MarginMode,
  MarginModification,
  Market,
  Str,
  TradingFeeInterface,
  TradingFees,
  TransferEntry,
} from 'ccxt'
import { plain } from '../canonical-decimal.ts'
import type { Ccxt, ClassOf, Raw } from '../ccxt-module.ts'
import type { PlumbTrading } from './trading-class.ts'

export function settingsClass(ccxt: Ccxt, Base: ClassOf<PlumbTrading>): ClassOf<PlumbTrading> {
  return class WithSettings extends Base {
    /** Whole leverage of a market, 1 … its maximum. @throws NoChange when it is that already */
    override async setLeverage(leverage: number, symbol?: Str, params: Raw = {}): Promise<Raw> {
      await this.loadMarkets()
      const market = this.market(this.plumbRequired('setLeverage', 'symbol', symbol))
      const { account } = this.plumbTraderOf(params)
      return await this.plumbResult(account.setLeverage(String(market['id']), leverage))
    }

    override async fetchLeverage(symbol: string, params: Raw = {}): Promise<Leverage> {
      await this.loadMarkets()
      const market = this.market(symbol)
      const request = this.plumbScope({ market: market['id'], ...params })
      return this.parseLeverage(await this['privateGetMarketsMarketLeverage'](request), market)
    }

    /** None of one's own (0) is the market's maximum. */
    override parseLeverage(raw: Raw, market?: Market): Leverage {
      const leverage = raw.leverage === 0 ? this.safeNumber(raw, 'maxLeverage') : raw.leverage
      return {
        info: raw,
        symbol: this.safeSymbol(raw.market, market),
        marginMode: raw.marginMode,
        longLeverage: leverage,
        shortLeverage: leverage,
      }
    }

    /** Binds the subaccount to one market (isolated) or frees it. @throws MarginModeAlreadySet */
    override async setMarginMode(marginMode: string, symbol?: Str, params: Raw = {}): Promise<Raw> {
      await this.loadMarkets()
      if (marginMode !== 'cross' && marginMode !== 'isolated')
        throw new ccxt.BadRequest(`${this.id} setMarginMode() is cross or isolated`)
      const market = this.market(this.plumbRequired('setMarginMode', 'symbol', symbol))
      const { account } = this.plumbTraderOf(params)
      return await this.plumbResult(account.setMarginMode(String(market['id']), marginMode))
    }

    override async fetchMarginMode(symbol: string, params: Raw = {}): Promise<MarginMode> {
      await this.loadMarkets()
      const market = this.market(symbol)
      const request = this.plumbScope({ market: market['id'], ...params })
      const raw = await this['privateGetMarketsMarketMarginMode'](request)
      return { info: raw, symbol, marginMode: raw.marginMode }
    }

    /** Cancels everything, or all of `params.symbol`, in `timeout` ms unless it is called again; 0 disarms. */
    override async cancelAllOrdersAfter(timeout: Int, params: Raw = {}): Promise<Raw> {
      const { symbol, ...scope } = params
      const { account } = this.plumbTraderOf(scope)
      if (symbol === undefined) return await this.plumbResult(account.cancelAfter(timeout ?? 0))
      await this.loadMarkets()
      const market = String(this.market(String(symbol))['id'])
      return await this.plumbResult(account.cancelAfter(timeout ?? 0, market))
    }

    /** Between subaccounts of the wallet, by number. */
    override async transfer(
      code: string,
      amount: number,
      fromAccount: string,
      toAccount: string,
    ): Promise<TransferEntry> {
      await this.loadMarkets()
      const text = plain(this.currencyToPrecision(code, amount) ?? '')
      const trader = this.plumbTraderOf({ subaccount: Number(fromAccount) })
      const reply = await this.plumbResult(trader.transfer(Number(toAccount), text))
      const timestamp = this.milliseconds()
      return {
        info: reply,
        id: String(reply.seq),
        timestamp,
        datetime: this.iso8601(timestamp),
        currency: code,
        amount: Number(text),
        fromAccount,
        toAccount,
        status: 'ok',
      }
    }

    override async fetchTransfers(
      code?: string,
      since?: Int,
      limit?: Int,
      params: Raw = {},
    ): Promise<TransferEntry[]> {
      await this.loadMarkets()
      const currency = code === undefined ? undefined : this.currency(code)
      const ask = (page: Raw) => this['privateGetTransfers'](this.plumbScope(page))
      const rows = await this.plumbRows(ask, since, limit, params)
      return this.parseTransfers(rows, currency, since, limit)
    }

    override parseTransfer(raw: Raw): TransferEntry {
      const [own, other] = [String(raw.subaccount), String(raw.otherSubaccount)]
      const [fromAccount, toAccount] = raw.direction === 'out' ? [own, other] : [other, own]
      return {
        info: raw,
        id: raw.id,
        timestamp: raw.ts,
        datetime: this.iso8601(raw.ts),
        currency: this.safeCurrencyCode(raw.currency ?? 'USDC'),
        amount: Number(raw.amount),
        fromAccount,
        toAccount,
        status: 'ok',
      }
    }

    /**
     * Moves collateral into the subaccount that is isolated to the market: its number in `params.subaccount`, or the only
     * one there is; out of `params.fromSubaccount`, 0 by default. @throws BadRequest without such a subaccount
     */
    override async addMargin(
      symbol: string,
      amount: number,
      params: Raw = {},
    ): Promise<MarginModification> {
      return await this.plumbMoveMargin('add', symbol, amount, params)
    }

    /** The other way: out of the isolated subaccount into `params.toSubaccount`, 0 by default. */
    override async reduceMargin(
      symbol: string,
      amount: number,
      params: Raw = {},
    ): Promise<MarginModification> {
      return await this.plumbMoveMargin('reduce', symbol, amount, params)
    }

    async plumbMoveMargin(
      type: 'add' | 'reduce',
      symbol: string,
      amount: number,
      params: Raw,
    ): Promise<MarginModification> {
      await this.loadMarkets()
      const market = this.market(symbol)
      const { subaccount, fromSubaccount = 0, toSubaccount = 0 } = params
      const request = this.plumbScope({ market: market['id'] })
      const ask = async () => (await this['privateGetMarketsMarketIsolatedMargin'](request)).items
      const isolated: Raw[] = await ask()
      const chosen = isolated.filter(
        (row) => subaccount === undefined || row.subaccount === subaccount,
      )
      const [one] = chosen
      if (one === undefined || chosen.length > 1)
        throw new ccxt.BadRequest(
          `${this.id} ${type}Margin() needs params.subaccount: ${chosen.length} of ${isolated.length} subaccounts isolated to ${symbol}`,
        )
      const text = plain(this.currencyToPrecision('USDC', amount) ?? '')
      const [from, to] =
        type === 'add' ? [fromSubaccount, one.subaccount] : [one.subaccount, toSubaccount]
      const trader = this.plumbTraderOf({ subaccount: from })
      const info = await this.plumbResult(trader.transfer(to, text))
      const after: Raw = (await ask()).find((row: Raw) => row.subaccount === one.subaccount)
      const timestamp = this.milliseconds()
      return {
        info,
        symbol,
        type,
        marginMode: 'isolated',
        amount: Number(text),
        total: Number(after.collateral),
        code: 'USDC',
        status: 'ok',
        timestamp,
        datetime: this.iso8601(timestamp),
      }
    }

    /** The wallet's own rates, with its tier. */
    override async fetchTradingFees(params: Raw = {}): Promise<TradingFees> {
      await this.loadMarkets()
      const info = await this['privateGetFeesMe'](this.plumbScope(params))
      const fees: TradingFeeInterface[] = info.markets.map((raw: Raw) => ({
        info: raw,
        symbol: this.safeSymbol(raw.market),
        maker: this.safeNumber(raw, 'maker'),
        taker: this.safeNumber(raw, 'taker'),
        percentage: true,
        tierBased: true,
      }))
      return this.indexBy(fees, 'symbol')
    }

    override async fetchTradingFee(symbol: string, params: Raw = {}): Promise<TradingFeeInterface> {
      const fees = await this.fetchTradingFees(params)
      return this.plumbRequired('fetchTradingFee', 'fee', fees[this.symbol(symbol)])
    }

    override async fetchLiquidations(
      symbol: string,
      since?: Int,
      limit?: Int,
      params: Raw = {},
    ): Promise<Liquidation[]> {
      await this.loadMarkets()
      const market = this.market(symbol)
      const ask = (page: Raw) =>
        this['publicGetMarketsMarketLiquidations']({ market: market['id'], ...page })
      const rows = await this.plumbRows(ask, since, limit, params)
      return this.parseLiquidations(rows, market, since, limit)
    }
  }
}
