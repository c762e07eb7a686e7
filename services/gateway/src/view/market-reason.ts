//! Why a market takes fewer orders than usual, and what ends it, in words.
import { type MarketState, marketState } from '@plumb/model'
import type { MarketReason, MarketView } from './market-view.ts'

const SETTLED = 'It has ended: positions were closed at the settlement price.'
const reasonTexts: Record<MarketReason, string | null> = {
  open: null,
  stale: 'Too few price sources agree: the index is more than 5 seconds old.',
  lost: 'Too few price sources agree: the index is more than 30 seconds old.',
  operator: 'An operator has restricted it.',
  prices:
    'There were no prices for more than 30 seconds: it reopens in steps by itself as soon as enough sources agree.',
  pause: 'The contract is paused: it reopens by itself when the pause ends.',
  reopening:
    'It reopens in steps by itself: cancels only, then post-only until prices were steady for a minute, then trading.',
}

/** Null for a market that is open. */
export function reasonText(state: MarketState, reason: MarketReason): string | null {
  return state === marketState.settled ? SETTLED : reasonTexts[reason]
}

/** The same of a market as it is now. */
export function reasonOf(market: MarketView, nowMs: number): string | null {
  const { state, reason } = market.open(nowMs)
  return reasonText(state, reason)
}
