//! What the relayer tells about itself.
import type { Metrics } from '@plumb/runtime'

type Counter = ReturnType<Metrics['counter']>
type Gauge = ReturnType<Metrics['gauge']>

/** The relayer's meters. */
export type RelayerMetrics = {
  lagSeqs: Gauge
  unsettledSeconds: Gauge
  batchesPending: Gauge
  batches: Counter
  gas: Counter
  poison: Gauge
  differences: Counter
  deposits: Counter
  notices: Counter
  faults: Counter
  unsettledGas: Gauge
  throttleStage: Gauge
  fills: Counter
  gasPerFill: Gauge
  costPerFillWei: Gauge
  baseFeeWei: Gauge
}

export const createRelayerMetrics = (metrics: Metrics): RelayerMetrics => ({
  lagSeqs: metrics.gauge('relayer_lag_seqs', 'Commands of the feed not yet read.'),
  unsettledSeconds: metrics.gauge(
    'relayer_unsettled_seconds',
    'Age of the oldest fill in no batch.',
  ),
  batchesPending: metrics.gauge('relayer_batches_pending', 'Batches not yet final.'),
  batches: metrics.counter('relayer_batches_total', 'Batches mined.'),
  gas: metrics.counter('relayer_gas_total', 'Gas used by mined batches.'),
  poison: metrics.gauge('relayer_poison', '1 while a command cannot be settled.'),
  differences: metrics.counter(
    'relayer_account_differences_total',
    'Accounts that differed between contract and twin after a batch.',
  ),
  deposits: metrics.counter('relayer_deposits_total', 'Deposits credited.'),
  notices: metrics.counter(
    'relayer_notices_total',
    "Entries of the contract's log that the engine follows.",
  ),
  faults: metrics.counter('relayer_faults_total', 'Failed steps, by what failed.', ['step']),
  unsettledGas: metrics.gauge('relayer_unsettled_gas', 'Gas that what waits to settle will use.'),
  throttleStage: metrics.gauge(
    'relayer_throttle_stage',
    '0 free, 1 and 2 least value, 3 post-only.',
  ),
  fills: metrics.counter('relayer_fills_total', 'Fills in mined batches.'),
  gasPerFill: metrics.gauge('relayer_gas_per_fill', 'Gas of the last batch for each of its fills.'),
  costPerFillWei: metrics.gauge('relayer_cost_per_fill_wei', 'What a fill of the last batch cost.'),
  baseFeeWei: metrics.gauge('relayer_base_fee_wei', 'Base fee of the head block.'),
})
