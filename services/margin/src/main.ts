//! The margin process.
import {
  createCommandClient,
  createFeedClient,
  createLifecycle,
  createLogger,
  createMetrics,
  startStatusServer,
  systemClock,
  watchFaults,
} from '@plumb/runtime'
import { readConfig } from './config.ts'
import { type Margin, startMargin } from './margin.ts'
import { stateRoutes } from './state-routes.ts'

const config = readConfig()
const logger = createLogger('margin', { level: config.PLUMB_LOG_LEVEL })
const metrics = createMetrics('margin')
const ticks = metrics.counter('margin_ticks_total', 'Ticks submitted, by outcome.', ['outcome'])
const lifecycle = createLifecycle({ logger, parentPid: config.PLUMB_PARENT_PID })
let margin: Margin | undefined
watchFaults(config.PLUMB_FAULT_FILE)

// 1. Answer to the operator and to the reconciler.
const status = await startStatusServer({
  listen: config.PLUMB_HTTP,
  logger,
  metrics,
  ready: () => {
    const seq = margin?.follower.engine.seq ?? 0
    const headSeq = margin?.headSeq ?? 0
    return { ready: seq > 0 && seq >= headSeq, detail: { seq, headSeq } }
  },
  routes: stateRoutes(() => margin?.follower),
})
lifecycle.onClose('status server', () => status.close())

// 2. Follow, verify, keep the clock.
const address = config.PLUMB_SEQUENCER
const commands = createCommandClient({ address, name: 'margin', logger })
lifecycle.onClose('commands', () => commands.close())
margin = await startMargin({
  openFeed: (fromSeq) => createFeedClient({ address, name: 'margin', fromSeq, logger }),
  commands,
  clock: systemClock,
  logger,
  directory: config.PLUMB_MARGIN_DATA,
  snapshotCommands: config.PLUMB_MARGIN_SNAPSHOT_COMMANDS,
  tickMs: config.PLUMB_TICK ? config.PLUMB_TICK_MS : 0,
  onTick: (outcome) => ticks.inc({ outcome }),
})
const running = margin
lifecycle.onClose('margin', () => running.close())
running.done.catch((error: unknown) => lifecycle.crash(error))
