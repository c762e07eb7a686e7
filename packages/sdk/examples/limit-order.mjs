//! Place, read back, amend in place, cancel.
import { OrderNotFoundError } from '@plumb/sdk'
import { runAlone } from './connect.mjs'

export async function run({ client, trader }) {
  const { mark } = await client.ticker('BTC-PERP')
  const price = String(Math.floor(Number(mark) * 0.97))
  const clientOrderId = `example-${Date.now()}`
  const terms = { market: 'BTC-PERP', side: 'buy', price, amount: '0.02', clientOrderId }
  const { order } = await trader.place(terms)
  // After a lost answer, your own id finds the order.
  const found = await trader.read.orderByClientId(clientOrderId)
  // A smaller amount at the same price keeps its place in the queue.
  const { order: smaller } = await trader.edit(found, { amount: '0.01' })
  const { order: canceled } = await trader.cancel({ orderId: order.id })
  const again = await trader.cancel({ orderId: order.id }).catch((error) => error)
  return {
    sameId: smaller.id === order.id,
    remaining: smaller.remaining,
    status: canceled.status,
    secondCancelIsRefused: again instanceof OrderNotFoundError,
  }
}

await runAlone(import.meta.url, run)
