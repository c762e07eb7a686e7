//! Events -> postings. Each moves one amount from one account to another, so every seq sums to zero by construction.
import {
  type EngineEvent,
  type EventHeader,
  type EventsThatTouch,
  eventsThatTouch,
  type LiquidationFilled,
  type MarketId,
  type Quote,
  type Seq,
  side,
} from '@plumb/model'
import { type LedgerAccountId, ledgerAccount } from './ledger-account.ts'

/** Numbers of transfers.kind; the names are public. */
export const transferKind = {
  deposit: 1,
  trade: 2,
  fee: 3,
  rebate: 4,
  funding: 5,
  withdrawal: 6,
  withdrawal_paid: 7,
  /** Between two subaccounts of one owner. */
  transfer: 8,
  /** A trader's own money into an insurance tranche. */
  insurance_contribution: 9,
  /** Price of lots that a liquidation traded on the book. */
  liquidation: 10,
  /** Of a liquidated account into the tranche. */
  liquidation_fee: 11,
  /** Of the tranche to an account that could not pay. */
  insurance_payout: 12,
  /** A backstop account's payment for a position, or what it is paid to take it. */
  takeover: 13,
  /** Mark value of lots closed by auto-deleveraging. */
  adl: 14,
  /** A counterparty's share of a bankrupt account's deficit. */
  adl_deficit: 15,
  /** A delisted market's position at the last price. */
  settlement: 16,
  /** A deficit that nobody bore. */
  bad_debt: 17,
} as const
export type TransferKind = keyof typeof transferKind

/** `debit` pays `credit` the amount, micro-USDC, always above zero. */
export type Posting = {
  seq: Seq
  /** Unique within the seq: event leg × 4 + 0 … 2. */
  leg: number
  debit: LedgerAccountId
  credit: LedgerAccountId
  amountQuote: Quote
  kind: TransferKind
  market: MarketId | undefined
  /**
   * Number of the trade, deposit or withdrawal; the funding index for funding; the lane sequence number of a transfer
   * or contribution; the victim's account for auto-deleveraging, the backstop's for a takeover; else 0.
   */
  reference: number
}

const LEGS_PER_EVENT = 4
const movesMoney = eventsThatTouch('money')
const { external, fees, pendingWithdrawals, trader, fundingPool, insurance, badDebt, clearing } =
  ledgerAccount

/**
 * The postings of one event, in the order they happen; none for events that move no money.
 *
 * @example postingsOf(tradeExecuted) // [{ kind: 'trade', … }, { kind: 'fee', … }, { kind: 'rebate', … }]
 */
export function postingsOf(event: EngineEvent): Posting[] {
  if (!movesMoney(event)) return []
  const list = new PostingList(event)
  addPostings(list, event)
  return list.postings
}

/** What one event posts; amounts of zero are left out, negative ones run the other way round. */
class PostingList {
  readonly postings: Posting[] = []
  readonly #seq: Seq
  #leg: number

  constructor({ seq, leg }: EventHeader) {
    this.#seq = seq
    this.#leg = leg * LEGS_PER_EVENT
  }

  /** `from` pays `to`; the place counts also when there is nothing to pay. */
  move(
    kind: TransferKind,
    from: LedgerAccountId,
    to: LedgerAccountId,
    amountQuote: Quote,
    reference: number,
    market?: MarketId,
  ): this {
    const leg = this.#leg++
    if (amountQuote === 0) return this
    const pays = amountQuote > 0
    this.postings.push({
      seq: this.#seq,
      leg,
      debit: pays ? from : to,
      credit: pays ? to : from,
      amountQuote: Math.abs(amountQuote),
      kind,
      market,
      reference,
    })
    return this
  }

  /** `payer` pays a fee, or is paid a rebate. */
  fee(payer: LedgerAccountId, feeQuote: Quote, tradeId: number, market: MarketId): this {
    return this.move(feeQuote > 0 ? 'fee' : 'rebate', payer, fees, feeQuote, tradeId, market)
  }
}

