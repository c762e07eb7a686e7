//! Positions: by fills, and by what moves them without one - takeovers, auto-deleveraging, settlement of a delisted market.
import type {
  AccountId,
  AdlExecuted,
  AdlRound,
  EventHeader,
  LiquidationExplained,
  Lots,
  MarketId,
  PositionReduced,
  PositionSettled,
  PositionTakenOver,
  Quote,
} from '@plumb/model'
import { LedgerError } from './ledger-error.ts'
import { type LedgerState, type PositionState, positionKey } from './ledger-state.ts'
import type { PendingRows } from './pending-rows.ts'

/** Numbers of position_moves.kind. */
export const positionMoveKind = { takeover: 1, adl: 2, settlement: 3 } as const

type Place = EventHeader & { market: MarketId }
type Move = {
  /** Signed change. */
  lots: Lots
  /** What the account paid for them, negative = received. */
  paidQuote: Quote
  realizedQuote: Quote
  /** What the engine says it holds afterwards; undefined where its event does not say. */
  positionLots: Lots | undefined
}

/** Cost rises by what was paid and falls by what was received, less what was realised: exact, so flat costs nothing. */
export function movePosition(
  state: LedgerState,
  rows: PendingRows,
  { seq, leg, timeMs, market }: Place,
  accountId: AccountId,
  { lots, paidQuote, realizedQuote, positionLots }: Move,
): PositionState {
  const position = positionOf(state, accountId, market)
  const before = position.positionLots
  const after = before + lots
  const entryCost = position.entryCostQuote + paidQuote + realizedQuote
  if ((positionLots !== undefined && after !== positionLots) || (after === 0 && entryCost !== 0))
    throw new LedgerError(
      'DIVERGED',
      `seq ${seq}: event ${leg} leaves account ${accountId} ${positionLots ?? after} lots of market ${market} in the engine, ${after} costing ${entryCost} in the ledger`,
    )
  position.positionLots = after
  position.entryCostQuote = entryCost
  position.realizedQuote += realizedQuote
  position.sinceRealizedQuote += realizedQuote
  if (after !== 0 && (before === 0 || before > 0 !== after > 0)) {
    position.openedMs = timeMs
    position.sinceRealizedQuote = 0
    position.sinceFundingQuote = 0
  }
  position.updatedSeq = seq
  rows.positions.add(position)
  return position
}

function positionOf(state: LedgerState, accountId: number, market: number): PositionState {
  const key = positionKey(accountId, market)
  let position = state.positions.get(key)
  if (position === undefined) {
    position = {
      accountId,
      market,
      positionLots: 0,
      entryCostQuote: 0,
      realizedQuote: 0,
      feesQuote: 0,
      fundingQuote: 0,
      sinceRealizedQuote: 0,
      sinceFundingQuote: 0,
      openedMs: 0,
      updatedSeq: 0,
    }
    state.positions.set(key, position)
  }
  return position
}

type MoveRow = {
  kind: number
  accountId: AccountId
  lots: Lots
  priceTicks: number
  /** Received, negative = paid. */
  quote: Quote
  realizedQuote: Quote
  insuranceQuote: Quote
  deficitQuote: Quote
  counterpartyId: AccountId | null
  rank: number | null
}

/** @param side 0 or 1: an event has a row for each of at most two accounts */
function addMoveRow(rows: PendingRows, place: Place, side: 0 | 1, row: MoveRow): void {
  rows.positionMoves
    .begin()
    .i64(place.seq)
    .i32(place.leg * 2 + side)
    .i64(place.timeMs)
    .i16(row.kind)
    .i32(row.accountId)
    .i16(place.market)
    .i64(row.lots)
    .i64(row.priceTicks)
    .i64(row.quote)
    .i64(row.realizedQuote)
    .i64(row.insuranceQuote)
    .i64(row.deficitQuote)
  if (row.counterpartyId === null) rows.positionMoves.null()
  else rows.positionMoves.i32(row.counterpartyId)
  rows.positionMoves.i16OrNull(row.rank)
}

export function projectTakeover(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & PositionTakenOver,
): void {
  const { accountId, backstopAccountId, sizeLots, quote, realizedQuote } = event
  const shared = { kind: positionMoveKind.takeover, priceTicks: event.markTicks, rank: null }
  movePosition(state, rows, event, accountId, {
    lots: 0 - sizeLots,
    paidQuote: 0 - quote,
    realizedQuote,
    // All that it held, unless the chain did it and more has been matched meanwhile.
    positionLots: undefined,
  })
  addMoveRow(rows, event, 0, {
    ...shared,
    accountId,
    lots: 0 - sizeLots,
    quote,
    realizedQuote,
    insuranceQuote: event.insuranceQuote,
    deficitQuote: 0,
    counterpartyId: backstopAccountId,
  })
  movePosition(state, rows, event, backstopAccountId, {
    lots: sizeLots,
    paidQuote: quote,
    realizedQuote: event.backstopRealizedQuote,
    positionLots: event.backstopPositionLots,
  })
  addMoveRow(rows, event, 1, {
    ...shared,
    accountId: backstopAccountId,
    lots: sizeLots,
    quote: 0 - quote,
    realizedQuote: event.backstopRealizedQuote,
    insuranceQuote: 0,
    deficitQuote: 0,
    counterpartyId: accountId,
  })
}

