//! Orders and fills as they happen. The stream comes back by itself and resumes where it was: nothing is missed or told twice.
import { runAlone } from './connect.mjs'

export async function run({ client, trader }) {
  const stream = client.stream()
  await stream.ready()
  await trader.use(stream) // orders go over the stream from now on
  const owner = await trader.owner()
  const seen = []
  await stream.subscribe({ channel: 'orders', ...owner }, ({ type, data }) => {
    if (type === 'update') for (const { id, status } of data) seen.push(`${id} ${status}`)
  })
  const { mark } = await client.ticker('BTC-PERP')
  const price = String(Math.floor(Number(mark) * 0.97))
  const { order } = await trader.place({ market: 'BTC-PERP', side: 'buy', price, amount: '0.001' })
  await trader.cancel({ orderId: order.id })
  const wanted = [`${order.id} open`, `${order.id} canceled`]
  while (!wanted.every((text) => seen.includes(text)))
    await new Promise((resolve) => setTimeout(resolve, 10))
  stream.close()
  return { transitions: seen.filter((text) => text.startsWith(`${order.id} `)).length }
}

await runAlone(import.meta.url, run)
