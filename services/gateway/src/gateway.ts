//! The gateway as a library: tests and production boot the same object.
import { bytesHex, createVerifier, VerifyPool } from '@plumb/chain'
import {
  type Address,
  type Clock,
  createCommandClient,
  createMetrics,
  faultPoint,
  followFeed,
  type Logger,
  type Metrics,
  systemClock,
} from '@plumb/runtime'
import { AccountEntry } from './entry/account-entry.ts'
import { OrderEntry } from './entry/order-entry.ts'
import { orderStages } from './entry/order-stages.ts'
import { Submission } from './entry/submission.ts'
import { BearerTokens } from './guard/bearer-tokens.ts'
import { requireKey } from './guard/key-holder.ts'
import { TrafficGuard, type TrafficLimits } from './guard/traffic-guard.ts'
import { followRelayer } from './history/follow-relayer.ts'
import { History } from './history/history.ts'
import { LedgerSource } from './history/ledger-source.ts'
import { MarginSource } from './history/margin-source.ts'
import { reconciliationReport } from './history/reconciliation.ts'
import { accountRoutes } from './http/account-routes.ts'
import { serveDocs } from './http/docs.ts'
import { exportRoutes } from './http/export-routes.ts'
import { createHttpServer } from './http/http-server.ts'
import { marketRoutes } from './http/market-routes.ts'
import { orderRoutes } from './http/order-routes.ts'
import { servePage } from './http/page-files.ts'
import { riskRoutes } from './http/risk-routes.ts'
import { systemRoutes } from './http/system-routes.ts'
import { Channels } from './stream/channels.ts'
import { LedgerStream } from './stream/ledger-stream.ts'
import { StreamRequests } from './stream/stream-requests.ts'
import { StreamServer } from './stream/stream-server.ts'
import { ExchangeView } from './view/exchange-view.ts'
import { PublicObjects } from './view/public-objects.ts'
import { readView } from './view/snapshot-file.ts'
import { ViewKeeper } from './view/view-keeper.ts'
import { ViewError } from './view/view-state.ts'

const WAITER_SWEEP_MS = 250
/** Seqs the view may trail the sequencer and still be called ready. */
const LAG_MAX = 10_000
/** Signatures waiting at which streams are read more slowly; the entry turns orders away at twice as many. */
const VERIFY_QUEUE_BUSY = 2_048

export type GatewayConfig = {
  logLevel: string
  statusListen: string
  parentPid: number | undefined
  faultFile?: string | undefined
  sequencer: Address
  host: string
  /** 0: a free one. */
  port: number
  chainId: number
  contract: string
  tokenSecret: string
  databaseUrl: string | undefined
  /** Status address of the margin service; undefined: its risk reads are refused. */
  marginUrl: string | undefined
  /** 0: signatures are verified on the event loop. */
  verifyThreads: number
  devnetFile: string | undefined
  /** Folder of the view's snapshot; undefined: each start follows the feed from its beginning. */
  dataDirectory: string | undefined
  /** Commands after which the view is stored again. */
  snapshotCommands: number
  origins: readonly string[]
  connectionsPerAddressMax: number
  connectionsMax: number
  traffic: TrafficLimits
}

export type Gateway = {
  url: string
  metrics: Metrics
  ready: () => { ready: boolean; detail: object }
  health: () => object
  /** Answers one request without a socket. */
  inject(request: {
    method: 'GET' | 'POST' | 'PUT' | 'DELETE'
    url: string
    headers?: Record<string, string>
    payload?: string
  }): Promise<{ statusCode: number; body: string }>
  /** Rejects when the feed cannot be followed any further: the process must end. */
  failed: Promise<never>
  close(): Promise<void>
}

