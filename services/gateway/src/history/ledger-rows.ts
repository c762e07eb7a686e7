//! Rows of the ledger as the objects of the API, equal to what memory would have shown.

import { bytesHex } from '@plumb/chain'
import type {
  DepositRow,
  EntryRow,
  FillRow,
  FundingPaymentRow,
  FundingRateRow,
  OrderRow,
  SettlementRow,
  WithdrawalRow,
} from '@plumb/ledger'
import {
  type BatchObject,
  type FillObject,
  type FundingPaymentObject,
  type FundingRateObject,
  type LedgerObject,
  type OrderObject,
  PlumbError,
  publicFill,
  publicOrder,
  quoteCurrency,
  quoteToText,
  type TransferObject,
} from '@plumb/protocol'
import type { AccountView } from '../view/account-view.ts'
import type { ExchangeView } from '../view/exchange-view.ts'
import type { MarketView } from '../view/market-view.ts'
import type { PublicObjects } from '../view/public-objects.ts'

export class LedgerRows {
  readonly #view: ExchangeView
  readonly #objects: PublicObjects

  constructor(view: ExchangeView, objects: PublicObjects) {
    this.#view = view
    this.#objects = objects
  }

  order(account: AccountView, row: OrderRow): OrderObject {
    return publicOrder(
      {
        orderId: row.orderId,
        clientOrderId: row.clientOrderId ?? '',
        // What was signed last is not kept by the ledger once an order was amended.
        digest: null,
        account: account.address,
        subaccount: account.subaccount,
        createdAtMs: row.createdMs,
        updatedAtMs: row.updatedMs,
        lastTradeAtMs: row.lastTradeMs,
        side: row.side,
        flags: row.flags,
        priceTicks: row.priceTicks,
        filledLots: row.filledLots,
        remainingLots: row.remainingLots,
        filledQuote: row.costQuote,
        feeQuote: row.feeQuote,
        maxFee: row.maxFee,
        lane: row.lane,
        laneSeq: row.laneSeq,
        expiryS: row.expiryS,
        closeReason: row.status === 'open' ? null : row.reason,
        rejectCode: 0,
        isMarketOrder: false,
        waiting: false,
        stopLossTicks: null,
        takeProfitTicks: null,
        advanced: null,
      },
      this.#market(row.market).definition,
    )
  }

  fill(account: AccountView, row: FillRow): FillObject {
    return publicFill(
      {
        ...row,
        clientOrderId: row.clientOrderId ?? '',
        account: account.address,
        subaccount: account.subaccount,
        fee: row.fee10ppm,
        txHash: row.txHash === null ? null : bytesHex(row.txHash),
      },
      this.#market(row.market).definition,
    )
  }

  fundingRate(market: MarketView, row: FundingRateRow): FundingRateObject {
    const { seq, leg, timeMs, rateE10, indexTicks, markTicks, intervalS } = row
    const rate = { seq, leg, timeMs, rate: rateE10, indexTicks, markTicks, intervalS }
    return this.#objects.fundingRate(market, rate)
  }

  fundingPayment(account: AccountView, row: FundingPaymentRow): FundingPaymentObject {
    const { seq, leg, timeMs, paymentQuote, positionLots, rateE10, markTicks } = row
    const market = this.#market(row.market)
    const payment = {
      market,
      seq,
      leg,
      timeMs,
      paymentQuote,
      positionLots,
      rate: rateE10,
      markTicks,
    }
    return this.#objects.fundingPayment(account, payment)
  }

  deposit(account: AccountView, row: DepositRow): TransferObject {
    const { depositId, seq, leg, timeMs, amountQuote } = row
    const txHash = bytesHex(row.txHash)
    return this.#objects.deposit(account, { depositId, seq, leg, timeMs, amountQuote, txHash })
  }

  withdrawal(account: AccountView, row: WithdrawalRow): TransferObject {
    const { withdrawalId, timeMs, amountQuote, batchNo, paidMs } = row
    const [seq, leg] = [withdrawalId, 0]
    const paidAtMs = paidMs
    const shown = { withdrawalId, seq, leg, timeMs, amountQuote, batchNo, paidAtMs }
    const txid = row.txHash === null ? null : bytesHex(row.txHash)
    return { ...this.#objects.withdrawal(account, shown), txid }
  }

  batch(row: SettlementRow): BatchObject {
    return {
      batchNo: row.batchNo,
      toSeq: row.toSeq,
      txHash: row.txHash === null ? null : bytesHex(row.txHash),
      status: row.status === 'confirmed' ? 'settled' : 'submitted',
      fills: row.fills,
      gasUsed: row.gasUsed,
      blockNumber: row.blockNumber,
      ts: row.confirmedMs ?? row.timeMs,
    }
  }

  entry(account: AccountView, row: EntryRow): LedgerObject {
    return {
      id: `${row.seq}.${row.leg}`,
      ts: row.timeMs,
      account: account.address,
      subaccount: account.subaccount,
      direction: row.direction,
      type: row.kind,
      amount: quoteToText(row.amountQuote),
      before: quoteToText(row.beforeQuote),
      after: quoteToText(row.afterQuote),
      currency: quoteCurrency,
      market: row.market === null ? null : this.#market(row.market).definition.symbol,
      referenceId: String(row.reference),
    }
  }

  #market(id: number): MarketView {
    const market = this.#view.markets.get(id)
    if (market === undefined) throw new PlumbError('HISTORY_UNAVAILABLE') // the ledger is ahead of us
    return market
  }
}
