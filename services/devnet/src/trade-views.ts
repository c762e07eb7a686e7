//! What the tool shows without changing anything: book, orders, balances.
import type { Desk, Exchange } from './trade-connection.ts'
import { paint, print, table } from './trade-terminal.ts'

/** The best levels of both sides, asks above bids, with their cumulated size. */
export async function printBook({ client }: Exchange, market: string, depth = 12): Promise<void> {
  const [book, ticker] = await Promise.all([client.book(market, depth), client.ticker(market)])
  const { bids, asks, seq } = book
  print(
    `${paint('bold', market)}  mark ${ticker.mark ?? '-'}  index ${ticker.index ?? '-'}  seq ${seq}`,
  )
  if (bids.length + asks.length === 0) print('the book is empty')
  const width = Math.max(8, ...[...bids, ...asks].map(([price]) => price.length))
  const line =
    (colour: 'red' | 'green') =>
    ([price, size]: readonly [string, string]) =>
      print(`${paint(colour, price.padStart(width))}  ${size}`)
  asks.toReversed().forEach(line('red'))
  const spread = Number(asks[0]?.[0]) - Number(bids[0]?.[0])
  if (Number.isFinite(spread))
    print(paint('gray', `${'spread'.padStart(width)}  ${spread.toPrecision(4)}`))
  bids.forEach(line('green'))
}

/** Open orders of the account. */
export async function printOrders({ trader }: Desk): Promise<void> {
  const { items } = await trader.read.orders({ status: 'open', limit: 1_000 })
  if (items.length === 0) {
    print('no open orders')
    return
  }
  const rows = items.map(({ id, market, side, price, amount, filled, timeInForce, reduceOnly }) => [
    id,
    market,
    side,
    price,
    amount,
    filled,
    `${timeInForce}${reduceOnly ? ' reduce-only' : ''}`,
  ])
  table(['id', 'market', 'side', 'price', 'amount', 'filled', 'kind'], rows, [
    'id',
    'price',
    'amount',
    'filled',
  ])
}

/** Money of the account. */
export async function printBalances({ trader, name, address }: Desk): Promise<void> {
  const [{ items }, account] = await Promise.all([trader.read.balances(), trader.read.account()])
  print(`${paint('bold', name)} ${address}`)
  const rows = items.map(({ currency, total, free, used }) => [currency, total, free, used])
  table(['currency', 'total', 'free', 'used'], rows, ['total', 'free', 'used'])
  const { equity, initialMargin, withdrawable, pendingWithdrawals } = account
  print(`equity ${equity}, initial margin ${initialMargin}, withdrawable ${withdrawable}`)
  if (pendingWithdrawals !== '0') print(`on their way out: ${pendingWithdrawals}`)
}
