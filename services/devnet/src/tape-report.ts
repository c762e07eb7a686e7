//! What a replay found, for people.
import type { TapeCommand } from './tape-file.ts'
import { paint, print, step } from './trade-terminal.ts'

/** The figures of one replay, as `--json` prints them. Fills count one side each. */
export type ReplayFigures = {
  tape: string
  market: string
  commands: number
  /** Commands of the tape by kind. */
  ops: Record<TapeCommand['op'], number>
  fills: number
  expectedFills: number
  fillsExact: number
  quantity: string
  crc32: string
  /** Whether the whole tape was played: only then has it a final book of its own. */
  whole: boolean
  expectedCrc32: string
  refused: number
  ordersPerSecond: number
  seconds: number
  settledFills: number
  unsettledFills: number
  contractEqual: boolean
  ok: boolean
}

const mark = (good: boolean) => (good ? 'done' : 'bad')

/** Prints what was compared, and the first complaints. */
export function printReport(figures: ReplayFigures, complaints: readonly string[]): void {
  const { fills, expectedFills, fillsExact, quantity, crc32, expectedCrc32, ops } = figures
  const played = Object.entries(ops).flatMap(([op, count]) =>
    count === 0 ? [] : [`${count} ${op}`],
  )
  step(mark(figures.refused === 0), 'played', `${played.join(', ')}; ${figures.refused} refused`)
  step(
    mark(fillsExact === expectedFills && fills === expectedFills),
    'fills',
    `${fillsExact} of ${expectedFills} exact (maker, price, size), ${fills} in all, quantity ${quantity}`,
  )
  step(
    mark(crc32 === expectedCrc32),
    'book',
    `CRC-32 ${crc32}, ${figures.whole ? 'the tape' : 'a plain book'} has ${expectedCrc32}`,
  )
  step(
    mark(figures.unsettledFills === 0),
    'settled',
    `${figures.settledFills} fills on-chain, ${figures.unsettledFills} left over`,
  )
  step(
    mark(figures.contractEqual),
    'contract',
    figures.contractEqual
      ? 'cash and positions of all accounts equal the engine to the unit'
      : 'differs from the engine',
  )
  for (const line of complaints.slice(0, 12)) print(`    ${paint('red', line)}`)
}
