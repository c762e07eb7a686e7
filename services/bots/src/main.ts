//! The bots process: a market maker and a small taker, clients like anyone's.
import { createLifecycle, createLogger, createMetrics, startStatusServer } from '@plumb/runtime'
import { createClient } from '@plumb/sdk'
import { BotAccount } from './bot-account.ts'
import { readMarket } from './bot-market.ts'
import { readConfig } from './config.ts'
import { ensureFunds } from './ensure-funds.ts'
import { MarketMaker } from './market-maker.ts'
import { runBot, untilDone } from './run-bot.ts'
import { Taker } from './taker.ts'

const config = readConfig()
const logger = createLogger('bots', { level: config.PLUMB_LOG_LEVEL })
const metrics = createMetrics('bots')
const lifecycle = createLifecycle({ logger, parentPid: config.PLUMB_PARENT_PID })
const { signal } = lifecycle
const accounts: BotAccount[] = []
let maker: MarketMaker | undefined
const wanted = { 'market-maker': config.PLUMB_MARKET_MAKER_KEY, taker: config.PLUMB_TAKER_KEY }

// 1. Answer to the operator from the first moment. Ready means that a newcomer's order meets quotes.
const makerWanted = config.PLUMB_BOT !== 'taker' && wanted['market-maker'] !== undefined
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
    },
  }),
})
lifecycle.onClose('status server', () => status.close())

// 2. One stream for all bots.
const client = createClient({ baseUrl: config.PLUMB_GATEWAY_URL })
const stream = client.stream({ reconnectMaxMs: 2_000 })
lifecycle.onClose('stream', () => stream.close())
stream.onNotice(({ kind, topic, detail }) => logger.debug({ kind, topic, detail }, 'stream'))

const open = async (key: string) => {
  const account = new BotAccount(client, stream, key)
  const amountQuote = config.PLUMB_BOT_DEPOSIT_USDC * 1_000_000
  await untilDone(() => ensureFunds(client, account, amountQuote, logger, signal), logger, signal)
  await untilDone(() => stream.ready(), logger, signal)
  await untilDone(() => account.open(config.PLUMB_BOT_MARKETS), logger, signal)
  accounts.push(account)
  return account
}
const openMarkets = () =>
  untilDone(
    () => Promise.all(config.PLUMB_BOT_MARKETS.map((id) => readMarket(client, id))),
    logger,
    signal,
  )

const runMaker = async (key: string) => {
  const markets = await openMarkets()
  const account = await open(key)
  const style = {
    levels: config.PLUMB_MAKER_LEVELS,
    spreadPpm: config.PLUMB_MAKER_SPREAD_PPM,
    stepPpm: config.PLUMB_MAKER_STEP_PPM,
    quoteUsdc: config.PLUMB_MAKER_QUOTE_USDC,
    inventoryUsdc: config.PLUMB_MAKER_INVENTORY_USDC,
  }
  const quotes = new MarketMaker(account, markets, style, logger, metrics)
  maker = quotes
  lifecycle.onClose('quotes', () => quotes.stop())
  const periodMs = config.PLUMB_MAKER_PERIOD_MS
  await runBot({ account, periodMs, round: () => quotes.quote(), logger, signal })
}
const runTaker = async (key: string) => {
  const markets = await openMarkets()
  const account = await open(key)
  const taker = new Taker(account, markets, config.PLUMB_TAKER_ORDER_USDC, metrics)
  const periodMs = config.PLUMB_TAKER_PERIOD_MS
  await runBot({ account, periodMs, round: () => taker.take(), logger, signal })
}

// 3. Trade.
const bots = { 'market-maker': runMaker, taker: runTaker }
for (const name of ['market-maker', 'taker'] as const) {
  const key = wanted[name]
  if (config.PLUMB_BOT !== 'all' && config.PLUMB_BOT !== name) continue
  if (key === undefined) logger.warn({ bot: name }, 'no key: this bot stays away')
  else
    bots[name](key).catch((error: unknown) => {
      if (!signal.aborted) lifecycle.crash(error)
    })
}
