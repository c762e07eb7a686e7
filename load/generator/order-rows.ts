//! Prepared requests, a row for each connection: sent as slices of one buffer.
import { textFrame } from './frames.ts'

/** Frames one behind the other; request `i` of the row has the id `ids[i]` and ends at `ends[i]`. */
export type OrderRow = {
  bytes: Buffer
  ends: number[]
  ids: number[]
  /** Requests that keep the exchange in its state and are not what is measured. */
  aside?: ReadonlySet<number>
}

/** Deals `bodies` (JSON without the leading `{`) out to `rows` rows; the id is the body's place, from `firstId` on. */
export function orderRows(
  op: string,
  bodies: readonly string[],
  rows: number,
  firstId = 0,
): OrderRow[] {
  const frames: Buffer[][] = Array.from({ length: rows }, () => [])
  const ids: number[][] = Array.from({ length: rows }, () => [])
  for (const [i, body] of bodies.entries()) {
    frames[i % rows]!.push(textFrame(`{"op":"${op}","id":${firstId + i},${body}`))
    ids[i % rows]!.push(firstId + i)
  }
  return frames.map((row, i) => {
    let end = 0
    const ends = row.map((frame) => (end += frame.length))
    return { bytes: Buffer.concat(row), ends, ids: ids[i]! }
  })
}
