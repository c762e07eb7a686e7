//! A journal's inspection in words, and what an operator does about what was found.
import type { JournalInspection } from '@plumb/journal'

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`

const hex = ({ hi, lo }: { hi: number; lo: number }) =>
  (hi >>> 0).toString(16).padStart(8, '0') + (lo >>> 0).toString(16).padStart(8, '0')

const rangeOf = (first: number, last: number) => (last < first ? 'none' : `${first} to ${last}`)

/** The inspection, a line for each thing. */
export const inspectionLines = (directory: string, found: JournalInspection): string[] => {
  const { segments, snapshots, witness } = found
  const last = found.lastTimeMs === 0 ? '' : `, ${new Date(found.lastTimeMs).toISOString()}`
  return [
    `journal ${found.journalId ?? '(empty)'} in ${directory}`,
    `  writer        ${found.writerPid === undefined ? 'none' : `process ${found.writerPid}`}`,
    `  last command  seq ${found.lastSeq}${last}`,
    `  chain hash    ${found.chainHash}`,
    `  state hash    ${hex(witness)} after seq ${witness.seq}`,
    `segments (${segments.length})`,
    ...segments.map(
      (s) =>
        `  ${s.file}  seq ${rangeOf(s.firstSeq, s.lastSeq)}, ${s.records} commands in ${s.batches} batches and ${s.proofs} proofs, epochs ${s.firstEpoch} to ${s.lastEpoch}, ${mib(s.usedBytes)} of ${mib(s.fileBytes)}`,
    ),
    `snapshots (${snapshots.length})`,
    ...snapshots.map(
      ({ seq, bytes, stateHash }) =>
        `  seq ${seq}, ${mib(bytes)}, ${stateHash === undefined ? 'DOES NOT VERIFY' : `state hash ${hex(stateHash)}`}`,
    ),
  ]
}

/** What to do next, most urgent first; empty when there is nothing to do. */
export const adviceFor = (found: JournalInspection): string[] => {
  const advice: string[] = []
  const { fault, torn, snapshots } = found
  if (fault !== undefined)
    advice.push(
      'Commands that were acknowledged are damaged or missing. Change nothing here: copy the folder away, then restore the journal from a standby or a backup and run verify on it.',
    )
  if (fault !== undefined && fault.seq > 1)
    advice.push(
      `Everything before seq ${fault.seq} verifies: compare a copy with it by \`journal dump --to ${fault.seq - 1}\`.`,
    )
  if (torn !== undefined && found.writerPid === undefined)
    advice.push(
      `The last write was cut short (${torn}). Nothing in it was acknowledged: the next start of the sequencer cuts it off by itself.`,
    )
  const bad = snapshots.filter(({ stateHash }) => stateHash === undefined)
  if (bad.length > 0 && fault === undefined)
    advice.push(
      `${bad.length} of ${snapshots.length} snapshots do not verify. They are passed over at start; the sequencer replays more and writes new ones.`,
    )
  return advice
}
