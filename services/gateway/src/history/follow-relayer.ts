//! What is on its way between chain and journal, batches and deposits: only the relayer's own records know it.

import { bytesHex } from '@plumb/chain'
import { listSettlements } from '@plumb/ledger'
import type { ExchangeView } from '../view/exchange-view.ts'
import type { LedgerSource } from './ledger-source.ts'
import { readPendingDeposits } from './pending-deposits.ts'

const INTERVAL_MS = 1_000
const NEWEST = 20
const onTheirWay = new Set<string>(['sent', 'mined', 'final'])

/** Looks once a second, while there is a ledger. What it shows is a hint; `settled` comes from the journal alone. */
export function followRelayer(source: LedgerSource, view: ExchangeView): { stop: () => void } {
  const look = async () => {
    const { items } = await source.read((ledger) => listSettlements(ledger, { limit: NEWEST }))
    const submitted = items.filter(({ status }) => onTheirWay.has(status))
    view.batches.setSubmitted(
      submitted.map((row) => ({
        status: 'submitted',
        batchNo: row.batchNo,
        toSeq: row.toSeq,
        txHash: row.txHash === null ? null : bytesHex(row.txHash),
        gasUsed: row.gasUsed,
        blockNumber: row.blockNumber,
        timeMs: row.timeMs,
        fills: row.fills,
      })),
    )
    await readPendingDeposits(source, view.pendingDeposits)
  }
  let looking = false
  const timer = setInterval(() => {
    if (looking || !source.connected) return
    looking = true
    look()
      .catch(() => undefined) // told by the source; the next look may succeed
      .finally(() => {
        looking = false
      })
  }, INTERVAL_MS).unref()
  return {
    stop: () => {
      clearInterval(timer)
    },
  }
}
