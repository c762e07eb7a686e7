//! One market's resting orders as followers see them: price levels of orders in priority order.
import { type Side, side } from '@plumb/model'
import type { OrderView } from './order-view.ts'

type Level = { lots: number; orders: Map<number, OrderView> }
/** Price ticks and lots. */
export type BookLevel = readonly [priceTicks: number, lots: number]
export type BookDelta = { bids: BookLevel[]; asks: BookLevel[] }

/** A side: levels by price, prices ascending. Maps keep insertion order, which is time priority. */
class BookSide {
  readonly levels = new Map<number, Level>()
  readonly prices: number[] = []
  readonly changed = new Set<number>()

  level(price: number): Level {
    const known = this.levels.get(price)
    if (known !== undefined) return known
    const level: Level = { lots: 0, orders: new Map() }
    this.levels.set(price, level)
    this.prices.splice(this.#place(price), 0, price)
    return level
  }

  drop(price: number): void {
    this.levels.delete(price)
    this.prices.splice(this.#place(price), 1)
  }

  /** Index of the first price not below `price`. */
  #place(price: number): number {
    let low = 0
    let high = this.prices.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.prices[middle] ?? 0) < price) low = middle + 1
      else high = middle
    }
    return low
  }
}

export class BookView {
  readonly #bids = new BookSide()
  readonly #asks = new BookSide()
  /** Seq of the last command that changed the book. */
  seq = 0

  /** Queues an order behind its price level, showing `lots` of it. */
  add(order: OrderView, lots: number): void {
    const book = this.#side(order.side)
    const level = book.level(order.priceTicks)
    order.bookLots = lots
    level.lots += order.bookLots
    level.orders.set(order.orderId, order)
    book.changed.add(order.priceTicks)
  }

  /** The order keeps its place with fewer lots; does nothing for one that does not rest. */
  shrink(order: OrderView, lots: number): void {
    const book = this.#side(order.side)
    const level = book.levels.get(order.priceTicks)
    if (level === undefined || order.bookLots === 0) return
    level.lots += lots - order.bookLots
    order.bookLots = lots
    book.changed.add(order.priceTicks)
  }

  /** Takes an order off; does nothing for one that does not rest. */
  remove(order: OrderView): void {
    const book = this.#side(order.side)
    const level = book.levels.get(order.priceTicks)
    if (level === undefined || !level.orders.delete(order.orderId)) return
    level.lots -= order.bookLots
    order.bookLots = 0
    if (level.orders.size === 0) book.drop(order.priceTicks)
    book.changed.add(order.priceTicks)
  }

  /** Best price, or null. */
  best(of: Side): BookLevel | null {
    return this.levels(of, 1)[0] ?? null
  }

  /** Levels, best first. */
  levels(of: Side, depth: number): BookLevel[] {
    const { prices, levels } = this.#side(of)
    const ordered = of === side.buy ? prices.slice(-depth).toReversed() : prices.slice(0, depth)
    return ordered.map((price) => [price, levels.get(price)?.lots ?? 0])
  }

  /** Every order, best price first, then time priority. */
  orders(of: Side, depth: number): OrderView[] {
    const { levels } = this.#side(of)
    return this.levels(of, depth).flatMap(([price]) =>
      Array.from(levels.get(price)?.orders.values() ?? []),
    )
  }

  /** Levels changed since the last call, with their lots now (0 = gone), best first; null when none. */
  takeChanges(): BookDelta | null {
    if (this.#bids.changed.size === 0 && this.#asks.changed.size === 0) return null
    return {
      bids: changesOf(this.#bids).toSorted((a, b) => b[0] - a[0]),
      asks: changesOf(this.#asks).toSorted((a, b) => a[0] - b[0]),
    }
  }

  /** Bid and ask overlap: only inside a command, never when a message leaves. */
  get crossed(): boolean {
    const bid = this.best(side.buy)
    const ask = this.best(side.sell)
    return bid !== null && ask !== null && bid[0] >= ask[0]
  }

  #side(of: Side): BookSide {
    return of === side.buy ? this.#bids : this.#asks
  }
}

function changesOf(book: BookSide): BookLevel[] {
  const changes: BookLevel[] = [...book.changed].map((price) => [
    price,
    book.levels.get(price)?.lots ?? 0,
  ])
  book.changed.clear()
  return changes
}
