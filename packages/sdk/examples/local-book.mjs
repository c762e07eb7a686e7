//! A book that keeps itself current: one snapshot, then deltas, checked by seq and by checksum.
import { runAlone } from './connect.mjs'

export async function run({ client, trader }) {
  const stream = client.stream()
  await stream.ready()
  const { book, close } = await stream.book('BTC-PERP')
  const { mark } = await client.ticker('BTC-PERP')
  const price = String(Math.floor(Number(mark) * 0.97))
  const { order, seq } = await trader.place({
    market: 'BTC-PERP',
    side: 'buy',
    price,
    amount: '0.001',
    postOnly: true,
  })
  while (book.seq < seq) await new Promise((resolve) => setTimeout(resolve, 10))
  const level = book.bids().find(([at]) => at === price)
  await trader.cancel({ orderId: order.id })
  await close()
  stream.close()
  return { price, level, seq: book.seq, isIntact: book.isIntact }
}

await runAlone(import.meta.url, run)
