//! Rows of the ledger as the objects of the API, equal to what memory would have shown.

import { bytesHex } from '@plumb/chain'
import type {
  DepositRow,
  EntryRow,
  FillRow,
  FundingPaymentRow,
  FundingRateRow,
  LiquidationRow,
  NoticeRow,
  OrderRow,
  PositionMoveRow,
  SettlementRow,
  WithdrawalRow,
} from '@plumb/ledger'
import { orderStyle, triggerKind, triggerSource } from '@plumb/model'
import {
  type AdvancedRecord,
  type BatchObject,
  type FillObject,
  type FundingPaymentObject,
  type FundingRateObject,
  type LedgerObject,
  type LiquidationObject,
  type NoticeObject,
  type OrderObject,
  PlumbError,
  type PositionMoveObject,
  publicFill,
  publicOrder,
  quoteCurrency,
  quoteToText,
  type TransferObject,
  unitsToText,
} from '@plumb/protocol'
import type { AccountView } from '../view/account-view.ts'
import type { ExchangeView } from '../view/exchange-view.ts'
import type { MarketView } from '../view/market-view.ts'
import type { PublicObjects } from '../view/public-objects.ts'
import { noticeObject } from '../view/setting-objects.ts'

/** By the number of the stage. */
const stageWords = ['cancel', 'book', 'backstop', 'insurance', 'adl'] as const

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
        signer: bytesHex(row.signer),
        rejectCode: row.rejectCode,
        isMarketOrder: row.style === orderStyle.market,
        waiting: false,
        stopLossTicks: null,
        takeProfitTicks: null,
        advanced: advancedOf(row),
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

  liquidation(account: AccountView, row: LiquidationRow): LiquidationObject {
    const { definition } = this.#market(row.market)
    const { tickE8, lotE8 } = definition
    return {
      id: `${row.seq}.${row.leg}`,
      ts: row.timeMs,
      account: account.address,
      subaccount: account.subaccount,
      market: definition.symbol,
      stage: stageWords[row.stage] ?? 'cancel',
      mark: unitsToText(row.markTicks, tickE8),
      index: unitsToText(row.indexTicks, tickE8),
      equity: quoteToText(row.equityQuote),
      maintenanceMargin: quoteToText(row.maintenanceQuote),
      initialMargin: quoteToText(row.initialQuote),
      position: unitsToText(row.positionLots, lotE8),
      amount: unitsToText(Math.abs(row.sizeLots), lotE8),
      limitPrice: row.limitTicks === 0 ? null : unitsToText(row.limitTicks, tickE8),
      insurance: quoteToText(row.trancheQuote),
      seq: row.seq,
    }
  }

  notice(account: AccountView, row: NoticeRow): NoticeObject {
    const market = row.market === null ? null : this.#market(row.market)
    return noticeObject(account, { ...row, market })
  }

  positionMove(account: AccountView, row: PositionMoveRow): PositionMoveObject {
    const { definition } = this.#market(row.market)
    return {
      id: `${row.seq}.${row.leg}`,
      ts: row.timeMs,
      account: account.address,
      subaccount: account.subaccount,
      market: definition.symbol,
      type: row.kind,
      amount: unitsToText(row.lotsChange, definition.lotE8),
      price: unitsToText(row.priceTicks, definition.tickE8),
      value: quoteToText(row.quote),
      realizedPnl: quoteToText(row.realizedQuote),
      insurance: quoteToText(row.insuranceQuote),
      deficit: quoteToText(row.deficitQuote),
      rank: row.rank,
      seq: row.seq,
    }
  }

  #market(id: number): MarketView {
    const market = this.#view.markets.get(id)
    if (market === undefined) throw new PlumbError('HISTORY_UNAVAILABLE') // the ledger is ahead of us
    return market
  }
}

/** What is kept of an advanced order's terms. */
function advancedOf(row: OrderRow): AdvancedRecord | null {
  if (row.limitTicks === null) return null
  return {
    style: row.style,
    triggerKind: row.triggerKind ?? triggerKind.none,
    triggerSource: row.triggerSource ?? triggerSource.mark,
    triggerTicks: row.triggerTicks ?? 0,
    limitTicks: row.limitTicks,
    offsetTicks: row.offsetTicks ?? 0,
    count: row.parts ?? 0,
    seconds: row.seconds,
    slippagePpm: row.slippagePpm,
    displayLots: row.displayLots ?? 0,
    oco: row.oco,
    parent: row.parent,
  }
}
