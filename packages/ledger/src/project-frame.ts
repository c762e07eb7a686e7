//! One command's events -> rows. Pure but for the state and the rows it is given.
import {
  decodeEvent,
  type EngineEvent,
  EVENT_STRIDE,
  eventHeader,
  eventsThatTouch,
  header,
  kindsThatTouch,
} from '@plumb/model'
import type { LedgerState } from './ledger-state.ts'
import type { PendingRows } from './pending-rows.ts'
import {
  checkBooked,
  projectDeposit,
  projectFundingPayment,
  projectTransfers,
  projectWithdrawal,
  projectWithdrawalPayment,
} from './project-cash.ts'
import {
  projectAccountOpened,
  projectConfirmation,
  projectFundingRate,
  projectGenesis,
  projectListing,
  projectMark,
} from './project-market.ts'
import { projectNotice } from './project-notice.ts'
import {
  projectOrderAmended,
  projectOrderClosed,
  projectOrderPlaced,
  projectOrderReduced,
  projectOrderRequeued,
  projectOrderTriggered,
} from './project-order.ts'
import {
  projectAdl,
  projectAdlRound,
  projectLiquidation,
  projectPositionSettled,
  projectReduction,
  projectTakeover,
} from './project-position.ts'
import { projectLiquidationFilled, projectTradeExecuted } from './project-trade.ts'

/** A sequenced command and its event records, as the feed delivers them. */
export type Frame = { seq: number; command: Uint8Array; events: Uint8Array }

/** Kinds that leave postings or rows: the others are not worth decoding. */
const read = kindsThatTouch('money', 'history')
const leavesRow = eventsThatTouch('history')
const TIME_MARK_MS = 1_000

export function projectFrame(state: LedgerState, rows: PendingRows, frame: Frame): void {
  const { command, events } = frame
  markTime(state, rows, frame)
  const view = new DataView(events.buffer, events.byteOffset, events.byteLength)
  for (let at = 0; at < events.length; at += EVENT_STRIDE)
    if (read.has(view.getInt32(at + eventHeader.kindI32 * 4, true)))
      projectEvent(state, rows, decodeEvent(events, at), command)
  state.seq = frame.seq
}

function markTime(state: LedgerState, rows: PendingRows, { seq, command }: Frame): void {
  const view = new DataView(command.buffer, command.byteOffset, command.byteLength)
  const timeMs = view.getFloat64(header.timeMsF64 * 8, true)
  if (timeMs - state.timeMarkMs < TIME_MARK_MS) return
  state.timeMarkMs = timeMs
  rows.seqTimes.begin().i64(seq).i64(timeMs)
}

function projectEvent(
  state: LedgerState,
  rows: PendingRows,
  event: EngineEvent,
  command: Uint8Array,
): void {
  projectTransfers(state, rows, event)
  if (!leavesRow(event)) return
  projectNotice(rows, event)
  switch (event.kind) {
    case 'ExchangeOpened':
      return projectGenesis(rows, command)
    case 'MarketListed':
      return projectListing(state, rows, command)
    case 'AccountOpened':
      return projectAccountOpened(state, rows, event)
    case 'DepositCredited':
      return projectDeposit(state, rows, event)
    case 'WithdrawalAccepted':
      return projectWithdrawal(state, rows, event)
    case 'WithdrawalPaid':
      return projectWithdrawalPayment(rows, event)
    case 'OrderPlaced':
      return projectOrderPlaced(state, rows, event, command)
    case 'OrderAmended':
      return projectOrderAmended(state, rows, event, command)
    case 'OrderClosed':
      return projectOrderClosed(state, rows, event)
    case 'TradeExecuted':
      return projectTradeExecuted(state, rows, event)
    case 'LiquidationFilled':
      return projectLiquidationFilled(state, rows, event)
    case 'LiquidationExplained':
      return projectLiquidation(rows, event)
    case 'PositionTakenOver':
      return projectTakeover(state, rows, event)
    case 'PositionReduced':
      return projectReduction(state, rows, event)
    case 'AdlExecuted':
      return projectAdl(state, rows, event)
    case 'AdlRound':
      return projectAdlRound(state, rows, event)
    case 'PositionSettled':
      checkBooked(state, event)
      return projectPositionSettled(state, rows, event)
    case 'TransferBooked':
    case 'InsuranceFunded':
      return checkBooked(state, event)
    case 'OrderTriggered':
      return projectOrderTriggered(state, rows, event)
    case 'OrderRequeued':
      return projectOrderRequeued(state, rows, event)
    case 'OrderReduced':
      return projectOrderReduced(state, rows, event)
    case 'MarketSettled': {
      const { market, priceTicks } = event
      return projectMark(state, rows, { market, markTicks: priceTicks, indexTicks: priceTicks })
    }
    case 'FundingSettled':
      return projectFundingPayment(state, rows, event)
    case 'MarkUpdated':
      return projectMark(state, rows, event)
    case 'FundingApplied':
      return projectFundingRate(state, rows, event)
    case 'BatchConfirmed':
      return projectConfirmation(rows, event)
    case 'BadDebt':
    case 'ChainNoticed':
    case 'FeeTierChanged':
      return // notices, no more
    case 'MarketStateChanged':
      rows.marketStates.set(event.market, event.state)
      return
    default:
      return event satisfies never
  }
}
