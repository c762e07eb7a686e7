//! The oracle process: signed prices of every market, once a second, into the sequencer.
import { decodeEvents, encodeCommand, type ObservePrice, rejectName } from '@plumb/model'
import {
  CommandError,
  createCommandClient,
  createLifecycle,
  createLogger,
  createMetrics,
  everyInterval,
  startStatusServer,
  systemClock,
} from '@plumb/runtime'
import { readConfig } from './config.ts'
import { learnExchange } from './exchange-facts.ts'
import { openPublishers, publication } from './publisher.ts'
import { createSimulator } from './simulator.ts'

const config = readConfig()
const logger = createLogger('oracle', { level: config.PLUMB_LOG_LEVEL })
const metrics = createMetrics('oracle')
const published = metrics.counter('prices_published_total', 'Price messages by outcome.', [
  'outcome',
])
const lifecycle = createLifecycle({ logger, parentPid: config.PLUMB_PARENT_PID })
let lastPublishedMs = 0

// 1. Answer to the operator from the first moment.
const status = await startStatusServer({
  listen: config.PLUMB_HTTP,
  logger,
  metrics,
  ready: () => ({
    ready: systemClock.nowMs() - lastPublishedMs < 5 * config.PLUMB_ORACLE_INTERVAL_MS,
    detail: { lastPublishedMs },
  }),
})
lifecycle.onClose('status server', () => status.close())

// 2. Learn the deployment, the markets and where prices stood.
const address = config.PLUMB_SEQUENCER
const facts = await learnExchange(address, logger, lifecycle.signal)
if (facts.genesis !== undefined) {
  const markets = [...facts.markets.values()]
  const publishers = openPublishers(config.PLUMB_PUBLISHER_KEYS, facts.genesis)
  const seed = config.PLUMB_ORACLE_SEED
  const source = createSimulator({
    seed,
    startPrices: config.PLUMB_ORACLE_PRICES,
    volatilityPpm: config.PLUMB_ORACLE_VOLATILITY_PPM,
  })
  for (const market of markets) {
    const ticks = facts.indexTicks.get(market.market)
    if (ticks !== undefined) source.resume(market.symbol, (ticks * market.tickE8) / 1e8)
  }
  logger.info({ markets: markets.map((m) => m.symbol), publishers: publishers.length }, 'opened')

  // 3. Publish.
  const commands = createCommandClient({ address, name: 'oracle', logger })
  lifecycle.onClose('commands', () => commands.close())
  const submit = async (message: ObservePrice) => {
    try {
      const { events } = await commands.submit(encodeCommand(message))
      const refusal = decodeEvents(events).find((event) => event.kind === 'CommandRejected')
      if (refusal === undefined) lastPublishedMs = systemClock.nowMs()
      published.inc({ outcome: refusal === undefined ? 'accepted' : rejectName(refusal.code) })
    } catch (error) {
      // A lost second is replaced by the next one.
      if (!(error instanceof CommandError)) throw error
      published.inc({ outcome: error.code })
    }
  }
  const options = { source, markets, publishers, noisePpm: config.PLUMB_ORACLE_NOISE_PPM, seed }
  const heartbeat = everyInterval(
    systemClock,
    config.PLUMB_ORACLE_INTERVAL_MS,
    async (timeMs) => {
      await Promise.all(publication(options, timeMs).map(submit))
    },
    (error) => lifecycle.crash(error),
  )
  lifecycle.onClose('heartbeat', () => heartbeat.stop())
}
