import { type Side, side } from '@plumb/model'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BookView } from './book-view.ts'
import type { OrderView } from './order-view.ts'

type Resting = { orderId: number; side: Side; priceTicks: number; remainingLots: number }

/** The plainest book: a list of orders in arrival order. */
class PlainBook {
  orders: Resting[] = []

  rows(of: Side): Resting[] {
    const sign = of === side.buy ? -1 : 1
    return this.orders
      .filter((order) => order.side === of)
      .toSorted((a, b) => sign * (a.priceTicks - b.priceTicks))
  }

  levels(of: Side): [number, number][] {
    const levels = new Map<number, number>()
    for (const { priceTicks, remainingLots } of this.rows(of))
      levels.set(priceTicks, (levels.get(priceTicks) ?? 0) + remainingLots)
    return [...levels]
  }
}

const step = fc.record({
  kind: fc.constantFrom('add', 'add', 'shrink', 'remove'),
  of: fc.constantFrom<Side>(side.buy, side.sell),
  price: fc.integer({ min: 1, max: 12 }),
  lots: fc.integer({ min: 1, max: 9 }),
  pick: fc.nat(),
})

test('levels, priority and deltas equal those of a plain list', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const plain = new PlainBook()
      const book = new BookView()
      const views = new Map<number, OrderView>()
      const followed = {
        [side.buy]: new Map<number, number>(),
        [side.sell]: new Map<number, number>(),
      }
      for (const [orderId, { kind, of, price, lots, pick }] of steps.entries()) {
        const known = plain.orders.at(pick % Math.max(1, plain.orders.length))
        if (kind === 'add') {
          const order = { orderId, side: of, priceTicks: price, remainingLots: lots, bookLots: 0 }
          plain.orders.push(order)
          views.set(orderId, order as OrderView)
          book.add(order as OrderView, lots)
        } else if (known !== undefined) {
          const view = views.get(known.orderId)!
          if (kind === 'shrink') {
            known.remainingLots = Math.max(1, known.remainingLots - 1)
            book.shrink(view, known.remainingLots)
          } else {
            plain.orders = plain.orders.filter((order) => order !== known)
            book.remove(view)
            book.remove(view)
          }
        }
        const changes = book.takeChanges()
        for (const [name, rows] of [
          [side.buy, changes?.bids ?? []],
          [side.sell, changes?.asks ?? []],
        ] as const)
          for (const [at, size] of rows)
            if (size === 0) followed[name].delete(at)
            else followed[name].set(at, size)
        for (const name of [side.buy, side.sell] as const) {
          expect(book.levels(name, 100)).toEqual(plain.levels(name))
          expect(book.levels(name, 2)).toEqual(plain.levels(name).slice(0, 2))
          expect(book.orders(name, 100).map((o) => o.orderId)).toEqual(
            plain.rows(name).map((o) => o.orderId),
          )
          expect(new Map(plain.levels(name))).toEqual(followed[name])
        }
        expect(book.takeChanges()).toBeNull()
      }
    }),
    { numRuns: 200 },
  )
})
