//! One batch of the journal through an engine.
import type { Engine } from '@plumb/engine'
import type { JournalBatch } from '@plumb/journal'
import { JournalError } from '@plumb/journal'
import type { StateHash } from '@plumb/model'
import { COMMAND_STRIDE, CommandBuffer } from '@plumb/model'

const show = ({ hi, lo }: StateHash) =>
  hi.toString(16).padStart(8, '0') + lo.toString(16).padStart(8, '0')

export const sameHash = (a: StateHash, b: StateHash): boolean => a.hi === b.hi && a.lo === b.lo

/** Commands whose records are fetched together. */
const READ_AHEAD = 32

/** Room for a run of commands on their way into an engine. */
export const createSlots = (): CommandBuffer => new CommandBuffer(1_024)

/** Applies a batch; `onApplied` hears of each command while its events are in the engine's buffer. */
export const replayBatch = (
  engine: Engine,
  slots: CommandBuffer,
  batch: JournalBatch,
  onApplied?: (slot: number) => void,
): void => {
  const payloads = batch.payloads()
  for (;;) {
    const count = payloads.read(slots.i32, COMMAND_STRIDE)
    if (count === 0) return
    for (let slot = 0; slot < count; slot++) {
      if (slot % READ_AHEAD === 0) engine.readAhead(slots, slot, Math.min(READ_AHEAD, count - slot))
      engine.events.clear()
      engine.apply(slots, slot)
      onApplied?.(slot)
    }
  }
}

/**
 * Holds the engine against what the journal says of the state after a batch.
 *
 * @throws JournalError `JOURNAL_REFUSED` when the hashes differ
 */
export const requireWitness = (engine: Engine, { lastSeq, witness }: JournalBatch): void => {
  if (witness.seq !== lastSeq) return
  const stateHash = engine.stateHash()
  if (sameHash(stateHash, witness)) return
  throw new JournalError(
    'JOURNAL_REFUSED',
    `replaying up to seq ${lastSeq} gives state ${show(stateHash)}, the journal says ${show(witness)}: this program decides otherwise than the one that wrote the journal. Start that version`,
  )
}
