//! `npm run trade`: signs with a demo key, trades, and follows each order until it is settled on-chain.
import { parseArgs } from 'node:util'
import type { NewOrder } from '@plumb/sdk'
import { DevnetError } from './devnet-error.ts'
import { connect, type Desk, defaultGateway, explain, openDesk } from './trade-connection.ts'
import { placeAndFollow, printPositions } from './trade-orders.ts'
import { paint, print, step } from './trade-terminal.ts'
import { deposit, usdc, withdraw } from './trade-transfers.ts'
import { printBalances, printBook, printOrders } from './trade-views.ts'

const usage = `npm run trade -- COMMAND [options]

  buy MARKET AMOUNT PRICE   place a limit order and follow it to settlement
  sell MARKET AMOUNT PRICE    --ioc, --fok, --post-only, --reduce-only
  book MARKET               best levels of the book (--depth N)
  orders                    open orders
  positions                 open positions
  balances                  money
  cancel ID|all             cancel one order, or all of them
  deposit USDC              from the wallet into the contract, until credited
  withdraw USDC             out of the contract, until paid
  help                      this text

  --key N|NAME|0x…          demo account by number or name, or any private key (default 0)
  --gateway URL             default ${defaultGateway}

  npm run trade -- buy BTC-PERP 0.1 61000
  npm run trade -- sell BTC-PERP 0.05 59900 --ioc --key bob`

const options = {
  key: { type: 'string', short: 'k' },
  gateway: { type: 'string' },
  depth: { type: 'string' },
  ioc: { type: 'boolean', default: false },
  fok: { type: 'boolean', default: false },
  'post-only': { type: 'boolean', default: false },
  'reduce-only': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

type Arguments = ReturnType<typeof readArguments>

function readArguments() {
  try {
    return parseArgs({ args: process.argv.slice(2), options, allowPositionals: true })
  } catch (error) {
    throw new DevnetError('BAD_OPTION', `${explain(error)}\n\n${usage}`)
  }
}

/** Positional words by name; every one must be there and none may be left. */
function words(given: readonly string[], names: readonly string[]): string[] {
  if (given.length === names.length) return [...given]
  throw new DevnetError('BAD_OPTION', `${names.join(' ') || 'nothing'} expected.\n\n${usage}`)
}

/** A decimal in the one spelling the exchange takes: 60000.50 becomes 60000.5. */
function decimal(text: string, what: string): string {
  const match = /^0*(\d+)(?:\.(\d*?)0*)?$/.exec(text)
  if (match === null) throw new DevnetError('BAD_OPTION', `${text} is no ${what}.`)
  const [, whole = '0', part = ''] = match
  return part === '' ? whole : `${whole}.${part}`
}

function orderOf(
  side: 'buy' | 'sell',
  rest: readonly string[],
  flags: Arguments['values'],
): NewOrder {
  const [market = '', amount = '', price = ''] = words(rest, ['MARKET', 'AMOUNT', 'PRICE'])
  if (flags.ioc && flags.fok) throw new DevnetError('BAD_OPTION', 'Either --ioc or --fok.')
  return {
    market: market.toUpperCase(),
    side,
    amount: decimal(amount, 'amount'),
    price: decimal(price, 'price'),
    timeInForce: flags.ioc ? 'IOC' : flags.fok ? 'FOK' : 'GTC',
    postOnly: flags['post-only'],
    reduceOnly: flags['reduce-only'],
  }
}

async function cancel(desk: Desk, [id = '']: readonly string[]): Promise<void> {
  if (id !== 'all') {
    const { order, seq } = await desk.trader.cancel({ orderId: id })
    step('done', 'canceled', `order ${order.id}, ${order.remaining} ${order.market}, at seq ${seq}`)
    return
  }
  const { orders, seq } = await desk.trader.cancelAll()
  step('done', 'canceled', `${orders.length} orders at seq ${seq}`)
}

async function run({ values, positionals }: Arguments): Promise<void> {
  const [command = 'help', ...rest] = positionals
  if (values.help || command === 'help') return print(usage)
  const desk = openDesk(await connect(values.gateway), values.key)
  switch (command) {
    case 'buy':
    case 'sell':
      return await placeAndFollow(desk, orderOf(command, rest, values))
    case 'book': {
      const [market = ''] = words(rest, ['MARKET'])
      return await printBook(desk, market.toUpperCase(), Number(values.depth ?? 12))
    }
    case 'orders':
      return await printOrders(desk)
    case 'positions':
      return await printPositions(desk)
    case 'balances':
      return await printBalances(desk)
    case 'cancel':
      return await cancel(desk, words(rest, ['ID|all']))
    case 'deposit':
      return await deposit(desk, usdc(decimal(words(rest, ['USDC'])[0] ?? '', 'amount')))
    case 'withdraw':
      return await withdraw(desk, decimal(words(rest, ['USDC'])[0] ?? '', 'amount'))
    default:
      throw new DevnetError('BAD_OPTION', `There is no command ${command}.\n\n${usage}`)
  }
}

try {
  await run(readArguments())
} catch (error) {
  process.stderr.write(`${paint('red', '✗')} ${explain(error)}\n`)
  process.exitCode = 1
}
