//! The ledger process: the journal into Postgres, and engine = ledger = chain.
import { createRpc } from '@plumb/chain'
import {
  createLedgerWriter,
  latestReconciliation,
  migrate,
  openLedger,
  type ReconciliationRow,
  readCursor,
  readExchange,
} from '@plumb/ledger'
import {
  createCommandClient,
  createFeedClient,
  createLifecycle,
  createLogger,
  createMetrics,
  faultPoint,
  startStatusServer,
  systemClock,
  watchFaults,
} from '@plumb/runtime'
import { readConfig } from './config.ts'
import { DepositTrail } from './deposit-trail.ts'
import { followJournal } from './follow-journal.ts'
import { createHistoryCheck } from './history-check.ts'
import { createLedgerMetrics } from './ledger-metrics.ts'
import { createReachedSeq } from './reached-seq.ts'
import { readJournal } from './read-journal.ts'
import { createReconciler } from './reconciler.ts'

const REACHED_TIMEOUT_MS = 10_000

const config = readConfig()
const logger = createLogger('ledger', { level: config.PLUMB_LOG_LEVEL })
const metrics = createMetrics('ledger')
const ledgerMetrics = createLedgerMetrics(metrics)
const lifecycle = createLifecycle({ logger, parentPid: config.PLUMB_PARENT_PID })

watchFaults(config.PLUMB_FAULT_FILE)

// 1. Postgres: up to date, safe, and of this exchange.
const { applied } = await migrate(config.DATABASE_URL)
if (applied.length > 0) logger.info({ applied }, 'migrated')
faultPoint('ledger:migrated')
const ledger = await openLedger(config.DATABASE_URL, {
  applicationName: 'ledger',
  max: 6,
  reached: faultPoint,
})
lifecycle.onClose('ledger', () => ledger.close())
const contract = Buffer.from(config.PLUMB_CONTRACT.slice(2), 'hex')
const exchange = await readExchange(ledger)
if (exchange !== undefined && !contract.equals(exchange.contract))
  throw new Error(
    `the database is of contract 0x${Buffer.from(exchange.contract).toString('hex')}, not ${config.PLUMB_CONTRACT}`,
  )
const writer = await createLedgerWriter(ledger)
faultPoint('ledger:opened')
logger.info({ cursor: writer.cursor }, 'ledger opened')

// 2. The three sides, compared after each confirmed batch, each minute, and on demand.
const address = config.PLUMB_SEQUENCER
const commands = createCommandClient({ address, name: 'ledger', logger })
lifecycle.onClose('commands', () => commands.close())
const rpc = createRpc(config.PLUMB_RPC_URL)
const { reached, advance } = createReachedSeq(writer.cursor, REACHED_TIMEOUT_MS)
const reconciler = createReconciler({
  ledger,
  rpc,
  contract: config.PLUMB_CONTRACT,
  marginUrl: config.PLUMB_MARGIN_URL,
  trail: new DepositTrail(ledger, rpc, config.PLUMB_CONTRACT),
  reached,
  commands,
  clock: systemClock,
  logger,
  metrics: ledgerMetrics,
  intervalMs: config.PLUMB_RECONCILE_INTERVAL_MS,
  history: createHistoryCheck(),
  readJournal: (fromSeq) => readJournal(address, fromSeq),
})
lifecycle.onClose('reconciler', () => reconciler.close())
const compareLater = () => {
  reconciler.run('batch').catch((error: unknown) => {
    ledgerMetrics.notReconciled()
    logger.warn({ err: error }, 'could not compare engine, ledger and chain')
  })
}

// 3. Follow. A journal that ends before our cursor, or figures that are not the engine's: stop, the operator must look.
const written = await readCursor(ledger)
const lastWritten =
  written === undefined || written.seq === 0 || written.chainHash === null
    ? undefined
    : { seq: written.seq, chainHash: written.chainHash }
const fromSeq = lastWritten?.seq ?? writer.cursor + 1
const feed = createFeedClient({ address, name: 'ledger', fromSeq, logger })
const follower = followJournal({
  feed,
  writer,
  known: lastWritten,
  lingerMs: config.PLUMB_LEDGER_LINGER_MS,
  framesMax: config.PLUMB_LEDGER_FRAMES_MAX,
  onWritten: (report, confirmed, tookMs) => {
    ledgerMetrics.written(report, tookMs / 1_000)
    faultPoint('ledger:reported')
    advance(report.toSeq)
    if (confirmed && report.toSeq >= feed.headSeq) compareLater()
  },
})
lifecycle.onClose('follower', () => follower.close())
follower.done.catch((error: unknown) => lifecycle.crash(error))

// 4. Answer to the operator.
const answered = (comparing: Promise<ReconciliationRow>) =>
  comparing.then(
    (row) => ({ status: 200, body: row }),
    (error: unknown) => ({
      status: 503,
      body: { error: 'NOT_COMPARABLE', message: String(error) },
    }),
  )
const before = await latestReconciliation(ledger)
const status = await startStatusServer({
  listen: config.PLUMB_HTTP,
  logger,
  metrics,
  ready: () => {
    const { cursor } = writer
    const { headSeq, connected } = feed
    const caughtUp = connected && cursor > 0 && headSeq - cursor < config.PLUMB_LEDGER_FRAMES_MAX
    return { ready: caughtUp, detail: { cursor, headSeq } }
  },
  routes: (path) => {
    if (path !== '/reconciliation') return undefined
    const known = reconciler.latest ?? before
    return known === undefined
      ? { status: 404, body: { error: 'NOT_COMPARED_YET' } }
      : { status: 200, body: known }
  },
  actions: (path) => {
    if (path === '/reconcile') return answered(reconciler.run('demand'))
    if (path === '/resume-withdrawals') return answered(reconciler.resume())
    return undefined
  },
})
lifecycle.onClose('status server', () => status.close())
