//! The oracle process: every publisher's signed prices of every market, once a second, into the sequencer.
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
import { type ExchangeFacts, learnExchange } from './exchange-facts.ts'
import { openSources } from './open-sources.ts'
import { Oracle } from './oracle.ts'
import { degradedReasons, healthBody, oracleRoutes } from './oracle-routes.ts'
import { openPublishers } from './publisher.ts'
import { createTelemetry } from './telemetry.ts'

const config = readConfig()
const logger = createLogger('oracle', { level: config.PLUMB_LOG_LEVEL })
const metrics = createMetrics('oracle')
const telemetry = createTelemetry(metrics, logger)
const lifecycle = createLifecycle({ logger, parentPid: config.PLUMB_PARENT_PID })
let oracle: Oracle | undefined
let facts: ExchangeFacts | undefined
let lastPublishedMs = 0

// 1. Answer to the operator from the first moment.
const markets = () => facts?.markets.values() ?? []
const status = await startStatusServer({
  listen: config.PLUMB_HTTP,
  logger,
  metrics,
  ready: () => ({
    ready: systemClock.nowMs() - lastPublishedMs < 5 * config.PLUMB_ORACLE_INTERVAL_MS,
    detail: { lastPublishedMs, degraded: degradedReasons(oracle) },
  }),
  health: () => healthBody(config.PLUMB_ORACLE_MODE, oracle),
  routes: oracleRoutes(config.PLUMB_ORACLE_MODE, () => oracle, markets),
})
lifecycle.onClose('status server', () => status.close())

// 2. Open the sources; learn the deployment, the markets and where prices stood.
const sources = await openSources(config, systemClock, logger)
const address = config.PLUMB_SEQUENCER
const symbols = new Set(sources.plan.markets.keys())
const learnt = await learnExchange({ address, symbols, logger, signal: lifecycle.signal })
facts = learnt.facts
learnt.ended.catch((error: unknown) => lifecycle.crash(error))
const { genesis, indexTicks } = facts
if (genesis !== undefined) {
  for (const { market, symbol, tickE8 } of facts.markets.values()) {
    const ticks = indexTicks.get(market)
    if (ticks !== undefined) sources.simulated.resume(symbol, (ticks * tickE8) / 1e8)
  }
  const publishers = openPublishers(config.PLUMB_PUBLISHER_KEYS, genesis)
  const running = new Oracle({
    ...sources,
    publishers,
    markets,
    lastIndex: (market) => indexTicks.get(market),
    clock: systemClock,
    onRefusedQuote: (source, reason) => telemetry.refusedQuote(source, reason),
  })
  oracle = running
  const listed = [...facts.markets.values()].map((market) => market.symbol)
  const numbers = publishers.map(({ publisher }) => publisher)
  logger.info({ mode: config.PLUMB_ORACLE_MODE, markets: listed, publishers: numbers }, 'opened')
  if (numbers.length > 1 && sources.shared.length > 0)
    logger.warn({ publishers: numbers }, 'these publishers hear the same sources: one witness')

  // 3. Publish.
  const commands = createCommandClient({ address, name: 'oracle', logger })
  lifecycle.onClose('commands', () => commands.close())
  const submit = async (message: ObservePrice) => {
    try {
      const { events } = await commands.submit(encodeCommand(message))
      const refusal = decodeEvents(events).find((event) => event.kind === 'CommandRejected')
      if (refusal === undefined) lastPublishedMs = systemClock.nowMs()
      telemetry.published(refusal === undefined ? 'accepted' : rejectName(refusal.code))
    } catch (error) {
      // A lost second is replaced by the next one.
      if (!(error instanceof CommandError)) throw error
      telemetry.published(error.code)
    }
  }
  running.start()
  lifecycle.onClose('sources', () => running.stop())
  const heartbeat = everyInterval(
    systemClock,
    config.PLUMB_ORACLE_INTERVAL_MS,
    async (timeMs) => {
      const messages = running.publish(timeMs)
      telemetry.observe(running)
      await Promise.all(messages.map(submit))
    },
    (error) => lifecycle.crash(error),
  )
  lifecycle.onClose('heartbeat', () => heartbeat.stop())
}
