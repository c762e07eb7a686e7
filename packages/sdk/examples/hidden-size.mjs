//! Orders that show less than they are.
import { runAlone } from './connect.mjs'

export async function run({ client, trader }) {
  const { mark } = await client.ticker('BTC-PERP')
  const at = (factor) => String(Math.floor(Number(mark) * factor))
  const base = { market: 'BTC-PERP', side: 'buy', amount: '0.04' }
  const { order: iceberg } = await trader.place({
    ...base,
    price: at(0.96),
    style: 'iceberg',
    displayAmount: '0.01',
  })
  const { order: scale } = await trader.place({
    ...base,
    price: at(0.97),
    style: 'scale',
    count: 4,
    offset: '50',
  })
  const { order: twap } = await trader.place({
    ...base,
    price: at(1.01),
    style: 'twap',
    count: 4,
    intervalS: 3_600,
    slippage: '0.001',
  })
  const { bids } = await client.book('BTC-PERP', 1_000)
  const shown = (price) => bids.find(([level]) => level === price)?.[1]
  const { orders } = await trader.cancelAll({ market: 'BTC-PERP' })
  return {
    iceberg: shown(iceberg.price),
    scale: shown(scale.price),
    twapWaits: twap.waiting,
    canceled: orders.length,
  }
}

await runAlone(import.meta.url, run)
