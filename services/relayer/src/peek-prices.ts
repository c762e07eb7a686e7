//! The newest signed prices and marks at the feed's end, read ahead of what is being settled.
import type { PriceVectorBody } from '@plumb/chain'
import type { MarketId, Seq, Ticks } from '@plumb/model'
import type { PriceSet } from './engine-prices.ts'
import { readPrices } from './read-steps.ts'
import type { OpenFeed } from './settle-feed.ts'

/** Far enough back for every publisher and market, also under load. */
const lookBackSeqs = 20_000

/** @param headSeq newest durable command known; nothing is waited for beyond it */
export const peekPrices = async (openFeed: OpenFeed, headSeq: Seq): Promise<PriceSet> => {
  const vectors = new Map<string, PriceVectorBody>()
  const marks = new Map<MarketId, Ticks>()
  if (headSeq === 0) return { vectors: [], marks }
  const feed = openFeed(Math.max(1, headSeq - lookBackSeqs))
  for await (const group of feed.groups()) {
    for (const entry of group.entries)
      for (const step of readPrices(entry)) {
        if (step.kind === 'mark') marks.set(step.market, step.markTicks)
        else vectors.set(`${step.vector.page}/${step.vector.publisher}`, step.vector)
      }
    if (group.lastSeq >= headSeq) break
  }
  await feed.close()
  return { vectors: [...vectors.values()], marks }
}
