//! Compares what the exchange did with what the tape says: every fill by its maker, price and size, and the book.
import type { Client } from '@plumb/sdk'
import { bookCrc32 } from './tape-book.ts'
import type { TapeScale } from './tape-market.ts'
import type { TapePlan } from './tape-plan.ts'
import type { TapeRun } from './tape-run.ts'
import { until } from './trade-transfers.ts'

/** What the comparison found. `differences` names the first few. */
export type FillComparison = { fills: number; exact: number; qty: number; differences: string[] }

const DIFFERENCES_MAX = 10

/**
 * Compares the fills in each order's own answer with the plan. The maker of a fill is the order whose own fill has the
 * same trade id (`makers`, by trade id: the line that placed it).
 */
export function compareFills(
  plan: TapePlan,
  run: TapeRun,
  makers: ReadonlyMap<string, number>,
  scale: TapeScale,
): FillComparison {
  const found: FillComparison = { fills: 0, exact: 0, qty: 0, differences: [] }
  for (const step of plan.steps) {
    if (step.kind !== 'place') continue
    const fills = run.replies.get(step.line)?.fills ?? []
    const given = fills.map(
      (fill) => `${makers.get(fill.tradeId)}:${scale.px(fill.price)}:${scale.qty(fill.amount)}`,
    )
    const wanted = step.expected.map(({ makerLine, px, qty }) => `${makerLine}:${px}:${qty}`)
    found.fills += fills.length
    for (const fill of fills) found.qty += scale.qty(fill.amount)
    found.exact += given.filter((fill, i) => fill === wanted[i]).length
    if (given.join() !== wanted.join() && found.differences.length < DIFFERENCES_MAX)
      found.differences.push(
        `line ${step.line}: got [${given.join(' ')}], the tape has [${wanted.join(' ')}]`,
      )
  }
  return found
}

/** CRC-32 of the exchange's book, order by order, in the tape's own ids and units. */
export async function exchangeCrc32(
  client: Client,
  market: string,
  plan: TapePlan,
  run: TapeRun,
  scale: TapeScale,
): Promise<string> {
  const book = await until('The book', async () => {
    const found = await client.orderBook(market)
    return found.seq >= run.lastSeq ? found : undefined
  })
  const idOf = new Map<string, number>()
  for (const [line, { order }] of run.replies) {
    const id = plan.idOfLine.get(line)
    if (id !== undefined) idOf.set(order.id, id)
  }
  const orders = (side: 'B' | 'S', levels: typeof book.bids) =>
    levels.map(([price, size, id]) => ({
      side,
      px: scale.px(price),
      qty: scale.qty(size),
      id: idOf.get(id) ?? -Number(id),
    }))
  return bookCrc32([...orders('B', book.bids), ...orders('S', book.asks)])
}
