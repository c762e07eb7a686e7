//! The account's statement as it grows: each posting once the ledger has it for good, with the cash before and after.
import { runAlone } from './connect.mjs'

export async function run({ client, trader }) {
  const stream = client.stream()
  await stream.ready()
  await trader.use(stream)
  const entries = []
  const owner = await trader.owner()
  await stream.subscribe({ channel: 'ledger', ...owner }, ({ type, data }) => {
    if (type === 'update') entries.push(...data)
  })
  const { order } = await trader.place({
    market: 'BTC-PERP',
    side: 'buy',
    type: 'market',
    amount: '0.001',
  })
  // After a loss of the connection, or of the program, it goes on behind any seq that it names.
  const trades = () => entries.filter(({ type }) => type === 'trade')
  const posted = () => trades().reduce((sum, { amount }) => sum + Number(amount), 0)
  while (posted() < Number(order.cost)) await new Promise((resolve) => setTimeout(resolve, 10))
  stream.close()
  const { items } = await trader.read.ledger({ since: trades()[0].ts })
  return {
    types: [...new Set(entries.map(({ type }) => type))],
    paid: posted() === Number(order.cost),
    inTheLedger: entries.every(({ id }) => items.some((row) => row.id === id)),
  }
}

await runAlone(import.meta.url, run)
