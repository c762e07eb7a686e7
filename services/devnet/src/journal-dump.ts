//! The commands of a journal, and the events they cause, as plain objects.
import { createEngine } from '@plumb/engine'
import { readBatches } from '@plumb/journal'
import { CommandBuffer, decodeCommand, decodeEvents } from '@plumb/model'

/** Which part of a journal to dump. */
export type DumpRange = { fromSeq: number; toSeq: number; events: boolean }

/** Bytes as hex, so that JSON can carry them. */
const plain = (value: object): object =>
  Object.fromEntries(
    Object.entries(value).map(([name, part]: [string, unknown]) => [
      name,
      part instanceof Uint8Array ? `0x${Buffer.from(part).toString('hex')}` : part,
    ]),
  )

/**
 * The commands from `fromSeq` to `toSeq`, each with its events if wanted: those are not in the journal, so an engine
 * replays it from its first command.
 *
 * @throws JournalError `JOURNAL_DAMAGED` at the first bad byte on the way
 */
export function* dumpJournal(
  directory: string,
  { fromSeq, toSeq, events }: DumpRange,
): Generator<object, void, void> {
  const engine = events ? createEngine() : undefined
  const slots = new CommandBuffer(1)
  for (const batch of readBatches(directory, events ? 1 : fromSeq, toSeq))
    for (const { seq, payload } of batch.records()) {
      if (seq > toSeq) return
      if (engine !== undefined) {
        slots.load(0, payload)
        engine.events.clear()
        engine.apply(slots, 0)
      }
      if (seq < fromSeq) continue
      const { command, timeMs } = decodeCommand(payload)
      const caused = engine && { events: decodeEvents(engine.events.bytes()).map(plain) }
      yield { seq, timeMs, command: plain(command), ...caused }
    }
}
