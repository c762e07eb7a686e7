//! Holds every posting in Postgres against the ones that the replayed events ask for.
import {
  balancesAt,
  checkLedger,
  type Ledger,
  type LedgerAccountId,
  type Posting,
  positionsAt,
  postingsOf,
  readTransfers,
  type StoredTransfer,
  transferKind,
} from '@plumb/ledger'
import type { AccountBook } from './verify-account-book.ts'
import { VerifyError } from './verify-error.ts'
import type { ReplayedBatch } from './verify-journal.ts'

const placeOf = (accountId: number, market: number) => `account ${accountId} market ${market}`

const differ = (message: string) => new VerifyError('ledger', message)

/** One stored transfer at a time, without holding them all. */
class StoredTransfers {
  private readonly pages: AsyncGenerator<StoredTransfer[], void, void>
  private page: StoredTransfer[] = []
  private at = 0

  constructor(ledger: Ledger, toSeq: number) {
    this.pages = readTransfers(ledger, toSeq)
  }

  async next(): Promise<StoredTransfer | undefined> {
    while (this.at >= this.page.length) {
      const { value, done } = await this.pages.next()
      if (done === true || value === undefined) return undefined
      this.page = value
      this.at = 0
    }
    return this.page[this.at++]
  }

  async close(): Promise<void> {
    await this.pages.return()
  }
}

/** Follows a replay and compares the ledger with it, up to the ledger's cursor. */
export class LedgerCheck {
  readonly cursorSeq: number
  private readonly stored: StoredTransfers
  private readonly balances = new Map<LedgerAccountId, number>()
  private checked = 0

  constructor(ledger: Ledger, cursorSeq: number) {
    this.cursorSeq = cursorSeq
    this.stored = new StoredTransfers(ledger, cursorSeq)
  }

  /** Transfers compared so far. */
  get transfers(): number {
    return this.checked
  }

  /** @throws VerifyError naming the first transfer that differs */
  async take({ commands }: ReplayedBatch): Promise<void> {
    for (const { seq, events } of commands) {
      if (seq > this.cursorSeq) return
      for (const event of events)
        for (const posting of postingsOf(event)) await this.compare(posting)
    }
  }

  private async compare(posting: Posting): Promise<void> {
    const debitAfterQuote = (this.balances.get(posting.debit) ?? 0) - posting.amountQuote
    this.balances.set(posting.debit, debitAfterQuote)
    const creditAfterQuote = (this.balances.get(posting.credit) ?? 0) + posting.amountQuote
    this.balances.set(posting.credit, creditAfterQuote)
    const stored = await this.stored.next()
    const name = `transfer (seq ${posting.seq}, leg ${posting.leg})`
    if (stored === undefined) throw differ(`${name} is missing`)
    if (stored.seq !== posting.seq || stored.leg !== posting.leg)
      throw differ(`where ${name} belongs stands (seq ${stored.seq}, leg ${stored.leg})`)
    const { debit, credit, amountQuote, reference } = posting
    const wanted = {
      debit,
      credit,
      amountQuote,
      debitAfterQuote,
      creditAfterQuote,
      kind: transferKind[posting.kind],
      market: posting.market ?? -1,
      reference,
    }
    const field = keysOf(wanted).find((key) => stored[key] !== wanted[key])
    if (field !== undefined)
      throw differ(`${name}: ${field} is ${stored[field]}, the journal says ${wanted[field]}`)
    this.checked += 1
  }

  /**
   * After the last batch: nothing more is stored, and balances and positions are what the book holds at the cursor.
   *
   * @throws VerifyError
   */
  async finish(ledger: Ledger, book: Pick<AccountBook, 'accounts'>): Promise<void> {
    const extra = await this.stored.next()
    if (extra !== undefined)
      throw differ(`transfer (seq ${extra.seq}, leg ${extra.leg}) is not in the journal`)
    await this.compareBalances(await balancesAt(ledger, this.cursorSeq))
    await this.comparePositions(await positionsAt(ledger, this.cursorSeq), book)
    const broken = await checkLedger(ledger)
    if (broken !== undefined) throw differ(broken)
  }

  close(): Promise<void> {
    return this.stored.close()
  }

  private async compareBalances(stored: ReadonlyMap<LedgerAccountId, number>): Promise<void> {
    for (const id of new Set([...stored.keys(), ...this.balances.keys()])) {
      const wanted = this.balances.get(id) ?? 0
      if ((stored.get(id) ?? 0) !== wanted)
        throw differ(`balance of account ${id} is ${stored.get(id)}, the journal says ${wanted}`)
    }
  }

  private async comparePositions(
    stored: readonly { accountId: number; market: number; positionLots: number }[],
    { accounts }: Pick<AccountBook, 'accounts'>,
  ): Promise<void> {
    const wanted = new Map(
      [...accounts.values()].flatMap(({ accountId, positions }) =>
        [...positions].map(([market, { lots }]) => [placeOf(accountId, market), lots] as const),
      ),
    )
    const found = new Map(
      stored.map((row) => [placeOf(row.accountId, row.market), row.positionLots]),
    )
    for (const key of new Set([...wanted.keys(), ...found.keys()]))
      if (wanted.get(key) !== found.get(key))
        throw differ(
          `position of ${key} is ${found.get(key) ?? 0}, the journal says ${wanted.get(key) ?? 0}`,
        )
  }
}

const keysOf = <T extends object>(value: T): (keyof T)[] =>
  // Own literals only: their keys are their type's.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  Object.keys(value) as (keyof T)[]
