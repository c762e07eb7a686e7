//! Replays a journal from its first command through a fresh engine and holds it against its own witnesses.
import { createEngine } from '@plumb/engine'
import { JournalError, readBatches, readSnapshots, verifyJournal } from '@plumb/journal'
import { CommandBuffer, decodeEvents, type EngineEvent } from '@plumb/model'
import { VerifyError } from './verify-error.ts'

type StateHash = { hi: number; lo: number }

/** What one batch of the journal did. */
export type ReplayedBatch = {
  lastSeq: number
  chainHash: Buffer
  stateHash: StateHash
  /** Stored command and decoded events by seq. */
  commands: { seq: number; payload: Uint8Array; events: EngineEvent[] }[]
}

/** The bytes: every checksum, every link of the hash chain. */
export const checkBytes = (directory: string): { lastSeq: number; torn: string | undefined } => {
  try {
    const { lastSeq, torn } = verifyJournal(directory)
    return { lastSeq, torn }
  } catch (error) {
    if (error instanceof JournalError) throw new VerifyError('journal', error.message)
    throw error
  }
}

const show = ({ hi, lo }: StateHash) =>
  `${(hi >>> 0).toString(16).padStart(8, '0')}${(lo >>> 0).toString(16).padStart(8, '0')}`

const same = (a: StateHash, b: StateHash) => a.hi >>> 0 === b.hi >>> 0 && a.lo >>> 0 === b.lo >>> 0

/**
 * Applies every batch up to `toSeq`, comparing the engine's state with the journal's witness and with every snapshot
 * on the way.
 *
 * @throws VerifyError when a state differs
 */
export function* replay(directory: string, toSeq: number): Generator<ReplayedBatch, void, void> {
  const snapshots = new Map(readSnapshots(directory).map(({ seq, snapshot }) => [seq, snapshot]))
  const engine = createEngine()
  const slots = new CommandBuffer(1)
  for (const batch of readBatches(directory, 1, toSeq)) {
    const commands: ReplayedBatch['commands'] = []
    for (const { seq, payload } of batch.records()) {
      slots.load(0, payload)
      engine.events.clear()
      engine.apply(slots, 0)
      commands.push({ seq, payload, events: decodeEvents(engine.events.bytes()) })
    }
    const { lastSeq, chainHash, witness } = batch
    const stateHash = engine.stateHash()
    if (witness.seq === lastSeq && !same(stateHash, witness))
      throw new VerifyError(
        'journal',
        `replaying up to seq ${lastSeq} gives state ${show(stateHash)}, the journal says ${show(witness)}`,
      )
    if (snapshots.has(lastSeq)) checkSnapshot(lastSeq, snapshots.get(lastSeq)?.stateHash, stateHash)
    yield { lastSeq, chainHash, stateHash, commands }
  }
}

const checkSnapshot = (seq: number, stored: StateHash | undefined, replayed: StateHash) => {
  if (stored === undefined)
    throw new VerifyError('snapshot', `the snapshot of seq ${seq} is damaged`)
  if (!same(stored, replayed))
    throw new VerifyError(
      'snapshot',
      `the snapshot of seq ${seq} holds state ${show(stored)}, the replay gives ${show(replayed)}`,
    )
}

/** The state hash as the contract stores it. */
export const stateHashBig = ({ hi, lo }: StateHash): bigint =>
  (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
