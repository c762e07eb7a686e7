//! Where two sides parted: the first stored transfer that is not what the journal asks for, or the events that are left.
import {
  balancesAt,
  entryNear,
  type Frame,
  type Ledger,
  latestAgreement,
  type Posting,
  postingsOf,
  readTransfers,
  type StoredTransfer,
  transferKind,
} from '@plumb/ledger'
import { decodeEvents } from '@plumb/model'

/** What was found to differ, as a sentence; the account where there is one. */
export type Difference = {
  text: string
  between: 'engine' | 'chain' | 'history'
  accountId?: number | undefined
}

/** Commands with their events from the first one on, in order; ends when it is returned. */
export type ReadJournal = (fromSeq: number) => AsyncIterable<readonly Frame[]>

const LEGS_PER_EVENT = 4

/**
 * Says from where on the sides differ: sequence number, event and account.
 *
 * @param seq as of which they were compared
 */
export async function traceDifference(
  ledger: Ledger,
  readJournal: ReadJournal,
  difference: Difference,
  seq: number,
): Promise<string> {
  const { accountId, between } = difference
  const { wrong, sumQuote } = await holdAgainstJournal(ledger, readJournal, accountId, seq)
  if (wrong !== undefined) return `first differing event: ${wrong}`
  const agrees = `every transfer up to seq ${seq} is what the journal asks for`
  const balance = accountId === undefined ? 0 : (await balancesAt(ledger, seq)).get(accountId)
  if (accountId !== undefined && balance !== sumQuote)
    return `${agrees} and account ${accountId}'s sum to ${sumQuote}: its balance of ${balance} in the ledger is wrong`
  const last = await latestAgreement(ledger)
  const afterSeq = last?.seq ?? 0
  const since =
    last === undefined
      ? 'no comparison agreed before'
      : `the last comparison that agreed was of seq ${last.seq} (batch ${last.batchNo})`
  if (accountId === undefined) return `${agrees}; ${since}`
  const other = between === 'chain' ? 'the contract' : 'the engine'
  const first = await entryNear(ledger, accountId, { afterSeq, seq })
  if (first !== undefined)
    return `${agrees}, so ${other} parted from it; ${since}; first event of the account since: ${placeOf(first)}`
  const newest = await entryNear(ledger, accountId, { seq })
  return `${agrees}, so ${other} parted from it; ${since}; last event of the account: ${newest === undefined ? 'none' : placeOf(newest)}`
}

const placeOf = ({ seq, leg, kind }: { seq: number; leg: number; kind: string }) =>
  `seq ${seq}, event ${Math.floor(leg / LEGS_PER_EVENT)} (${kind})`

type Held = { wrong: string | undefined; sumQuote: number }

/** Holds the stored transfers against the journal, both read once, and adds up what the journal gives one account. */
async function holdAgainstJournal(
  ledger: Ledger,
  readJournal: ReadJournal,
  accountId: number | undefined,
  toSeq: number,
): Promise<Held> {
  const stored = readTransfers(ledger, toSeq)
  const next = oneByOne(stored)
  let sumQuote = 0
  const hold = async (frame: Frame): Promise<string | undefined> => {
    for (const event of decodeEvents(frame.events))
      for (const posting of postingsOf(event)) {
        if (posting.debit === accountId) sumQuote -= posting.amountQuote
        if (posting.credit === accountId) sumQuote += posting.amountQuote
        // Transfers are stored by place: whatever does not belong shows at the next one that does.
        const wrong = wrongIn(posting, await next())
        if (wrong !== undefined)
          return `seq ${frame.seq}, event ${event.leg} (${event.kind}), accounts ${posting.debit} and ${posting.credit}: ${wrong}`
      }
    return undefined
  }
  try {
    for await (const frames of readJournal(1))
      for (const frame of frames) {
        const wrong = frame.seq > toSeq ? undefined : await hold(frame)
        if (wrong !== undefined || frame.seq >= toSeq) return { wrong, sumQuote }
      }
    return { wrong: undefined, sumQuote }
  } finally {
    await stored.return()
  }
}

function wrongIn(posting: Posting, found: StoredTransfer | undefined): string | undefined {
  const place = `transfer (${posting.seq}, ${posting.leg})`
  if (found === undefined) return `${place} is missing`
  if (found.seq !== posting.seq || found.leg !== posting.leg)
    return `where ${place} belongs stands (${found.seq}, ${found.leg})`
  const { debit, credit, amountQuote } = posting
  const wanted = { debit, credit, amountQuote, kind: transferKind[posting.kind] }
  for (const name of ['debit', 'credit', 'amountQuote', 'kind'] as const)
    if (found[name] !== wanted[name])
      return `${place}: ${name} is ${found[name]}, the journal says ${wanted[name]}`
  return undefined
}

function oneByOne(
  pages: AsyncGenerator<StoredTransfer[], void, void>,
): () => Promise<StoredTransfer | undefined> {
  let page: StoredTransfer[] = []
  let at = 0
  return async () => {
    while (at >= page.length) {
      const { value, done } = await pages.next()
      if (done === true || value === undefined) return undefined
      page = value
      at = 0
    }
    return page[at++]
  }
}
