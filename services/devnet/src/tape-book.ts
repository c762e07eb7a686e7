//! A plain price-time book of a tape's orders, for comparison: objects and arrays, nothing clever.
import { crc32 } from 'node:zlib'
import type { TapeCommand, TapeFill, TapeSide } from './tape-file.ts'

/** A resting order; `line` is where the tape placed it. */
export type TapeOrder = { id: number; line: number; side: TapeSide; px: number; qty: number }
/** One match: the maker and what it gave. */
export type TapeMatch = { maker: TapeOrder; px: number; qty: number }
/** What one command did. */
export type TapeResult = {
  matches: TapeMatch[]
  /** The order that the command rested, changed or removed. */
  order: TapeOrder | undefined
}

type Level = { px: number; orders: TapeOrder[] }

const opposite = { B: 'S', S: 'B' } as const

/** Price-time priority over tape commands. */
export class TapeBook {
  /** Best level first. */
  readonly #levels: Record<TapeSide, Level[]> = { B: [], S: [] }
  readonly #live = new Map<number, TapeOrder>()

  /** Number of resting orders. */
  get size(): number {
    return this.#live.size
  }

  /** A resting order by its id on the tape. @throws Error when it does not rest */
  order(id: number): TapeOrder {
    const order = this.#live.get(id)
    if (order === undefined) throw new Error(`the tape names order ${id}, which does not rest`)
    return order
  }

  apply(command: TapeCommand): TapeResult {
    switch (command.op) {
      case 'cancel': {
        const order = this.order(command.id)
        this.#remove(order)
        return { matches: [], order }
      }
      case 'reduce': {
        const order = this.order(command.id)
        this.#reduce(order, command.qty)
        return { matches: [], order }
      }
      case 'replace':
        return this.#replace(command.id, command.px, command.qty)
      case 'take':
        return { matches: this.#match(command), order: undefined }
      case 'seed':
      case 'add':
      case 'order': {
        const order = { ...pick(command), qty: command.qty }
        const matches = this.#match(command)
        for (const { qty } of matches) order.qty -= qty
        if (order.qty > 0) this.#rest(order)
        return { matches, order }
      }
    }
  }

  /** Every order, one line `side,px,qty,id` each, in priority order, bids then asks, best first. */
  crc32(): string {
    return bookCrc32([...this.#orders('B'), ...this.#orders('S')])
  }

  #orders(side: TapeSide): TapeOrder[] {
    return this.#levels[side].flatMap((level) => level.orders)
  }

  #match(taker: { side: TapeSide; px: number; qty: number }): TapeMatch[] {
    const levels = this.#levels[opposite[taker.side]]
    const matches: TapeMatch[] = []
    let left = taker.qty
    for (let level = levels[0]; left > 0 && level !== undefined; level = levels[0]) {
      if (taker.side === 'B' ? level.px > taker.px : level.px < taker.px) break
      const maker = level.orders[0]
      if (maker === undefined) throw new Error('an empty level is left in the book')
      const qty = Math.min(left, maker.qty)
      matches.push({ maker, px: level.px, qty })
      left -= qty
      this.#reduce(maker, qty)
    }
    return matches
  }

  #replace(id: number, px: number, qty: number): TapeResult {
    const order = this.order(id)
    if (px === order.px && qty <= order.qty) {
      this.#reduce(order, order.qty - qty)
      return { matches: [], order }
    }
    this.#remove(order)
    const moved = { ...order, px, qty: 0 }
    const matches = this.#match({ side: order.side, px, qty })
    moved.qty = qty - matches.reduce((sum, match) => sum + match.qty, 0)
    if (moved.qty > 0) this.#rest(moved)
    return { matches, order: moved }
  }

  #rest(order: TapeOrder): void {
    const levels = this.#levels[order.side]
    const at = this.#find(order.side, order.px)
    const level = levels[at]
    if (level?.px === order.px) level.orders.push(order)
    else levels.splice(at, 0, { px: order.px, orders: [order] })
    this.#live.set(order.id, order)
  }

  #reduce(order: TapeOrder, qty: number): void {
    order.qty -= qty
    if (order.qty <= 0) this.#remove(order)
  }

  #remove(order: TapeOrder): void {
    const levels = this.#levels[order.side]
    const at = this.#find(order.side, order.px)
    const orders = levels[at]?.orders ?? []
    orders.splice(orders.indexOf(order), 1)
    if (orders.length === 0) levels.splice(at, 1)
    this.#live.delete(order.id)
  }

  /** Index of the first level at `px` or worse. */
  #find(side: TapeSide, px: number): number {
    const levels = this.#levels[side]
    let low = 0
    for (let high = levels.length; low < high; ) {
      const middle = (low + high) >> 1
      const price = levels[middle]?.px ?? 0
      if (side === 'B' ? price > px : price < px) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** CRC-32 of orders already in priority order, bids before asks. */
export function bookCrc32(
  orders: readonly { side: TapeSide; px: number; qty: number; id: number }[],
): string {
  let crc = 0
  for (const { side, px, qty, id } of orders) crc = crc32(`${side},${px},${qty},${id}\n`, crc)
  return crc.toString(16).padStart(8, '0')
}

/** Matches in the form of the tape. */
export function tapeFills(matches: readonly TapeMatch[]): TapeFill[] {
  return matches.map(({ maker, px, qty }) => [maker.id, px, qty])
}

function pick(command: { id: number; line: number; side: TapeSide; px: number }) {
  const { id, line, side, px } = command
  return { id, line, side, px }
}
