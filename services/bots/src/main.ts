//! The bots process: market maker, taker flow, funding capture, liquidator; clients like anyone's.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLifecycle, createLogger, createMetrics, startStatusServer } from '@plumb/runtime'
import { createClient, createLiquidations } from '@plumb/sdk'
import { BotAccount } from './bot-account.ts'
import { readCapture, writeCapture } from './capture-file.ts'
import { readConfig } from './config.ts'
import { ensureFunds } from './ensure-funds.ts'
import { FundingCapture } from './funding-capture.ts'
import { Liquidator } from './liquidator.ts'
import { MarketList } from './market-list.ts'
import { MarketMaker } from './market-maker.ts'
import { runBot, runRounds, untilDone } from './run-bot.ts'
import { Taker } from './taker.ts'

const config = readConfig()
const logger = createLogger('bots', { level: config.PLUMB_LOG_LEVEL })
const metrics = createMetrics('bots')
const lifecycle = createLifecycle({ logger, parentPid: config.PLUMB_PARENT_PID })
const { signal } = lifecycle
const accounts: BotAccount[] = []
let maker: MarketMaker | undefined
let capture: FundingCapture | undefined
let liquidator: Liquidator | undefined
const wanted = {
  'market-maker': config.PLUMB_MARKET_MAKER_KEY,
  taker: config.PLUMB_TAKER_KEY,
  'funding-capture': config.PLUMB_CAPTURE_KEY,
  liquidator: config.PLUMB_LIQUIDATOR_KEY,
}
type BotName = keyof typeof wanted
const isWanted = (name: BotName) => config.PLUMB_BOT === 'all' || config.PLUMB_BOT === name

// 1. Answer to the operator from the first moment. Ready means that a newcomer's order meets quotes.
const makerWanted = isWanted('market-maker') && wanted['market-maker'] !== undefined
const status = await startStatusServer({
  listen: config.PLUMB_HTTP,
  logger,
  metrics,
  ready: () => ({
    ready:
      accounts.length > 0 &&
      accounts.every((account) => account.current) &&
      (!makerWanted || maker?.quoting === true),
    detail: {
      quoting: maker?.quoting === true,
      accounts: accounts.map(({ address, current }) => ({ address, current })),
      liquidator: liquidator?.watching ?? null,
    },
  }),
  routes: (path) =>
    path === '/capture' ? { status: 200, body: capture?.report() ?? {} } : undefined,
})
lifecycle.onClose('status server', () => status.close())

// 2. One stream and one list of markets for all bots.
const client = createClient({ baseUrl: config.PLUMB_GATEWAY_URL })
const stream = client.stream({ reconnectMaxMs: 2_000 })
lifecycle.onClose('stream', () => stream.close())
stream.onNotice(({ kind, topic, detail }) => logger.debug({ kind, topic, detail }, 'stream'))

const markets = new MarketList(client, config.PLUMB_BOT_MARKETS)
const listed = untilDone(() => markets.refresh(() => Promise.resolve()), logger, signal)

const open = async (key: string) => {
  await listed
  const account = new BotAccount(client, stream, key)
  const amountQuote = config.PLUMB_BOT_DEPOSIT_USDC * 1_000_000
  await untilDone(() => ensureFunds(client, account, amountQuote, logger, signal), logger, signal)
  await untilDone(() => stream.ready(), logger, signal)
  const ids = markets.items.map(({ id }) => id)
  await untilDone(() => account.open(ids), logger, signal)
  accounts.push(account)
  return account
}

const runMaker = async (key: string) => {
  const account = await open(key)
  const style = {
    levels: config.PLUMB_MAKER_LEVELS,
    spreadPpm: config.PLUMB_MAKER_SPREAD_PPM,
    stepPpm: config.PLUMB_MAKER_STEP_PPM,
    quoteUsdc: config.PLUMB_MAKER_QUOTE_USDC,
    inventoryUsdc: config.PLUMB_MAKER_INVENTORY_USDC,
  }
  const quotes = new MarketMaker(account, markets.items, style, logger, metrics)
  maker = quotes
  lifecycle.onClose('quotes', () => quotes.stop())
  const periodMs = config.PLUMB_MAKER_PERIOD_MS
  await runBot({ account, periodMs, round: () => quotes.quote(), logger, signal })
}
const runTaker = async (key: string) => {
  const account = await open(key)
  const taker = new Taker(account, markets.items, config.PLUMB_TAKER_ORDER_USDC, metrics)
  const periodMs = config.PLUMB_TAKER_PERIOD_MS
  await runBot({ account, periodMs, round: () => taker.take(), logger, signal })
}
const runCapture = async (key: string) => {
  const account = await open(key)
  const path =
    config.PLUMB_BOTS_DATA === undefined ? undefined : join(config.PLUMB_BOTS_DATA, 'capture.json')
  const spotCostPpm = config.PLUMB_CAPTURE_SPOT_COST_PPM
  const taker = Math.max(0, ...markets.items.map(({ takerFeePpm }) => takerFeePpm))
  const style = {
    notionalUsdc: config.PLUMB_CAPTURE_USDC,
    horizonHours: config.PLUMB_CAPTURE_HORIZON_HOURS,
    roundTripPpm: 2 * (taker + spotCostPpm),
  }
  const bot = new FundingCapture({
    client,
    account,
    markets: [...markets.items],
    style,
    spotCostPpm,
    saved: await readCapture(path),
    save: (record) => writeCapture(path, record),
    logger,
    metrics,
  })
  capture = bot
  const periodMs = config.PLUMB_CAPTURE_PERIOD_MS
  await runBot({ account, periodMs, round: () => bot.round(), logger, signal })
}
const devnet = () => untilDone(() => client.devnet(), logger, signal)
const runLiquidator = async (key: string) => {
  const named = { rpcUrl: config.PLUMB_RPC_URL, contract: config.PLUMB_CONTRACT }
  const places = named.rpcUrl === undefined ? await devnet() : named
  const { rpcUrl = '', contract = '' } = places
  const port = createLiquidations({ rpcUrl, contract, signer: key })
  lifecycle.onClose('liquidations', () => Promise.resolve(port.close()))
  const bot = new Liquidator(port, config.PLUMB_DEPLOY_BLOCK, logger, metrics)
  liquidator = bot
  const periodMs = config.PLUMB_LIQUIDATOR_PERIOD_MS
  await runRounds({ periodMs, round: () => bot.round(), logger, signal })
}

// 3. Trade; markets that are listed meanwhile join.
const bots = {
  'market-maker': runMaker,
  taker: runTaker,
  'funding-capture': runCapture,
  liquidator: runLiquidator,
}
for (const name of ['market-maker', 'taker', 'funding-capture', 'liquidator'] as const) {
  const key = wanted[name]
  if (!isWanted(name)) continue
  if (key === undefined) logger.warn({ bot: name }, 'no key: this bot stays away')
  else
    bots[name](key).catch((error: unknown) => {
      if (!signal.aborted) lifecycle.crash(error)
    })
}
const refreshMs = 15_000
const joinMarkets = async () => {
  await listed
  while (!signal.aborted) {
    await sleep(refreshMs, undefined, { signal })
    await markets
      .refresh(async (id) => {
        for (const account of accounts) await account.watch(id)
        logger.info({ market: id }, 'a market joins')
      })
      .catch((error: unknown) => logger.debug({ err: error }, 'markets were not read'))
  }
}
joinMarkets().catch((error: unknown) => {
  if (!signal.aborted) lifecycle.crash(error)
})
