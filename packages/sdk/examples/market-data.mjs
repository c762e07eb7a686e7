//! What a market is, and what goes on in it.
import { runAlone } from './connect.mjs'

export async function run({ client }) {
  const { items: markets } = await client.markets()
  const [market] = markets
  const { bid, ask, mark, fundingRate } = await client.ticker(market.id)
  const { bids, asks } = await client.book(market.id, 5)
  const { items: candles } = await client.candles(market.id, { interval: '1m', limit: 5 })
  const { items: tiers } = await client.tiers(market.id)
  return {
    market: market.id,
    tick: market.tickSize,
    step: market.stepSize,
    bid,
    ask,
    mark,
    fundingRate,
    bids,
    asks,
    candles,
    maxLeverage: tiers[0].maxLeverage,
  }
}

await runAlone(import.meta.url, run)
