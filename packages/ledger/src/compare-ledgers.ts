//! Two ledgers side by side: the same rows in every table, or the first one that differs.
import type { LedgerTransaction } from './ledger-transaction.ts'
import type { Ledger } from './open-ledger.ts'

/** What the journal determines, with the columns that order it. The relayer's memory and the comparisons are not of it. */
const tables = {
  exchange: 'id',
  markets: 'market',
  accounts: 'account_id',
  balances: 'account_id',
  transfers: 'seq, leg',
  trades: 'seq, leg',
  orders: 'order_id',
  open_orders: 'account_id, created_seq, order_id',
  positions: 'account_id, market',
  position_moves: 'seq, leg',
  liquidations: 'seq, leg',
  notices: 'seq, leg',
  order_terms: 'order_id',
  order_refusals: 'order_id',
  candles: 'market, open_time_ms',
  funding_rates: 'seq, leg',
  funding_payments: 'seq, leg',
  deposits: 'deposit_id',
  withdrawals: 'withdrawal_id',
  withdrawal_payments: 'withdrawal_id',
  settlements: 'batch_no',
  seq_times: 'seq',
} as const
export type ComparedTable = keyof typeof tables

/** Tables that came later: a database that is older than they has their rows from a seq on (`kept_since`). */
const later: ReadonlySet<string> = new Set(['notices', 'order_terms', 'order_refusals'])

/** A ledger as of one moment, whatever is written meanwhile. */
export type LedgerSnapshot = {
  seq: number
  /** Of the journal at `seq`; null before the first command. */
  chainHash: Uint8Array | null
  tx: LedgerTransaction
}

/** Reads `work` from one snapshot of the ledger. */
export async function withLedgerSnapshot<T>(
  ledger: Ledger,
  work: (snapshot: LedgerSnapshot) => Promise<T>,
): Promise<T> {
  const held: { result?: T } = {}
  await ledger.sql.begin('ISOLATION LEVEL REPEATABLE READ READ ONLY', async (tx) => {
    const [cursor] = await tx<{ seq: number; chainHash: Uint8Array | null }[]>`
      SELECT seq, chain_hash AS "chainHash" FROM cursors WHERE consumer = 'ledger'`
    held.result = await work({ seq: cursor?.seq ?? 0, chainHash: cursor?.chainHash ?? null, tx })
  })
  // Set by the transaction, or it threw.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return held.result as T
}

type Digest = { count: number; digest: string }
const ROWS_AT_ONCE = 2_000

/**
 * Compares every table: by count and a 64-bit digest of all rows first, row by row where they differ.
 *
 * @param onTable hears of each table that is equal
 * @returns the first row that differs, as a sentence, or undefined
 */
export async function firstLedgerDifference(
  [nameA, a]: readonly [string, LedgerSnapshot],
  [nameB, b]: readonly [string, LedgerSnapshot],
  onTable: (table: ComparedTable, rows: number) => void,
): Promise<string | undefined> {
  if (a.seq !== b.seq) return `${nameA} is at seq ${a.seq}, ${nameB} at seq ${b.seq}`
  for (const [table, key] of entriesOf(tables)) {
    const after = later.has(table) ? Math.max(...(await bothSince(table, a, b))) : undefined
    const [digestA, digestB] = await Promise.all([
      digestOf(a, table, after),
      digestOf(b, table, after),
    ])
    if (digestA.count === digestB.count && digestA.digest === digestB.digest)
      onTable(table, digestA.count)
    else {
      const difference = await firstRow({ table, key, after }, [nameA, a], [nameB, b])
      return difference ?? `${table}: the digests differ, the rows do not: compare again`
    }
  }
  return undefined
}

const bothSince = (table: string, ...snapshots: LedgerSnapshot[]) =>
  Promise.all(
    snapshots.map(async ({ tx }) => {
      const [kept] = await tx<{ seq: number }[]>`SELECT seq FROM kept_since WHERE name = ${table}`
      return kept?.seq ?? 0
    }),
  )

/** Rows of a table; of one that came later those that both sides must have. */
const keptRows = ({ tx }: LedgerSnapshot, after: number | undefined) =>
  after === undefined ? tx`` : tx`WHERE t.seq > ${after}`

async function digestOf(
  snapshot: LedgerSnapshot,
  table: ComparedTable,
  after: number | undefined,
): Promise<Digest> {
  const { tx } = snapshot
  const [found] = await tx<Digest[]>`
    SELECT count(*)::bigint AS count, coalesce(sum(hashtextextended(t::text, 0)), 0)::text AS digest
    FROM ${tx(table)} t ${keptRows(snapshot, after)}`
  return found ?? { count: 0, digest: '0' }
}

type Row = { key: string; row: string }
type Part = { table: ComparedTable; key: string; after: number | undefined }

async function firstRow(
  part: Part,
  [nameA, a]: readonly [string, LedgerSnapshot],
  [nameB, b]: readonly [string, LedgerSnapshot],
): Promise<string | undefined> {
  const { table, key } = part
  const [rowsA, rowsB] = [rowsOf(a, part), rowsOf(b, part)]
  try {
    for (;;) {
      const [nextA, nextB] = [await rowsA.next(), await rowsB.next()]
      const [rowA, rowB] = [nextA.value, nextB.value]
      if (rowA === undefined && rowB === undefined) return undefined
      const place = `${table} (${key}) = ${rowA?.key ?? rowB?.key}`
      if (rowA === undefined || rowB === undefined || rowA.key !== rowB.key)
        return `${place}: ${nameA} has ${rowA?.row ?? 'no more rows'}, ${nameB} has ${rowB?.row ?? 'no more rows'}`
      if (rowA.row !== rowB.row)
        return `${place}: ${nameA} has ${rowA.row}, ${nameB} has ${rowB.row}`
    }
  } finally {
    await Promise.all([rowsA.return(undefined), rowsB.return(undefined)])
  }
}

async function* rowsOf(
  snapshot: LedgerSnapshot,
  { table, key, after }: Part,
): AsyncGenerator<Row, undefined, void> {
  const { tx } = snapshot
  const pages = tx<Row[]>`
    SELECT ROW(${tx.unsafe(key)})::text AS key, t::text AS row FROM ${tx(table)} t ${keptRows(snapshot, after)}
    ORDER BY ${tx.unsafe(key)}`
  for await (const page of pages.cursor(ROWS_AT_ONCE)) yield* page
  return undefined
}

function entriesOf<K extends string, V>(record: Record<K, V>): [K, V][] {
  // Own literals only: their keys are their type's.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.entries(record) as [K, V][]
}
