//! Take at once, at most half a percent from the best price; an empty book says so by class.
import { NotFillableError } from '@plumb/sdk'
import { runAlone } from './connect.mjs'

export async function run({ trader }) {
  const order = {
    market: 'BTC-PERP',
    side: 'buy',
    type: 'market',
    amount: '0.001',
    slippage: '0.005',
  }
  try {
    const { order: done, fills } = await trader.place(order)
    return { average: done.average, filled: done.filled, fills: fills.length }
  } catch (error) {
    if (!(error instanceof NotFillableError)) throw error
    return { average: null, filled: '0', fills: 0 }
  }
}

await runAlone(import.meta.url, run)
