//! Looks through the ledger's own history: what is new each time, and a slice of what is old, round and round.
import { firstBrokenEntry, type Ledger } from '@plumb/ledger'
import type { Difference } from './trace-difference.ts'

/** Commands that one comparison looks through at most, of the new ones and of the old. */
const SLICE = 200_000

const check = async (
  ledger: Ledger,
  fromSeq: number,
  toSeq: number,
): Promise<Difference | undefined> => {
  const broken = await firstBrokenEntry(ledger, fromSeq, toSeq)
  if (broken === undefined) return undefined
  const { accountId, seq, leg, kind, afterQuote, expectedQuote } = broken
  return {
    between: 'history',
    accountId,
    text: `account ${accountId}: transfer (${seq}, ${leg}), ${kind}, leaves ${afterQuote} where ${expectedQuote} follows from the entry before`,
  }
}

/** All of it. */
export const wholeHistory = (ledger: Ledger, seq: number): Promise<Difference | undefined> =>
  check(ledger, 0, seq)

/** A check that costs about the same each time, however long the history is. */
export const createHistoryCheck = (): ((
  ledger: Ledger,
  seq: number,
) => Promise<Difference | undefined>) => {
  let newTo = 0
  let oldTo = 0
  return async (ledger, seq) => {
    const upTo = Math.min(seq, newTo + SLICE)
    const fresh = await check(ledger, newTo, upTo)
    if (fresh !== undefined) return fresh
    newTo = upTo
    const from = oldTo
    const to = Math.min(from + SLICE, seq)
    const old = await check(ledger, from, to)
    if (old === undefined) oldTo = to >= seq ? 0 : to
    return old
  }
}
