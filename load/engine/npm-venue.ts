//! The order book that npm has (nodejs-order-book), fed the same stream: one book a market, no accounts, no risk.
// oxlint-disable typescript/no-unnecessary-type-assertion -- tsc checks indexed access here, the linter's project does not
import { commandKind } from '@plumb/model'
import { type LimitOrderOptions, OrderBook, Side } from 'nodejs-order-book'
import type { Chunk } from './stream.ts'

type TimeInForce = NonNullable<LimitOrderOptions['timeInForce']>
/** The package does not export its own enum. */
const [GTC, IOC]: [TimeInForce, TimeInForce] = JSON.parse('["GTC", "IOC"]')

export class NpmVenue {
  readonly #books: OrderBook[]

  constructor(markets: number) {
    this.#books = Array.from({ length: markets }, () => new OrderBook())
  }

  /** One command of the chunk; what the engine refused is left out, as an order book without accounts must. */
  apply(chunk: Chunk, slot: number): void {
    const { i32, f64 } = chunk.buffer
    const w = slot * 64
    const d = slot * 32
    const kind = i32[w + 4]
    if (kind === commandKind.CancelOrder) {
      this.#books[chunk.markets[slot]!]!.cancel(String(f64[d + 11]!))
      return
    }
    const book = this.#books[i32[w + 6]!]!
    const price = f64[d + 4]!
    const size = f64[d + 5]!
    if (kind === commandKind.PlaceOrder && chunk.orderIds[slot] !== 0)
      book.limit({
        id: String(chunk.orderIds[slot]!),
        side: i32[w + 14] === 0 ? Side.BUY : Side.SELL,
        price,
        size,
        timeInForce: i32[w + 15] === 4 ? IOC : GTC,
      })
    else if (kind === commandKind.AmendOrder) book.modify(String(f64[d + 11]!), { size })
  }
}
