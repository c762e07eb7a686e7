//! When public messages leave: at once where few listen; in ticks where many do, so that a reader costs one write a tick.
import type { StreamConnection } from './stream-connection.ts'

/** A reader's write costs about so much; ticks are as long as keeps that under half a core. */
const MS_A_READER = 0.02
const TICK_MS_MAX = 20
/** Shorter ticks than this are not worth a timer. */
const TICK_MS_MIN = 2

/** What gathers messages until the tick. */
export type Gathering = {
  readonly subscribers: ReadonlySet<StreamConnection>
  /** What was gathered, as one buffer; undefined when there is nothing. */
  take(): Buffer | undefined
  /** Whether this reader gets it; one that lags gets a snapshot later instead. */
  reaches(reader: StreamConnection): boolean
}

/**
 * Gathers topics that have something to send and lets them go together. Readers of the same topics get the same
 * buffer: it is put together once.
 */
export class Broadcast {
  readonly #waiting = new Set<Gathering>()
  #scheduled = false

  /** The topic has a message: it leaves with the others. */
  add(topic: Gathering): void {
    this.#waiting.add(topic)
    if (this.#scheduled) return
    this.#scheduled = true
    const tickMs = Math.min(TICK_MS_MAX, topic.subscribers.size * MS_A_READER)
    if (tickMs < TICK_MS_MIN) setImmediate(this.#flush)
    else setTimeout(this.#flush, tickMs)
  }

  /** Sends one topic's messages now. */
  release(topic: Gathering): void {
    if (this.#waiting.delete(topic)) send([topic])
  }

  readonly #flush = (): void => {
    this.#scheduled = false
    const topics = [...this.#waiting]
    this.#waiting.clear()
    send(topics)
  }
}

function send(topics: readonly Gathering[]): void {
  const frames: Buffer[] = []
  const wanted = new Map<StreamConnection, string>()
  for (const topic of topics) {
    const gathered = topic.take()
    if (gathered === undefined) continue
    const mark = String.fromCharCode(frames.push(gathered))
    for (const reader of topic.subscribers)
      if (topic.reaches(reader)) wanted.set(reader, (wanted.get(reader) ?? '') + mark)
  }
  const together = new Map<string, Buffer>()
  for (const [reader, marks] of wanted) {
    let buffer = together.get(marks)
    if (buffer === undefined) {
      const parts = Array.from(marks, (mark) => frames[mark.charCodeAt(0) - 1]).flatMap((part) =>
        part === undefined ? [] : [part],
      )
      buffer = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
      together.set(marks, buffer)
    }
    reader.sendFrames(buffer)
  }
}
