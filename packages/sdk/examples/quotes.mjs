//! Many orders in one request, each with its own outcome.
import { PlumbError } from '@plumb/sdk'
import { runAlone } from './connect.mjs'

export async function run({ client, trader }) {
  const { mark } = await client.ticker('BTC-PERP')
  const ladder = [1, 2, 3, 4, 5].map((step) => ({
    market: 'BTC-PERP',
    side: 'buy',
    price: String(Math.floor(Number(mark) * (1 - step / 100))),
    amount: '0.001',
    postOnly: true,
  }))
  const tooSmall = { ...ladder[0], amount: '0.0001' }
  const results = await trader.placeAll([...ladder, tooSmall])
  const placed = results.filter((result) => !(result instanceof PlumbError))
  const refused = results.filter((result) => result instanceof PlumbError)
  const canceled = await trader.cancelMany(placed.map(({ order }) => ({ orderId: order.id })))
  return {
    placed: placed.length,
    refused: refused.map(({ code }) => code),
    canceled: canceled.filter((result) => !(result instanceof PlumbError)).length,
  }
}

await runAlone(import.meta.url, run)
