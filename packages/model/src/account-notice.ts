//! What the exchange did to an account, with the figures it used: one reading of the events for everybody who tells of it.
import type { EngineEvent } from './event.ts'
import { noticeKind } from './notice.ts'
import type { AccountId, MarketId } from './units.ts'

/** In the order of their stored numbers, from 1 on: only ever extended. */
export const accountNoticeKinds = [
  'liquidation',
  'takeover',
  'adl',
  'settlement',
  'bad_debt',
  'fee_tier',
  'reduction',
  'on_chain_request',
  'on_chain_cancel',
] as const
export type AccountNoticeKind = (typeof accountNoticeKinds)[number]

/** `detail`: fields of the event, in engine units, under the engine's names (…Quote micro-USDC, …Ticks, …Lots). */
export type AccountNotice = {
  accountId: AccountId
  market: MarketId | null
  kind: AccountNoticeKind
  detail: Record<string, number>
}

/** The notice that an event is to its account; undefined for all other events. */
export function accountNotice(event: EngineEvent): AccountNotice | undefined {
  // All other kinds are nobody's notice.
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check
  switch (event.kind) {
    case 'LiquidationExplained': {
      const { markTicks, indexTicks, equityQuote, maintenanceQuote, initialQuote } = event
      const { stage, positionLots, sizeLots, limitTicks, trancheQuote } = event
      const figures = { markTicks, indexTicks, equityQuote, maintenanceQuote, initialQuote }
      const meant = { positionLots, sizeLots, limitTicks, trancheQuote }
      return of(event, 'liquidation', { stage, ...figures, ...meant })
    }
    case 'PositionTakenOver': {
      const { sizeLots, markTicks, quote, insuranceQuote } = event
      return of(event, 'takeover', { sizeLots, markTicks, quote, insuranceQuote })
    }
    case 'PositionReduced': {
      const { sizeLots, priceTicks, quote, feeQuote } = event
      return of(event, 'reduction', { sizeLots, priceTicks, quote, feeQuote })
    }
    case 'AdlExecuted': {
      const { sizeLots, markTicks, deficitQuote, rank } = event
      return of(event, 'adl', { sizeLots, markTicks, deficitQuote, rank })
    }
    case 'AdlRound': {
      const { closedLots, deficitQuote, insuranceQuote, participants } = event
      return of(event, 'adl', { closedLots, deficitQuote, insuranceQuote, participants })
    }
    case 'PositionSettled': {
      const { sizeLots, priceTicks, quote, realizedQuote } = event
      return of(event, 'settlement', { sizeLots, priceTicks, quote, realizedQuote })
    }
    case 'BadDebt': {
      const { amountQuote, insuranceQuote } = event
      return of(event, 'bad_debt', { amountQuote, insuranceQuote })
    }
    case 'FeeTierChanged': {
      const { tier, volumeQuote } = event
      return of({ ...event, market: null }, 'fee_tier', { tier, volumeQuote })
    }
    case 'ChainNoticed':
      return onChain(event)
    default:
      return undefined
  }
}

const of = (
  { accountId, market }: { accountId: AccountId; market: MarketId | null },
  kind: AccountNoticeKind,
  detail: Record<string, number>,
): AccountNotice => ({ accountId, market, kind, detail })

const ofMarket: ReadonlySet<number> = new Set([
  noticeKind.reduceRequested,
  noticeKind.reduced,
  noticeKind.takenOver,
])

/** What the contract told of an account: not its terms, its margins or its pause. */
function onChain(event: Extract<EngineEvent, { kind: 'ChainNoticed' }>): AccountNotice | undefined {
  const { what, accountId, amountQuote, lots, lane, laneSeq, dueS } = event
  if (accountId === 0 || what === noticeKind.marginsSet) return undefined
  const isOfMarket = ofMarket.has(what)
  const about = { accountId, market: isOfMarket ? event.market : null }
  if (what === noticeKind.laneCancelled || what === noticeKind.allCancelled)
    return of(about, 'on_chain_cancel', { lane, laneSeq })
  return of(about, 'on_chain_request', { what, amountQuote, lots, dueS })
}
