//! When to compare engine, ledger and chain, and what to do about a difference.
import { setTimeout as sleep } from 'node:timers/promises'
import { insertReconciliation, type ReconciliationRow } from '@plumb/ledger'
import { encodeCommand } from '@plumb/model'
import { type Clock, type CommandClient, faultPoint, type Logger } from '@plumb/runtime'
import { wholeHistory } from './history-check.ts'
import type { LedgerMetrics } from './ledger-metrics.ts'
import { type ReconcileParts, reconcile } from './reconcile.ts'
import { type Difference, type ReadJournal, traceDifference } from './trace-difference.ts'

type Trigger = ReconciliationRow['trigger']

export type ReconcilerOptions = ReconcileParts & {
  commands: Pick<CommandClient, 'submit'>
  clock: Clock
  logger: Logger
  metrics: LedgerMetrics
  intervalMs: number
  readJournal: ReadJournal
  /** How long an alarm may look for the first differing event before its row is written without it. */
  traceTimeoutMs?: number
}

export type Reconciler = {
  readonly latest: ReconciliationRow | undefined
  /** Compares now, or joins the comparison that is already waiting to begin. */
  run(trigger: Trigger): Promise<ReconciliationRow>
  /** The operator has looked: compares the whole history, and opens withdrawals again only when everything agrees. */
  resume(): Promise<ReconciliationRow>
  close(): Promise<void>
}

/** One comparison at a time; asked for during one, another follows it. Starts the timer. */
export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { ledger, commands, clock, logger, metrics, intervalMs, traceTimeoutMs = 60_000 } = options
  let latest: ReconciliationRow | undefined
  let alarmed = false
  let running: Promise<unknown> = Promise.resolve()
  let waiting: Promise<ReconciliationRow> | undefined

  /** Customers' money stops leaving until an operator has looked; trading goes on. */
  const alarm = async (difference: Difference) => {
    logger.error({ ...difference }, 'RECONCILIATION_DIFFERENCE: withdrawals are being paused')
    if (alarmed) return
    await commands.submit(encodeCommand({ kind: 'SetWithdrawals', paused: 1 }))
    alarmed = true
    logger.error('withdrawals paused')
  }

  /** The sentence with the place from which on the sides differ. The alarm does not wait for it. */
  const explain = async (difference: Difference, seq: number): Promise<string> => {
    const late = new AbortController()
    const timeout = sleep(traceTimeoutMs, 'not found in time', { signal: late.signal, ref: false })
    const trace = traceDifference(ledger, options.readJournal, difference, seq).catch(
      (error: unknown) => `first differing event: could not be looked for (${String(error)})`,
    )
    const where = await Promise.race([trace, timeout.catch(() => '')])
    late.abort()
    return `${difference.text}; ${where}`
  }

  const compare = async (trigger: Trigger): Promise<ReconciliationRow> => {
    const startMs = clock.monotonicMs()
    const checkedMs = clock.nowMs()
    faultPoint('ledger:reconcile-begun')
    const { difference, engineSeq, ...comparison } = await reconcile(
      trigger === 'demand' ? { ...options, history: wholeHistory } : options,
    )
    faultPoint('ledger:reconcile-compared')
    if (difference !== undefined) await alarm(difference)
    const firstDifference = difference === undefined ? null : await explain(difference, engineSeq)
    const figures = { ...comparison, firstDifference, checkedMs, trigger }
    const id = await insertReconciliation(ledger, figures)
    faultPoint('ledger:reconcile-stored')
    const row = { id, ...figures }
    latest = row
    metrics.reconciled(row.ok, (clock.monotonicMs() - startMs) / 1_000)
    if (row.ok) {
      alarmed = false
      logger.debug({ seq: row.seq, accounts: row.accounts }, 'engine, ledger and chain agree')
    } else logger.error({ ...row }, 'RECONCILIATION_DIFFERENCE')
    return row
  }

  const run = (trigger: Trigger): Promise<ReconciliationRow> => {
    waiting ??= running.then(() => {
      waiting = undefined
      const comparing = compare(trigger)
      running = comparing.catch(() => {})
      return comparing
    })
    return waiting
  }

  const resume = async (): Promise<ReconciliationRow> => {
    const row = await run('demand')
    if (row.ok) {
      await commands.submit(encodeCommand({ kind: 'SetWithdrawals', paused: 0 }))
      logger.warn({ seq: row.seq }, 'withdrawals opened by the operator')
    }
    return row
  }

  const timer = setInterval(() => {
    run('timer').catch((error: unknown) => {
      metrics.notReconciled()
      logger.warn({ err: error }, 'could not compare engine, ledger and chain')
    })
  }, intervalMs)

  return {
    get latest() {
      return latest
    },
    run,
    resume,
    close: async () => {
      clearInterval(timer)
      await waiting?.catch(() => {})
      await running
    },
  }
}
