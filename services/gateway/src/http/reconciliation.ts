//! The last three-way comparison, as the ledger service wrote it down.
import { PlumbError } from '@plumb/protocol'

export type Reconciliation = { latest: () => Promise<object> }

/** Where there is no ledger database. */
export const noReconciliation: Reconciliation = {
  latest: () => Promise.reject(new PlumbError('HISTORY_UNAVAILABLE')),
}
