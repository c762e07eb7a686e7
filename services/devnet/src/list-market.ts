//! `npm run list-market SYMBOL`: one more market on the running devnet: contract, engine, price feed, backstop.
import { parseArgs } from 'node:util'
import { createRpc } from '@plumb/chain'
import { openAdmin } from './admin-client.ts'
import { armDevnet } from './arm-markets.ts'
import { DevnetError } from './devnet-error.ts'
import { keyOf, loadOwnKeys, type OwnKeys } from './devnet-keys.ts'
import { defaultStateDir, devnetPaths } from './devnet-paths.ts'
import { listOnChain } from './list-on-chain.ts'
import { addListedPrice } from './listed-prices.ts'
import { devnetChainId } from './local-chain.ts'
import { newMarket } from './new-market.ts'
import { runningProcess } from './process-table.ts'
import { type Places, placesOf } from './running-places.ts'
import { connect, explain } from './trade-connection.ts'
import { paint, print, step } from './trade-terminal.ts'
import { until } from './trade-transfers.ts'

const usage = `npm run list-market -- SYMBOL --price P [options]

  SYMBOL              1 to 11 capitals and -PERP, e.g. EURUSD-PERP
  --price P           today's price in dollars: the simulated feed starts there
  --volatility PPM    standard deviation of one second's move (default 20)
  --tick T, --lot L   default: 1/10,000 of the price, and about 1 to 10 dollars
  --im-bps, --mm-bps  initial and maintenance margin (default 500 and 250)
  --backstop USDC     capital of its backstop (default 1000000)
  --state DIR         the devnet's state folder (default .devnet)`

const numberOf = (flag: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new DevnetError('BAD_OPTION', `${flag} needs a number above 0, not ${text}`)
}

const readOptions = () => {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      price: text,
      volatility: text,
      tick: text,
      lot: text,
      'im-bps': text,
      'mm-bps': text,
      backstop: text,
      state: text,
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [symbol] = positionals
  if (values.help || symbol === 'help') return { help: true as const }
  const price = numberOf('--price', values.price)
  if (symbol === undefined || price === undefined || positionals.length > 1)
    throw new DevnetError('BAD_OPTION', `one SYMBOL and its --price are needed\n\n${usage}`)
  const [tick, lot] = [numberOf('--tick', values.tick), numberOf('--lot', values.lot)]
  const imBps = numberOf('--im-bps', values['im-bps'])
  const mmBps = numberOf('--mm-bps', values['mm-bps'])
  return {
    help: false as const,
    paths: devnetPaths(values.state ?? defaultStateDir),
    volatilityPpm: numberOf('--volatility', values.volatility) ?? 20,
    backstopQuote: (numberOf('--backstop', values.backstop) ?? 1_000_000) * 1_000_000,
    wanted: {
      symbol,
      price,
      ...(tick === undefined ? {} : { tick }),
      ...(lot === undefined ? {} : { lot }),
      ...(imBps === undefined ? {} : { imBps }),
      ...(mmBps === undefined ? {} : { mmBps }),
    },
  }
}

/** The next market, with the number after the last one. */
const nextMarket = async ({ gatewayUrl }: Places, wanted: Parameters<typeof newMarket>[0]) => {
  const { client } = await connect(gatewayUrl)
  const { items } = await client.markets()
  const same = items.find(({ id }) => id === wanted.symbol)
  if (same !== undefined)
    throw new DevnetError('LISTED', `${wanted.symbol} is listed already, as market ${same.index}`)
  const market = newMarket(wanted, Math.max(...items.map(({ index }) => index)) + 1)
  return { client, market }
}

/** A sequencer that takes no risk commands yet has a market all the same. */
const arm = async (places: Places, keys: OwnKeys, market: number, backstopQuote: number) => {
  try {
    await armDevnet(places, keys, [market], backstopQuote)
    step('done', 'armed', `liquidation on, a backstop of ${backstopQuote / 1e6} USDC`)
  } catch (error) {
    if (!(error instanceof DevnetError && error.code === 'NOT_SERVED')) throw error
    step('wait', 'unarmed', error.message)
  }
}

const list = async (options: Exclude<ReturnType<typeof readOptions>, { help: true }>) => {
  const { paths, wanted, volatilityPpm, backstopQuote } = options
  const places = await placesOf(paths)
  const keys = await loadOwnKeys(paths.keys)
  const { client, market } = await nextMarket(places, wanted)
  const { symbol } = market
  const rpc = createRpc(places.rpcUrl)
  const { contract } = places
  const { privateKey } = keyOf(keys, 'deployer')
  const chain = { rpc, chainId: devnetChainId, contract, privateKey }
  const { isDone, fromMs } = await listOnChain(chain, market)
  if (!isDone) {
    step(
      'wait',
      'scheduled',
      `in the contract; repeat this command after ${new Date(fromMs).toISOString()}`,
    )
    return
  }
  step('done', 'contract', `${symbol} is market ${market.market}`)
  const admin = await openAdmin(places.sequencer)
  try {
    await admin.send({ kind: 'ListMarket', ...market })
    step(
      'done',
      'engine',
      `tick ${market.tickE8 / 1e8}, lot ${market.lotE8 / 1e8}, ${market.imBps / 100} % initial margin`,
    )
    await addListedPrice(paths, symbol, { price: wanted.price, volatilityPpm })
    process.kill(runningProcess(paths.run, 'oracle'), 'SIGTERM')
    const { mark } = await until('The first mark', async () => {
      const ticker = await client.ticker(symbol)
      return ticker.mark === null ? undefined : { mark: ticker.mark }
    })
    step('done', 'priced', `mark ${mark}`)
    await arm(places, keys, market.market, backstopQuote)
  } finally {
    await admin.close()
  }
  print(`\nTry:  npm run trade -- book ${symbol}`)
}

try {
  const options = readOptions()
  if (options.help) print(usage)
  else await list(options)
} catch (error) {
  process.stderr.write(`${paint('red', '✗')} ${explain(error)}\n`)
  process.exitCode = 1
}
