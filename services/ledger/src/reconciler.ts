//! When to compare engine, ledger and chain, and what to do about a difference.
import { insertReconciliation, type ReconciliationRow } from '@plumb/ledger'
import { encodeCommand } from '@plumb/model'
import { type Clock, type CommandClient, faultPoint, type Logger } from '@plumb/runtime'
import type { LedgerMetrics } from './ledger-metrics.ts'
import { type ReconcileParts, reconcile } from './reconcile.ts'

type Trigger = ReconciliationRow['trigger']

export type ReconcilerOptions = ReconcileParts & {
  commands: Pick<CommandClient, 'submit'>
  clock: Clock
  logger: Logger
  metrics: LedgerMetrics
  intervalMs: number
}

export type Reconciler = {
  readonly latest: ReconciliationRow | undefined
  /** Compares now, or joins the comparison that is already waiting to begin. */
  run(trigger: Trigger): Promise<ReconciliationRow>
  close(): Promise<void>
}

/** One comparison at a time; asked for during one, another follows it. Starts the timer. */
export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { ledger, commands, clock, logger, metrics, intervalMs } = options
  let latest: ReconciliationRow | undefined
  let alarmed = false
  let running: Promise<unknown> = Promise.resolve()
  let waiting: Promise<ReconciliationRow> | undefined

  /** Customers' money stops leaving until an operator has looked; trading goes on. */
  const alarm = async (row: ReconciliationRow) => {
    logger.error({ ...row }, 'RECONCILIATION_DIFFERENCE: withdrawals are being paused')
    if (alarmed) return
    await commands.submit(encodeCommand({ kind: 'SetWithdrawals', paused: 1 }))
    alarmed = true
    logger.error({ seq: row.seq }, 'withdrawals paused')
  }

  const compare = async (trigger: Trigger): Promise<ReconciliationRow> => {
    const startMs = clock.monotonicMs()
    const checkedMs = clock.nowMs()
    faultPoint('ledger:reconcile-begun')
    const comparison = await reconcile(options)
    faultPoint('ledger:reconcile-compared')
    const id = await insertReconciliation(ledger, { ...comparison, checkedMs, trigger })
    faultPoint('ledger:reconcile-stored')
    const row = { id, checkedMs, trigger, ...comparison }
    latest = row
    metrics.reconciled(row.ok, (clock.monotonicMs() - startMs) / 1_000)
    if (row.ok) {
      alarmed = false
      logger.debug({ seq: row.seq, accounts: row.accounts }, 'engine, ledger and chain agree')
    } else await alarm(row)
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
    close: async () => {
      clearInterval(timer)
      await waiting?.catch(() => {})
      await running
    },
  }
}
