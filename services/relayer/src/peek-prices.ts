//! The newest signed prices and marks at the feed's end, read ahead of what is being settled.
import type { Seq } from '@plumb/model'
import { createPriceBook, noteMark, noteVector, type PriceBook } from './price-book.ts'
import { readPrices } from './read-steps.ts'
import type { OpenFeed } from './settle-feed.ts'

/** Far enough back for every publisher and market, also under load. */
const lookBackSeqs = 20_000

/** @param headSeq newest durable command known; nothing is waited for beyond it */
export const peekPrices = async (
  openFeed: OpenFeed,
  headSeq: Seq,
  quorum: number,
): Promise<PriceBook> => {
  const book = createPriceBook()
  if (headSeq === 0) return book
  const feed = openFeed(Math.max(1, headSeq - lookBackSeqs))
  for await (const group of feed.groups()) {
    for (const entry of group.entries)
      for (const step of readPrices(entry)) {
        if (step.kind === 'mark') noteMark(book, step.market, step.markTicks)
        else noteVector(book, quorum, step.vector, step.timeMs)
      }
    if (group.lastSeq >= headSeq) break
  }
  await feed.close()
  return book
}
