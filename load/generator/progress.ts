//! What is seen while a profile runs: one line, rewritten on a terminal, repeated in a log.

const TTY_MS = 500
const LOG_MS = 5_000

/** Says what `line` answers, now and again, until stopped. */
export function showProgress(line: () => string): () => void {
  const { stderr } = process
  const isTerminal = stderr.isTTY
  const show = () => {
    stderr.write(isTerminal ? `\r\x1b[K${line()}` : `${line()}\n`)
  }
  const timer = setInterval(show, isTerminal ? TTY_MS : LOG_MS)
  return () => {
    clearInterval(timer)
    if (isTerminal) stderr.write('\r\x1b[K')
  }
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