function addPostings(list: PostingList, event: EventsThatTouch<'money'>): void {
  switch (event.kind) {
    case 'DepositCredited': {
      const { accountId, amountQuote, depositId } = event
      list.move('deposit', external, trader(accountId), amountQuote, depositId)
      return
    }
    case 'WithdrawalAccepted': {
      const { accountId, amountQuote, withdrawalId } = event
      list.move('withdrawal', trader(accountId), pendingWithdrawals, amountQuote, withdrawalId)
      return
    }
    case 'WithdrawalPaid': {
      const { amountQuote, withdrawalId } = event
      list.move('withdrawal_paid', pendingWithdrawals, external, amountQuote, withdrawalId)
      return
    }
    case 'FundingSettled': {
      const { accountId, market, paymentQuote, fundingIndex } = event
      const pool = fundingPool(market)
      list.move('funding', trader(accountId), pool, paymentQuote, fundingIndex, market)
      return
    }
    case 'TradeExecuted': {
      const { market, tradeId, quote } = event
      const [taker, maker] = [trader(event.takerAccountId), trader(event.makerAccountId)]
      const [buyer, seller] = event.takerSide === side.buy ? [taker, maker] : [maker, taker]
      list
        .move('trade', buyer, seller, quote, tradeId, market)
        .fee(taker, event.takerFeeQuote, tradeId, market)
        .fee(maker, event.makerFeeQuote, tradeId, market)
      return
    }
    case 'TransferBooked': {
      const { accountId, toAccountId, amountQuote, laneSeq } = event
      list.move('transfer', trader(accountId), trader(toAccountId), amountQuote, laneSeq)
      return
    }
    case 'InsuranceFunded': {
      const { accountId, market, amountQuote, laneSeq } = event
      const [from, to] = [trader(accountId), insurance(market)]
      list.move('insurance_contribution', from, to, amountQuote, laneSeq, market)
      return
    }
    case 'DustCollected': {
      const { market, amountQuote } = event
      list.move('funding', fundingPool(market), insurance(market), amountQuote, 0, market)
      return
    }
    case 'LiquidationFilled':
      return addLiquidation(list, event)
    case 'PositionTakenOver': {
      const { accountId, backstopAccountId, market, quote, insuranceQuote } = event
      const victim = trader(accountId)
      list
        .move('takeover', trader(backstopAccountId), victim, quote, backstopAccountId, market)
        .move('insurance_payout', insurance(market), victim, insuranceQuote, 0, market)
      return
    }
    case 'PositionReduced': {
      const { accountId, backstopAccountId, market, quote } = event
      const [from, to] = [trader(backstopAccountId), trader(accountId)]
      list.move('takeover', from, to, quote, backstopAccountId, market)
      return
    }
    case 'AdlExecuted': {
      const { accountId, victimAccountId, market, quote, deficitQuote } = event
      const [own, victim] = [trader(accountId), trader(victimAccountId)]
      list
        .move('adl', victim, own, quote, victimAccountId, market)
        .move('adl_deficit', own, victim, deficitQuote, victimAccountId, market)
      return
    }
    case 'AdlRound': {
      const { accountId, market, insuranceQuote } = event
      list.move('insurance_payout', insurance(market), trader(accountId), insuranceQuote, 0, market)
      return
    }
    case 'PositionSettled': {
      const { accountId, market, quote } = event
      list.move('settlement', clearing(market), trader(accountId), quote, 0, market)
      return
    }
    case 'BadDebt': {
      const { accountId, market, amountQuote, insuranceQuote } = event
      list
        .move('bad_debt', badDebt(market), trader(accountId), amountQuote, 0, market)
        .move('insurance_payout', insurance(market), trader(accountId), insuranceQuote, 0, market)
      return
    }
    default:
      // A new kind of event that moves money must say how.
      return event satisfies never
  }
}

/** The lots at their price, then what goes into the tranche or comes out of it, then the maker's fee. */
function addLiquidation(list: PostingList, event: LiquidationFilled): void {
  const { market, tradeId, quote, insuranceQuote } = event
  const [victim, maker] = [trader(event.accountId), trader(event.makerAccountId)]
  const [buyer, seller] = event.side === side.buy ? [victim, maker] : [maker, victim]
  const kind = insuranceQuote > 0 ? 'liquidation_fee' : 'insurance_payout'
  list
    .move('liquidation', buyer, seller, quote, tradeId, market)
    .move(kind, victim, insurance(market), insuranceQuote, tradeId, market)
    .fee(maker, event.makerFeeQuote, tradeId, market)
}
