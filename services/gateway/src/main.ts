//! gateway: REST + WebSocket edge: parse, verify signatures in a pool, forward, fan out.
import { createLifecycle, createLogger, startStatusServer, watchFaults } from '@plumb/runtime'
import { gatewayConfig } from './config.ts'
import { createGateway } from './gateway.ts'

const config = gatewayConfig()
const logger = createLogger('gateway', { level: config.logLevel })
const lifecycle = createLifecycle({ logger, parentPid: config.parentPid })

watchFaults(config.faultFile)

// 1. follow the feed into the view, open the door  2. end when the feed can no longer be trusted
const gateway = await createGateway(config, logger)
lifecycle.onClose('gateway', () => gateway.close())
gateway.failed.catch((error: unknown) => {
  lifecycle.crash(error)
})

const { metrics, ready, health } = gateway
const status = await startStatusServer({
  listen: config.statusListen,
  logger,
  metrics,
  ready,
  health,
})
lifecycle.onClose('status', () => status.close())
