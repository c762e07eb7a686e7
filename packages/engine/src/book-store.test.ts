// Levels, pages and directories against a plain set of prices.
import { limits } from '@plumb/model'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  canHold,
  canHoldBesides,
  clearLevel,
  createBookStore,
  freePlaces,
  levelUsed,
  makePage,
  pageOf,
  priceAbove,
  priceBelow,
  setLevel,
} from './book-store.ts'

const MARKETS = 2
const PAGE_PRICES = 1_024
const DIRECTORY_PRICES = 2 ** 21
const PAGES = 12
const DIRECTORIES = 4
const TOP = limits.priceTicksMax

// Edges of words, of pages, of the two halves of a directory and of directories, a step beside them, and what lies between.
const edges = [1, 32, 512, PAGE_PRICES, 2 ** 15, 2 ** 20, DIRECTORY_PRICES, 2 ** 31, TOP]
const price = fc
  .record({
    edge: fc.constantFrom(...edges),
    times: fc.integer({ min: 1, max: 3 }),
    beside: fc.integer({ min: -2, max: 2 }),
    far: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.nat(TOP)),
  })
  .map(({ edge, times, beside, far }) => Math.min(Math.max(1, edge * times + beside + far), TOP))
const step = fc.record({ market: fc.nat(MARKETS - 1), price, leaves: fc.boolean() })

test('the store finds the prices that rest, and knows what room there is', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const book = createBookStore(MARKETS, PAGES, DIRECTORIES)
      const used = Array.from({ length: MARKETS }, () => new Set<number>())
      /** Ranges of `width` prices in use, over all markets. */
      const ranges = (width: number) =>
        new Set(
          used.flatMap((prices, m) => [...prices].map((p) => `${m}:${Math.floor(p / width)}`)),
        )
      for (const { market, price: at, leaves } of steps) {
        const pages = ranges(PAGE_PRICES)
        const directories = ranges(DIRECTORY_PRICES)
        const hasPage = pages.has(`${market}:${Math.floor(at / PAGE_PRICES)}`)
        const hasDirectory = directories.has(`${market}:${Math.floor(at / DIRECTORY_PRICES)}`)
        const freePages = PAGES - pages.size
        const freeDirectories = DIRECTORIES - directories.size
        const room = (places: number) =>
          hasPage || (freePages >= places && (hasDirectory || freeDirectories >= places))
        expect(pageOf(book, market, at) >= 0).toBe(hasPage)
        expect(canHold(book, market, at)).toBe(room(1))
        expect(canHoldBesides(book, market, at)).toBe(room(2))
        expect(freePlaces(book)).toBe(Math.min(freePages, freeDirectories))

        const prices = used[market] ?? new Set()
        // What leaves is the used price next to the one drawn.
        const leaving = Math.max(...[...prices].filter((p) => p <= at))
        if (leaves && leaving > 0) {
          clearLevel(book, market, pageOf(book, market, leaving), leaving)
          prices.delete(leaving)
        } else if (room(1)) {
          const page = makePage(book, market, at)
          expect(pageOf(book, market, at)).toBe(page)
          setLevel(book, page, at)
          prices.add(at)
        }
        for (const [of, all] of used.entries())
          for (const probe of [1, at - 1, at, Math.min(at + 1, TOP), TOP, ...all]) {
            const page = pageOf(book, of, probe)
            if (page >= 0) expect(levelUsed(book, page, probe)).toBe(all.has(probe))
            expect(priceBelow(book, of, probe)).toBe(
              Math.max(0, ...[...all].filter((p) => p < probe)),
            )
            const above = Math.min(...[...all].filter((p) => p > probe))
            expect(priceAbove(book, of, probe)).toBe(above === Infinity ? 0 : above)
          }
      }
    }),
  )
})
