//! A recorded order tape: one JSON command a line, gzipped.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'

/** B buys, S sells. */
export type TapeSide = 'B' | 'S'
/** What a tape says was filled: the maker's id on the tape, price and quantity in the tape's units. */
export type TapeFill = readonly [makerId: number, px: number, qty: number]

/** `line` is the 1-based line of the file: two tapes use an id twice, a line is unique. */
export type TapeCommand =
  | { op: 'seed' | 'add'; line: number; id: number; side: TapeSide; px: number; qty: number }
  | {
      op: 'order'
      line: number
      id: number
      side: TapeSide
      px: number
      qty: number
      fills: TapeFill[]
    }
  | { op: 'take'; line: number; side: TapeSide; px: number; qty: number; fills: TapeFill[] }
  | { op: 'reduce'; line: number; id: number; qty: number }
  | { op: 'cancel'; line: number; id: number }
  | { op: 'replace'; line: number; id: number; px: number; qty: number }

/** A command that sends an order. */
export type TapePlacement = Extract<TapeCommand, { side: TapeSide }>

export type Tape = {
  commands: TapeCommand[]
  /** CRC-32 of the book after the last line; undefined when only a part was read. */
  finalCrc32: string | undefined
}

type Line = TapeCommand | { op: 'final'; crc32: string }

/**
 * Reads a tape (`.jsonl` or `.jsonl.gz`), at most `limit` commands of it. Every number must be a safe integer.
 *
 * @throws Error naming the line that cannot be read
 */
export async function readTape(path: string, limit = Infinity): Promise<Tape> {
  const raw = createReadStream(path)
  const input = path.endsWith('.gz') ? raw.pipe(createGunzip()) : raw
  // A pipe does not hand its source's errors on.
  raw.on('error', (error) => input.destroy(error))
  const commands: TapeCommand[] = []
  let line = 0
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    line++
    if (text === '') continue
    const parsed = parseLine(text, line)
    if (parsed.op === 'final') return { commands, finalCrc32: parsed.crc32 }
    if (commands.length === limit) break
    commands.push(parsed)
  }
  raw.destroy()
  return { commands, finalCrc32: undefined }
}

const known: ReadonlySet<string> = new Set([
  'seed',
  'add',
  'order',
  'take',
  'reduce',
  'cancel',
  'replace',
  'final',
])

function parseLine(text: string, line: number): Line {
  let parsed: Line
  try {
    parsed = JSON.parse(text, (key, value: unknown) => {
      if (typeof value === 'number' && !Number.isSafeInteger(value))
        throw new RangeError(`${key || 'a number'} is no safe integer`)
      return value
    })
  } catch (error) {
    throw new Error(`line ${line} of the tape: ${String(error)}`, { cause: error })
  }
  if (!known.has(parsed.op)) throw new Error(`line ${line} of the tape: unknown op ${parsed.op}`)
  return parsed.op === 'final' ? parsed : { ...parsed, line }
}
