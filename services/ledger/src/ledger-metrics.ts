//! What the ledger service counts.
import type { WriteReport } from '@plumb/ledger'
import type { Metrics } from '@plumb/runtime'

export type LedgerMetrics = {
  written(report: WriteReport, tookSeconds: number): void
  reconciled(ok: boolean, tookSeconds: number): void
  /** A side did not answer: nothing was compared. */
  notReconciled(): void
}

export function createLedgerMetrics(metrics: Metrics): LedgerMetrics {
  const seq = metrics.gauge('ledger_seq', 'Last command written to Postgres.')
  const transfers = metrics.counter('ledger_transfers_total', 'Transfers booked.')
  const trades = metrics.counter('ledger_trades_total', 'Trades booked.')
  const commits = metrics.histogram('ledger_commit_seconds', 'One transaction of the ledger.')
  const equal = metrics.gauge('reconciliation_ok', '1: engine, ledger and chain agreed last time.')
  const outcomes = metrics.counter('reconciliations_total', 'Comparisons, by outcome.', ['outcome'])
  const durations = metrics.histogram('reconciliation_seconds', 'One comparison.')
  return {
    written: (report, tookSeconds) => {
      seq.set(report.toSeq)
      transfers.inc(report.transfers)
      trades.inc(report.trades)
      commits.observe(tookSeconds)
    },
    reconciled: (ok, tookSeconds) => {
      equal.set(ok ? 1 : 0)
      outcomes.inc({ outcome: ok ? 'equal' : 'different' })
      durations.observe(tookSeconds)
    },
    notReconciled: () => outcomes.inc({ outcome: 'unreachable' }),
  }
}
