//! Margin before the order is sent: the account's integers are read once, the questions are answered here.
import { runAlone } from './connect.mjs'

export async function run({ client, trader }) {
  const { mark } = await client.ticker('BTC-PERP')
  const simulator = await trader.account.marginSimulator()
  const order = { market: 'BTC-PERP', side: 'buy', price: mark, amount: '0.1', filled: true }
  const bought = simulator.ask({ orders: [order] })
  const crashed = simulator.ask({
    orders: [order],
    prices: { 'BTC-PERP': String(Math.floor(Number(mark) * 0.8)) },
  })
  const tooMuch = simulator.ask({ orders: [{ ...order, amount: '99' }] })
  const position = bought.positions.find(({ market }) => market === 'BTC-PERP')
  return {
    code: bought.orders[0].code,
    initialMargin: position?.initialMargin,
    liquidationPrice: position?.liquidationPrice,
    equityAfterCrash: crashed.equity,
    tooMuch: tooMuch.orders[0].code,
    asked: (await trader.account.previewMargin({ orders: [order] })).equity === bought.equity,
  }
}

await runAlone(import.meta.url, run)
