//! The plain book: objects in Maps, written to be read. The slabs must agree with it on every fill.

export type RestingOrder = { orderId: number; side: 0 | 1; price: number; remaining: number }

/** Both sides of one market. A Map keeps insertion order, so each level is its own queue. */
export class ReferenceBook<O extends RestingOrder> {
  readonly #orders = new Map<number, O>()
  readonly #levels = [new Map<number, Map<number, O>>(), new Map<number, Map<number, O>>()] as const
  /** Prices of a side, worst first: the best one is popped off the end. */
  readonly #prices: readonly [number[], number[]] = [[], []]

  get size(): number {
    return this.#orders.size
  }

  get(orderId: number): O | undefined {
    return this.#orders.get(orderId)
  }

  add(order: O): void {
    const levels = this.#levels[order.side]
    let level = levels.get(order.price)
    if (level === undefined) {
      level = new Map()
      levels.set(order.price, level)
      const prices = this.#prices[order.side]
      prices.splice(this.#placeOf(order.side, order.price), 0, order.price)
    }
    level.set(order.orderId, order)
    this.#orders.set(order.orderId, order)
  }

  remove(orderId: number): O | undefined {
    const order = this.#orders.get(orderId)
    if (order === undefined) return undefined
    this.#orders.delete(orderId)
    const level = this.#levels[order.side].get(order.price)
    level?.delete(orderId)
    if (level?.size === 0) {
      this.#levels[order.side].delete(order.price)
      this.#prices[order.side].splice(this.#placeOf(order.side, order.price), 1)
    }
    return order
  }

  /** Best price of a side, 0 if it is empty. */
  best(side: 0 | 1): number {
    return this.#prices[side].at(-1) ?? 0
  }

  /** Oldest order at the best price. */
  head(side: 0 | 1): O | undefined {
    const level = this.#levels[side].get(this.best(side))
    return level?.values().next().value
  }

  /** Orders of a side in priority order. */
  *orders(side: 0 | 1): Generator<O> {
    for (const price of this.#prices[side].toReversed())
      yield* this.#levels[side].get(price)?.values() ?? []
  }

  /** Where a price stands, or would stand, in its side's list (bids ascending, asks descending). */
  #placeOf(side: 0 | 1, price: number): number {
    const prices = this.#prices[side]
    let low = 0
    let high = prices.length
    while (low < high) {
      const middle = (low + high) >> 1
      const there = prices[middle] ?? 0
      if (side === 0 ? there < price : there > price) low = middle + 1
      else high = middle
    }
    return low
  }
}