/** A reduction asked for on-chain: the fee is part of what is paid, and so of what it realised. */
export function projectReduction(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & PositionReduced,
): void {
  const { accountId, backstopAccountId, sizeLots, quote, feeQuote } = event
  const sides = [
    { own: accountId, other: backstopAccountId, sign: 1, realized: event.realizedQuote },
    { own: backstopAccountId, other: accountId, sign: -1, realized: event.backstopRealizedQuote },
  ] as const
  for (const { own, other, sign, realized } of sides) {
    const place = sign === 1 ? 0 : 1
    const lots = sign * sizeLots
    const positionLots = place === 0 ? event.positionLots : event.backstopPositionLots
    const paidQuote = 0 - sign * (quote + feeQuote)
    movePosition(state, rows, event, own, {
      lots,
      paidQuote,
      realizedQuote: realized,
      positionLots,
    })
    addMoveRow(rows, event, place, {
      kind: positionMoveKind.takeover,
      accountId: own,
      lots,
      priceTicks: event.priceTicks,
      quote: sign * quote,
      realizedQuote: realized,
      insuranceQuote: 0,
      deficitQuote: 0,
      counterpartyId: other,
      rank: null,
    })
  }
}

/** One of those who were deleveraged. The victim's side is added up and booked with the round. */
export function projectAdl(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & AdlExecuted,
): void {
  const { accountId, sizeLots, quote, realizedQuote, deficitQuote } = event
  movePosition(state, rows, event, accountId, {
    lots: 0 - sizeLots,
    paidQuote: 0 - quote,
    realizedQuote,
    positionLots: event.positionLots,
  })
  addMoveRow(rows, event, 0, {
    kind: positionMoveKind.adl,
    accountId,
    lots: 0 - sizeLots,
    priceTicks: event.markTicks,
    quote,
    realizedQuote,
    insuranceQuote: 0,
    deficitQuote,
    counterpartyId: event.victimAccountId,
    rank: event.rank,
  })
  state.adl.lots += sizeLots
  state.adl.quote += quote
  state.adl.markTicks = event.markTicks
}

export function projectAdlRound(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & AdlRound,
): void {
  const { accountId, realizedQuote } = event
  const { lots, quote, markTicks } = state.adl
  if (Math.abs(lots) !== event.closedLots)
    throw new LedgerError(
      'DIVERGED',
      `seq ${event.seq}: a deleveraging closes ${event.closedLots} lots in the engine, ${Math.abs(lots)} in the ledger`,
    )
  Object.assign(state.adl, { lots: 0, quote: 0 })
  movePosition(state, rows, event, accountId, {
    lots,
    paidQuote: quote,
    realizedQuote,
    positionLots: undefined,
  })
  addMoveRow(rows, event, 0, {
    kind: positionMoveKind.adl,
    accountId,
    lots,
    priceTicks: markTicks,
    quote: 0 - quote,
    realizedQuote,
    insuranceQuote: event.insuranceQuote,
    deficitQuote: 0 - event.deficitQuote,
    counterpartyId: null,
    rank: null,
  })
}

export function projectPositionSettled(
  state: LedgerState,
  rows: PendingRows,
  event: EventHeader & PositionSettled,
): void {
  const { accountId, sizeLots, quote, realizedQuote } = event
  movePosition(state, rows, event, accountId, {
    lots: 0 - sizeLots,
    paidQuote: 0 - quote,
    realizedQuote,
    positionLots: 0,
  })
  addMoveRow(rows, event, 0, {
    kind: positionMoveKind.settlement,
    accountId,
    lots: 0 - sizeLots,
    priceTicks: event.priceTicks,
    quote,
    realizedQuote,
    insuranceQuote: 0,
    deficitQuote: 0,
    counterpartyId: null,
    rank: null,
  })
}

/** Why: the account's figures right before a step. */
export function projectLiquidation(
  rows: PendingRows,
  event: EventHeader & LiquidationExplained,
): void {
  rows.liquidations
    .begin()
    .i64(event.seq)
    .i32(event.leg)
    .i64(event.timeMs)
    .i32(event.accountId)
    .i16(event.market)
    .i16(event.stage)
    .i64(event.markTicks)
    .i64(event.indexTicks)
    .i64(event.equityQuote)
    .i64(event.maintenanceQuote)
    .i64(event.initialQuote)
    .i64(event.positionLots)
    .i64(event.sizeLots)
    .i64(event.limitTicks)
    .i64(event.trancheQuote)
}
