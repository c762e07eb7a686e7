//! An entry with its exits: they are armed as the entry fills, and one gives way to the other.
import { runAlone } from './connect.mjs'

export async function run({ client, trader }) {
  const { mark } = await client.ticker('BTC-PERP')
  const at = (factor) => String(Math.floor(Number(mark) * factor))
  const { entry, stopLoss, takeProfit } = await trader.bracket({
    entry: { market: 'BTC-PERP', side: 'buy', price: at(0.97), amount: '0.01' },
    stopLoss: { triggerPrice: at(0.94), price: at(0.9) },
    takeProfit: { triggerPrice: at(1.05), price: at(1.04) },
  })
  const shown = await trader.read.order(entry.order.id)
  await trader.cancel({ orderId: entry.order.id })
  const left = await trader.read.order(stopLoss.order.id)
  return {
    stopLoss: shown.stopLossPrice,
    takeProfit: shown.takeProfitPrice,
    waits: takeProfit.order.waiting,
    // Nothing of the entry was filled: its exits went with it.
    exitAfterCancel: left.reason,
  }
}

await runAlone(import.meta.url, run)