/** Starts everything and listens. Serves the clock and the probes at once, all else once the view has caught up. */
export async function createGateway(
  config: GatewayConfig,
  logger: Logger,
  clock: Clock = systemClock,
): Promise<Gateway> {
  const { chainId, contract, sequencer } = config
  const metrics = createMetrics('gateway')
  const verifier = await createVerifier({ chainId, contract })
  const pool = await VerifyPool.create({ chainId, contract, threads: config.verifyThreads })
  const view = new ExchangeView()
  const stored = config.dataDirectory === undefined ? null : await readView(config.dataDirectory)
  if (stored !== null) view.restore(stored.view)
  const keeper = new ViewKeeper({ view, stored, logger, ...config })
  const objects = new PublicObjects(view, verifier, chainId)
  const guard = new TrafficGuard(config.traffic, countRefusals(metrics))
  const tokens = new BearerTokens(config.tokenSecret)
  const commands = createCommandClient({ address: sequencer, name: 'gateway', logger })

  const ledger = new LedgerSource(config.databaseUrl, logger)
  void ledger.start()
  const history = new History(view, objects, ledger)
  const channels = new Channels(
    view,
    objects,
    clock,
    logger,
    new LedgerStream({
      appliedSeq: () => view.appliedSeq,
      connected: () => ledger.connected,
      cursorSeq: () => ledger.cursorSeq(),
      statement: (...of) => history.statement(...of),
      logger,
    }),
  )
  const checkGenesis = genesisCheck(view, chainId, contract)
  let caughtUp = false
  const feed = followFeed({
    address: sequencer,
    name: 'gateway',
    // The snapshot's last command once more: its group tells whether the journal is still the same.
    fromSeq: Math.max(1, view.appliedSeq),
    logger,
    onGroup: (group) => {
      if (!keeper.isKnown(group)) {
        view.apply(group)
        keeper.applied(group)
      }
      faultPoint('gateway:group-shown')
      checkGenesis()
      if (caughtUp || view.appliedSeq < feed.headSeq) return
      caughtUp = true
      faultPoint('gateway:caught-up')
      view.attach(channels)
      logger.info({ seq: view.appliedSeq }, 'view caught up')
    },
  })

  // It may fail before anybody asks: `failed` tells.
  feed.done.catch(() => undefined)

  const state = () => ({
    feed: feed.connected,
    commands: commands.connected,
    caughtUp,
    seq: view.appliedSeq,
    headSeq: feed.headSeq,
  })
  let closing = false
  const isReady = () =>
    caughtUp && feed.connected && commands.connected && feed.headSeq - view.appliedSeq < LAG_MAX
  const ready = () => ({ ready: isReady() && !closing, detail: state() })
  const health = () => ({
    ...state(),
    secp256k1Backend: pool.backend,
    verifyThreads: config.verifyThreads,
    verifyQueue: pool.queued,
  })
  const submission = new Submission({
    view,
    objects,
    commands,
    pool,
    guard,
    clock,
    ready: isReady,
    answered: countAnswers(metrics),
    stages: orderStages(metrics),
  })
  const entry = new OrderEntry(submission)
  const accounts = new AccountEntry(submission)

  const relayer = followRelayer(ledger, view)
  const reads = { view, objects, history }
  const routes = [
    ...systemRoutes({
      ...reads,
      chainId,
      contract,
      devnetFile: config.devnetFile,
      reconciliation: () => reconciliationReport(ledger),
      metrics,
      health,
      ready,
    }),
    ...marketRoutes(reads),
    ...orderRoutes({ view, entry, accounts, tokens, pool, guard }),
    ...accountRoutes({
      ...reads,
      guard,
      cancelsOnDisconnect: (...of) => stream.cancelsOnDisconnect(...of),
    }),
    ...riskRoutes({ ...reads, margin: new MarginSource(config.marginUrl, logger) }),
    ...exportRoutes(reads),
  ]
  const http = createHttpServer({
    routes,
    guard,
    tokens,
    checkKey: (session, nowMs) => {
      if (session.key !== null) requireKey(view, session.account, session.key, nowMs)
    },
    clock,
    logger,
    metrics,
    caughtUp: () => caughtUp,
  })
  servePage(http)
  await serveDocs(http, routes)
  const requests = new StreamRequests({
    view,
    channels,
    entry,
    accounts,
    tokens,
    guard,
    clock,
    ready: () => caughtUp,
    busy: () => pool.queued >= VERIFY_QUEUE_BUSY,
    failed: (error) => {
      logger.error({ err: error }, 'stream request failed')
    },
  })
  const stream = new StreamServer({
    server: http.server,
    requests,
    channels,
    clock,
    metrics,
    connectionsPerAddressMax: config.connectionsPerAddressMax,
    connectionsMax: config.connectionsMax,
    origins: config.origins,
  })
  const sweep = setInterval(() => {
    view.expireWaiters(clock.nowMs())
  }, WAITER_SWEEP_MS).unref()
  observe(metrics, { pool: () => pool.queued, lag: () => feed.headSeq - view.appliedSeq })
  metrics
    .gauge('signature_backend_info', 'Which secp256k1 implementation recovers signers.', [
      'backend',
    ])
    .set({ backend: pool.backend }, 1)

  faultPoint('gateway:listening')
  const url = await http.listen({ host: config.host, port: config.port })
  logger.info({ url, secp256k1Backend: pool.backend }, 'gateway listens')
  return {
    url,
    metrics,
    ready,
    health,
    inject: async (request) => {
      const { statusCode, body } = await http.inject(request)
      return { statusCode, body }
    },
    failed: feed.done.then(() => new Promise<never>(() => undefined)),
    async close() {
      clearInterval(sweep)
      relayer.stop()
      closing = true
      await submission.drain()
      await stream.close()
      await http.close()
      void feed.close()
      await feed.done.catch(() => undefined)
      await keeper.close()
      await commands.close()
      await pool.close()
      await ledger.close()
    },
  }
}

