//! Journal, engine, ledger and contract held against each other; the first difference ends it.
import { existsSync } from 'node:fs'
import { createRpc, type Rpc } from '@plumb/chain'
import { type Ledger, openLedger, readCursor } from '@plumb/ledger'
import { AccountBook, type BookSnapshot, toldIndexOf } from './verify-account-book.ts'
import { type ChainPoint, checkChain, readChainPoint } from './verify-chain.ts'
import { VerifyError } from './verify-error.ts'
import { checkBytes, type ReplayedBatch, replay, stateHashBig } from './verify-journal.ts'
import { LedgerCheck } from './verify-ledger.ts'
import { SignatureCheck } from './verify-signatures.ts'

/** What is verified. */
export type VerifyOptions = {
  journalDir: string
  databaseUrl: string
  rpcUrl: string
  contract: string
  /** Also recover every signature. */
  signatures: boolean
  /** A torn tail is a difference: nobody is writing this journal, and nobody was killed doing so. */
  tornIsDifference: boolean
  say: (line: string) => void
}

export type VerifyFigures = {
  lastSeq: number
  commands: number
  commandsPerSecond: number
  accounts: number
  lanes: number
  transfers: number
  signatures: number
  ledgerSeq: number
  settledSeq: number
  batchNo: number
  tornTail: string | null
}

const timed = async <T>(
  say: (line: string) => void,
  what: (result: T) => string,
  work: () => Promise<T> | T,
) => {
  const startedMs = performance.now()
  const result = await work()
  say(`✓ ${what(result)} (${((performance.now() - startedMs) / 1_000).toFixed(1)} s)`)
  return result
}

/** A journal behind what others saw of it has lost acknowledged commands. */
const requireReach = (lastSeq: number, ledgerSeq: number, { batch }: ChainPoint) => {
  if (lastSeq < ledgerSeq)
    throw new VerifyError(
      'journal',
      `it ends at seq ${lastSeq}, but the ledger has already booked seq ${ledgerSeq}`,
    )
  if (lastSeq < batch.toSeq)
    throw new VerifyError(
      'journal',
      `it ends at seq ${lastSeq}, but the contract has already settled seq ${batch.toSeq}`,
    )
}

/** The contract's commitment to journal and state, at the seq that it names. */
const checkCommitment = (
  { batch }: ChainPoint,
  { lastSeq, chainHash, stateHash }: ReplayedBatch,
) => {
  if (lastSeq !== batch.hashSeq) return
  const hash = `0x${chainHash.toString('hex')}`
  if (hash !== batch.journalHash.toLowerCase())
    throw new VerifyError(
      'chain',
      `batch ${batch.batchNo} commits to journal hash ${batch.journalHash} at seq ${lastSeq}, the journal says ${hash}`,
    )
  if (stateHashBig(stateHash) !== batch.stateHash)
    throw new VerifyError(
      'chain',
      `batch ${batch.batchNo} commits to another state at seq ${lastSeq}`,
    )
}

type Sides = { ledger: Ledger; rpc: Rpc; point: ChainPoint; ledgerSeq: number; lastSeq: number }

/** One walk through the journal serves all: the ledger is compared on the way, the chain from a copy taken at its seq. */
const walk = async (options: VerifyOptions, sides: Sides) => {
  const { ledger, point, ledgerSeq, lastSeq } = sides
  const book = new AccountBook()
  const signatures = options.signatures ? new SignatureCheck(book) : undefined
  const check = new LedgerCheck(ledger, ledgerSeq)
  let settled: BookSnapshot | undefined
  let atCursor: BookSnapshot | undefined
  let commands = 0
  const mark = (seq: number) => {
    if (seq === point.batch.toSeq) settled = book.snapshot()
    if (seq === ledgerSeq) atCursor = book.snapshot()
  }
  mark(0)
  try {
    for (const batch of replay(options.journalDir, lastSeq)) {
      for (const { seq, payload, events } of batch.commands) {
        book.takeAll(events, toldIndexOf(payload))
        mark(seq)
      }
      commands += batch.commands.length
      await signatures?.take(batch)
      await check.take(batch)
      checkCommitment(point, batch)
    }
    if (atCursor === undefined || settled === undefined) throw new Error('the walk missed a mark')
    await check.finish(ledger, atCursor)
  } finally {
    await check.close()
  }
  return {
    book,
    settled,
    commands,
    transfers: check.transfers,
    signatures: signatures?.checked ?? 0,
  }
}

/**
 * Verifies everything.
 *
 * @throws VerifyError on the first difference
 */
export const verifyHouse = async (options: VerifyOptions): Promise<VerifyFigures> => {
  const { journalDir, say } = options
  if (!existsSync(journalDir)) throw new VerifyError('journal', `there is none in ${journalDir}`)
  const rpc = createRpc(options.rpcUrl)
  const ledger = await openLedger(options.databaseUrl, { applicationName: 'verify', max: 2 })
  try {
    // Ledger and chain first: the journal is never behind them, so what is read later reaches at least as far.
    const ledgerSeq = (await readCursor(ledger))?.seq ?? 0
    const point = await readChainPoint(rpc, options.contract)
    const { lastSeq, torn } = await timed(
      say,
      (bytes) => `journal: every checksum and the hash chain, seq 1 to ${bytes.lastSeq}`,
      () => checkBytes(journalDir),
    )
    if (torn !== undefined && options.tornIsDifference)
      throw new VerifyError('journal', `after seq ${lastSeq}: ${torn}`)
    requireReach(lastSeq, ledgerSeq, point)
    const startedMs = performance.now()
    const walked = await timed(
      say,
      ({ commands, transfers }) =>
        `replay: ${commands} commands, state hashes, snapshots; ledger: ${transfers} transfers, balances and positions at seq ${ledgerSeq}`,
      () => walk(options, { ledger, rpc, point, ledgerSeq, lastSeq }),
    )
    const seconds = (performance.now() - startedMs) / 1_000
    if (options.signatures) say(`✓ ${walked.signatures} signatures`)
    const { batch } = point
    const figures = await timed(
      say,
      ({ accounts, lanes }) =>
        `contract: ${accounts} accounts and ${lanes} lanes as of batch ${batch.batchNo}, seq ${batch.toSeq}`,
      () => checkChain(rpc, options.contract, point, walked.settled, walked.book.deposits),
    )
    return {
      ...figures,
      lastSeq,
      commands: walked.commands,
      commandsPerSecond: Math.round(walked.commands / seconds),
      transfers: walked.transfers,
      signatures: walked.signatures,
      ledgerSeq,
      settledSeq: batch.toSeq,
      batchNo: batch.batchNo,
      tornTail: torn ?? null,
    }
  } finally {
    await ledger.close()
  }
}
