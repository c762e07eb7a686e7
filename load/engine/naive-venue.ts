//! The plain book the bench compares with: objects and Map, as one would first write it, and no risk.
// oxlint-disable typescript/no-unnecessary-type-assertion -- tsc checks indexed access here, the linter's project does not
import { ReferenceBook } from '@plumb/engine'
import { commandKind } from '@plumb/model'
import type { Chunk } from './stream.ts'

type NaiveOrder = {
  orderId: number
  account: number
  side: 0 | 1
  price: number
  size: number
  remaining: number
}
type NaiveFill = { maker: number; taker: number; price: number; lots: number }

/** An order book as one would first write it. */
export class NaiveVenue {
  readonly books: ReferenceBook<NaiveOrder>[]
  fills = 0
  lots = 0
  events: NaiveFill[] = []

  constructor(count: number) {
    this.books = Array.from({ length: count }, () => new ReferenceBook<NaiveOrder>())
  }

  place(market: number, order: NaiveOrder, immediate: boolean): void {
    const book = this.books[market]!
    this.match(book, order)
    if (order.remaining > 0 && !immediate) book.add(order)
  }

  amend(market: number, orderId: number, price: number, size: number): void {
    const book = this.books[market]!
    const order = book.get(orderId)
    if (order === undefined) return
    if (price === order.price && size <= order.remaining) {
      order.size = size
      order.remaining = size
      return
    }
    book.remove(orderId)
    order.price = price
    order.size = size
    order.remaining = size
    this.place(market, order, false)
  }

  cancel(market: number, orderId: number): void {
    this.books[market]!.remove(orderId)
  }

  match(book: ReferenceBook<NaiveOrder>, taker: NaiveOrder): void {
    const opposite = taker.side === 0 ? 1 : 0
    while (taker.remaining > 0) {
      const maker = book.head(opposite)
      if (maker === undefined) return
      if (taker.side === 0 ? maker.price > taker.price : maker.price < taker.price) return
      if (maker.account === taker.account) {
        taker.remaining = 0
        return
      }
      const lots = Math.min(taker.remaining, maker.remaining)
      this.fills++
      this.lots += lots
      this.events.push({ maker: maker.orderId, taker: taker.orderId, price: maker.price, lots })
      taker.remaining -= lots
      maker.remaining -= lots
      if (maker.remaining === 0) book.remove(maker.orderId)
    }
  }
}

/** One command of the chunk through the plain book. */
export function applyNaive(venue: NaiveVenue, chunk: Chunk, slot: number): void {
  const { i32, f64 } = chunk.buffer
  const w = slot * 64
  const d = slot * 32
  const kind = i32[w + 4]
  if (kind === commandKind.PlaceOrder) {
    const orderId = chunk.orderIds[slot]!
    if (orderId === 0) return
    const size = f64[d + 5]!
    const order: NaiveOrder = {
      orderId,
      account: i32[w + 5]!,
      side: i32[w + 14] === 0 ? 0 : 1,
      price: f64[d + 4]!,
      size,
      remaining: size,
    }
    venue.place(i32[w + 6]!, order, i32[w + 15] === 4)
  } else if (kind === commandKind.CancelOrder) venue.cancel(chunk.markets[slot]!, f64[d + 11]!)
  else if (kind === commandKind.AmendOrder)
    venue.amend(i32[w + 6]!, f64[d + 11]!, f64[d + 4]!, f64[d + 5]!)
}
