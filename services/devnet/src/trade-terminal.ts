//! What the command-line tools print: marked lines, aligned tables, colour where the terminal shows it.

const codes = { red: 31, green: 32, yellow: 33, cyan: 36, gray: 90, bold: 1 } as const
export type Colour = keyof typeof codes

// Node's own judgement: a terminal, and neither NO_COLOR nor a dumb one.
const coloured = process.stdout.isTTY && process.stdout.hasColors()

/** Text in a colour, or plain when the output is no colour terminal. */
export function paint(colour: Colour, text: string): string {
  return coloured ? `\u001B[${codes[colour]}m${text}\u001B[0m` : text
}

/** Prints one line. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`)
}

const marks = { done: ['green', '✓'], wait: ['yellow', '…'], bad: ['red', '✗'] } as const

/** Prints a step: a mark, a word, and what happened. */
export function step(mark: keyof typeof marks, word: string, text: string): void {
  const [colour, sign] = marks[mark]
  print(`${paint(colour, sign)} ${word.padEnd(10)} ${text}`)
}

/** Prints rows in columns; numbers (the columns named) are aligned to the right. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly string[] = [],
): void {
  const widths = heads.map((head, i) =>
    Math.max(head.length, ...rows.map((row) => (row[i] ?? '').length)),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => {
        const width = widths[i] ?? 0
        return right.includes(heads[i] ?? '') ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  print(paint('gray', line(heads)))
  for (const row of rows) print(line(row))
}

/** Rewrites the last line on a terminal; elsewhere prints at most every five seconds. */
export class ProgressLine {
  #lastMs = 0

  show(text: string, final = false): void {
    const nowMs = Date.now()
    const pauseMs = process.stdout.isTTY ? 100 : 5_000
    if (!final && nowMs - this.#lastMs < pauseMs) return
    this.#lastMs = nowMs
    if (process.stdout.isTTY) process.stdout.write(`\r\u001B[K${text}${final ? '\n' : ''}`)
    else print(text)
  }
}
