//! The fewest orders that turn what rests into what is wanted.
import type { Lots, Ticks } from '@plumb/model'
import type { Quote, QuoteSide } from './quotes.ts'

/** An order of ours on the book. */
export type Resting = { id: string; side: QuoteSide; priceTicks: Ticks; remainingLots: Lots }

export type Requote<R extends Resting> =
  | { kind: 'place'; quote: Quote }
  | { kind: 'edit'; order: R; quote: Quote }
  | { kind: 'cancel'; order: R }

/**
 * Pairs resting orders and wanted quotes of a side from the inside out: an order that stands well enough is left (it
 * keeps its place in the queue), another is moved in one step, missing ones are placed and surplus ones cancelled.
 * Moves that could cross our own other side come last: the side that steps back moves first.
 *
 * @param toleranceTicks a price off by no more is left alone
 */
export function requotes<R extends Resting>(
  resting: readonly R[],
  wanted: readonly Quote[],
  toleranceTicks: Ticks,
): Requote<R>[] {
  const actions = (['buy', 'sell'] as const).flatMap((side) =>
    requoteSide(
      resting.filter((order) => order.side === side).toSorted(inwards(side)),
      wanted.filter((quote) => quote.side === side).toSorted((a, b) => a.level - b.level),
      toleranceTicks,
    ),
  )
  const rank = (action: Requote<R>) =>
    action.kind === 'cancel' ? 0 : action.kind === 'edit' && stepsBack(action) ? 1 : 2
  return actions.toSorted((a, b) => rank(a) - rank(b))
}

function requoteSide<R extends Resting>(
  resting: readonly R[],
  wanted: readonly Quote[],
  toleranceTicks: Ticks,
): Requote<R>[] {
  const actions: Requote<R>[] = []
  for (let i = 0; i < Math.max(resting.length, wanted.length); i++) {
    const order = resting[i]
    const quote = wanted[i]
    if (order === undefined && quote !== undefined) actions.push({ kind: 'place', quote })
    else if (order !== undefined && quote === undefined) actions.push({ kind: 'cancel', order })
    else if (
      order !== undefined &&
      quote !== undefined &&
      !standsWell(order, quote, toleranceTicks)
    )
      actions.push({ kind: 'edit', order, quote })
  }
  return actions
}

function standsWell(order: Resting, quote: Quote, toleranceTicks: Ticks): boolean {
  return (
    Math.abs(order.priceTicks - quote.priceTicks) <= toleranceTicks &&
    order.remainingLots * 2 >= quote.sizeLots
  )
}

/** Best price first. */
function inwards(side: QuoteSide): (a: Resting, b: Resting) => number {
  return (a, b) => (side === 'buy' ? b.priceTicks - a.priceTicks : a.priceTicks - b.priceTicks)
}

function stepsBack({ order, quote }: { order: Resting; quote: Quote }): boolean {
  return order.side === 'buy'
    ? quote.priceTicks < order.priceTicks
    : quote.priceTicks > order.priceTicks
}
