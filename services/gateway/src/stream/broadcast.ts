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

/** Topics that go together: each is a bit of a reader's mark, which stays an exact number. */
const TOGETHER_MAX = 52

function send(topics: readonly Gathering[]): void {
  for (let at = 0; at < topics.length; at += TOGETHER_MAX)
    sendTogether(topics.slice(at, at + TOGETHER_MAX))
}

function sendTogether(topics: readonly Gathering[]): void {
  const frames: Buffer[] = []
  const readers: StreamConnection[] = []
  for (const topic of topics) {
    const gathered = topic.take()
    if (gathered === undefined) continue
    const bit = 2 ** frames.length
    frames.push(gathered)
    for (const reader of topic.subscribers) {
      if (!topic.reaches(reader)) continue
      // A thousand readers of ten topics: a number on the reader is a tenth of what a map by reader costs.
      if (reader.wanted === 0) readers.push(reader)
      reader.wanted += bit
    }
  }
  const together = new Map<number, Buffer>()
  for (const reader of readers) {
    const mark = reader.wanted
    reader.wanted = 0
    let buffer = together.get(mark)
    if (buffer === undefined) {
      buffer = joined(frames, mark)
      together.set(mark, buffer)
    }
    reader.sendFrames(buffer)
  }
}

function joined(frames: readonly Buffer[], mark: number): Buffer {
  const parts = frames.filter((_, i) => Math.floor(mark / 2 ** i) % 2 === 1)
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
}