/** Orders of another chain or contract would be accepted here and settle nowhere: refuse to serve. */
function genesisCheck(view: ExchangeView, chainId: number, contract: string): () => void {
  let checked = false
  return () => {
    if (checked || view.genesis === null) return
    checked = true
    const { chainId: actualChain, contract: actualContract } = view.genesis
    if (actualChain !== chainId || bytesHex(actualContract) !== contract.toLowerCase())
      throw new ViewError(
        `the journal is of chain ${actualChain}, contract ${bytesHex(actualContract)}; ` +
          `the configuration says chain ${chainId}, contract ${contract}`,
      )
  }
}

function countRefusals(metrics: Metrics): (kind: string) => void {
  const counter = metrics.counter('rate_limited_total', 'Requests over a limit.', ['kind'])
  return (kind) => {
    counter.inc({ kind })
  }
}

function countAnswers(metrics: Metrics): (op: string, code: string, seconds: number) => void {
  const answers = metrics.counter('entry_answers_total', 'Answers by code.', ['op', 'code'])
  const latency = metrics.histogram(
    'entry_seconds',
    'From the request to the answer that is durable and shown.',
    undefined,
    ['op'],
  )
  const [counters, histograms] = [new Map<string, Counted>(), new Map<string, Timed>()]
  // The labels of an op and a code are found once: there are few, and finding them costs more than counting.
  return (op, code, seconds) => {
    const key = `${op}/${code}`
    let counter = counters.get(key)
    if (counter === undefined) counters.set(key, (counter = answers.labels(op, code)))
    let histogram = histograms.get(op)
    if (histogram === undefined) histograms.set(op, (histogram = latency.labels(op)))
    counter.inc()
    histogram.observe(seconds)
  }
}
type Counted = { inc(): void }
type Timed = { observe(seconds: number): void }

function observe(metrics: Metrics, read: { pool: () => number; lag: () => number }): void {
  const queue = metrics.gauge('verify_queue', 'Signatures waiting for a thread.')
  const lag = metrics.gauge('view_lag_commands', 'Commands the view trails the sequencer.')
  setInterval(() => {
    queue.set(read.pool())
    lag.set(Math.max(0, read.lag()))
  }, 1_000).unref()
}
