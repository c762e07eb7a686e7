//! A ccxt bot that knows no exchange: only the unified API. With another exchange change the class and the keys.
//!
//!   PRIVATE_KEY=0x… WALLET=0x… node bot.mjs           on a devnet of this machine
import ccxt from 'ccxt'

/** Quotes once around the middle, is filled or moves its quote, then leaves flat. Answers what it saw. */
export async function run(exchange, symbol) {
  const markets = await exchange.loadMarkets()
  const market = markets[symbol]
  const book = await exchange.fetchOrderBook(symbol, 5)
  const ticker = await exchange.fetchTicker(symbol)
  const middle =
    book.bids.length > 0 && book.asks.length > 0
      ? (book.bids[0][0] + book.asks[0][0]) / 2
      : ticker.last
  const before = await exchange.fetchBalance()

  // Twice the least value, so that rounding down never falls below it.
  const amount = Number(exchange.amountToPrecision(symbol, (2 * market.limits.cost.min) / middle))
  const price = Number(exchange.priceToPrecision(symbol, middle * 0.99))
  const quote = await exchange.createOrder(symbol, 'limit', 'buy', amount, price, {
    postOnly: true,
  })
  const open = await exchange.fetchOpenOrders(symbol)
  const lower = Number(exchange.priceToPrecision(symbol, middle * 0.985))
  const moved = await exchange.editOrder(quote.id, symbol, 'limit', 'buy', amount, lower)
  const seen = await exchange.fetchOrder(moved.id, symbol)
  await exchange.cancelOrder(moved.id, symbol)
  try {
    await exchange.cancelOrder(moved.id, symbol)
    throw new Error('a second cancel was accepted')
  } catch (error) {
    if (!(error instanceof ccxt.OrderNotFound)) throw error
  }

  const entry = await exchange.createOrder(symbol, 'market', 'buy', amount)
  const positions = await exchange.fetchPositions([symbol])
  const exit = await exchange.createOrder(symbol, 'market', 'sell', amount, undefined, {
    reduceOnly: true,
  })
  const trades = await exchange.fetchMyTrades(symbol, entry.timestamp)
  const flat = await exchange.fetchPositions([symbol])
  const after = await exchange.fetchBalance()
  return { market, before, quote, open, moved, seen, entry, positions, exit, trades, flat, after }
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const { plumb } = await import('@plumb/ccxt')
  const exchange = new plumb({
    walletAddress: process.env.WALLET,
    privateKey: process.env.PRIVATE_KEY,
  })
  const { entry, exit, after } = await run(exchange, process.argv[2] ?? 'BTC/USDC:USDC')
  console.log(`bought ${entry.filled} at ${entry.average}, sold ${exit.filled} at ${exit.average}`)
  console.log(`balance ${after.USDC.total} USDC`)
}
