//! A recorded file as a source: its time runs with ours, faster if wanted.
import type { TimeMs } from '@plumb/model'
import type { PriceSource, Quote } from '../price-source.ts'
import { holdMsOf, type RecordedPoint, type RecordedSeries } from './read-recording.ts'

export type RecordedSourceOptions = {
  name: string
  series: ReadonlyMap<string, RecordedSeries>
  /** Recorded milliseconds for one of ours. */
  speed: number
  /** Recorded time to begin at; undefined: the file's first. */
  startAtMs: TimeMs | undefined
  /** Our time at which it begins; undefined: at the first `advance`. Publishers that share it replay in step. */
  anchorMs: TimeMs | undefined
  /** Begin again after the last point. */
  loop: boolean
  /** How long a point stands, recorded milliseconds; undefined: twice a bar, a minute for trades. */
  holdMs: number | undefined
}

type Cursor = { id: string; points: readonly RecordedPoint[]; holdMs: number }

const indexAt = (points: readonly RecordedPoint[], timeMs: TimeMs): number => {
  let low = 0
  let high = points.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((points[middle]?.timeMs ?? Number.POSITIVE_INFINITY) <= timeMs) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Quotes at every `advance` what each series said last; a series is both the source's and the symbol's name. */
export const createRecordedSource = (options: RecordedSourceOptions): PriceSource => {
  const { name, series, speed, loop } = options
  const cursors = [...series].map(
    ([id, { points, barMs }]): Cursor => ({
      id,
      points,
      holdMs: options.holdMs ?? holdMsOf(barMs),
    }),
  )
  const first = Math.min(...cursors.map(({ points }) => points[0]?.timeMs ?? 0))
  const last = Math.max(...cursors.map(({ points }) => points.at(-1)?.timeMs ?? 0))
  const startAtMs = options.startAtMs ?? first
  const lengthMs = Math.max(1, last - startAtMs + 1)
  let anchorMs = options.anchorMs
  let emit: ((quote: Quote) => void) | undefined
  let quotes = 0
  let ended = false

  const recordedTime = (timeMs: TimeMs): TimeMs => {
    anchorMs ??= timeMs
    const elapsed = Math.max(0, Math.floor((timeMs - anchorMs) * speed))
    ended = elapsed >= lengthMs
    return startAtMs + (loop ? elapsed % lengthMs : elapsed)
  }

  return {
    name,
    start: (listener) => {
      emit = listener
    },
    advance: (timeMs) => {
      const recordedMs = recordedTime(timeMs)
      for (const cursor of cursors) {
        const point = cursor.points[indexAt(cursor.points, recordedMs)]
        if (point === undefined || recordedMs - point.timeMs > cursor.holdMs) continue
        const { bid, ask, last: price } = point
        quotes += 1
        emit?.({ source: cursor.id, symbol: cursor.id, bid, ask, last: price, timeMs })
      }
    },
    health: () => ({
      name,
      state: emit === undefined ? 'stopped' : ended && !loop ? 'ended' : 'open',
      connections: 0,
      quotes,
      badMessages: 0,
    }),
    stop: () => {
      emit = undefined
      return Promise.resolve()
    },
  }
}
