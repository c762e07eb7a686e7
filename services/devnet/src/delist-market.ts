//! `npm run delist-market SYMBOL`: a market ends: reduce-only at once, announced in the contract, and once the timelock has
//! passed closed at one last price, position by position, engine, ledger and contract alike.
import { parseArgs } from 'node:util'
import { contractViews, createRpc } from '@plumb/chain'
import { marketState } from '@plumb/model'
import { openAdmin } from './admin-client.ts'
import { DevnetError } from './devnet-error.ts'
import { keyOf, loadOwnKeys } from './devnet-keys.ts'
import { defaultStateDir, devnetPaths } from './devnet-paths.ts'
import { delistOnChain } from './list-on-chain.ts'
import { devnetChainId } from './local-chain.ts'
import { placesOf } from './running-places.ts'
import { connect, explain } from './trade-connection.ts'
import { paint, print, step } from './trade-terminal.ts'
import { until } from './trade-transfers.ts'

const usage = `npm run delist-market -- SYMBOL [--state DIR]

  The market takes only orders that reduce from now on. The contract learns of it through its timelock (48 h; on anvil at
  once): repeat the command then. Its orders close, its positions are settled at the mean mark of five minutes, within the
  mark's band of the mark; what a loser without other positions cannot pay is the market's insurance's, then bad debt.`

const readOptions = () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      state: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [symbol] = positionals
  if (values.help || symbol === undefined || positionals.length > 1) return undefined
  return { symbol, paths: devnetPaths(values.state ?? defaultStateDir) }
}

const delist = async ({ symbol, paths }: NonNullable<ReturnType<typeof readOptions>>) => {
  const places = await placesOf(paths)
  const { contract } = places
  const { client } = await connect(places.gatewayUrl)
  const found = (await client.markets()).items.find(({ id }) => id === symbol)
  if (found === undefined) throw new DevnetError('UNKNOWN_MARKET', `${symbol} is not listed`)
  const market = found.index
  const keys = await loadOwnKeys(paths.keys)
  const { privateKey } = keyOf(keys, 'deployer')
  const rpc = createRpc(places.rpcUrl)
  const admin = await openAdmin(places.sequencer)
  try {
    if (found.state !== 'settled') {
      await admin.send({ kind: 'SetMarketState', market, state: marketState.reduceOnly })
      step('done', 'reduce-only', `${symbol} takes only orders that reduce`)
      const chain = { rpc, chainId: devnetChainId, contract, privateKey }
      const { isDone, fromMs } = await delistOnChain(chain, market)
      if (!isDone) {
        const when = new Date(fromMs).toISOString()
        step('wait', 'announced', `in the contract; repeat this command after ${when}`)
        return
      }
      step('done', 'announced', 'the contract lets a batch end the market')
      await admin.send({ kind: 'SettleMarket', market })
    }
    const views = contractViews(rpc, contract)
    const settled = await until('The last position on-chain', async () => {
      const now = await views.market(market)
      return now.isSettled && now.openInterestLots === 0 ? now : undefined
    })
    const price = (settled.markTicks * settled.tickE8) / 1e8
    step('done', 'settled', `every position closed at ${price}`)
    if (settled.badDebtQuote > 0)
      step('wait', 'bad debt', `${settled.badDebtQuote / 1e6} USDC that nobody bore`)
  } finally {
    await admin.close()
  }
}

try {
  const options = readOptions()
  if (options === undefined) print(usage)
  else await delist(options)
} catch (error) {
  process.stderr.write(`${paint('red', '✗')} ${explain(error)}\n`)
  process.exitCode = 1
}
