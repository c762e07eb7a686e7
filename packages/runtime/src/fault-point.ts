//! Named places where a test may kill the very process that reaches them: proof that each can be survived.
//!
//! A place is inert unless `watchFaults` was called, which production configurations do not ask for. The
//! name is `process:place`; test/recovery/fault-points.test.ts finds every one in the sources, and fails
//! for a place that no running house reaches.
import { readFileSync, renameSync } from 'node:fs'

const pollMs = 20

let path = ''
let armed: string | undefined
let passes = 0
let order = ''

const read = () => {
  let text = ''
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    // Nothing is armed.
  }
  if (text === order) return
  order = text
  const [name, skipped = '0'] = text.trim().split(' ')
  armed = name === '' ? undefined : name
  passes = Number(skipped)
}

const strike = () => {
  passes -= 1
  if (passes >= 0) return
  armed = undefined
  order = ''
  try {
    // A rename has one winner, so one order kills one process once; the new name tells the test.
    renameSync(path, `${path}.hit`)
  } catch {
    return
  }
  process.kill(process.pid, 'SIGKILL')
}

/**
 * Marks a place between two steps of which the first may have left something behind.
 *
 * @example faultPoint('ledger:rows-written')
 */
export const faultPoint = (name: string): void => {
  if (armed !== undefined && name === armed) strike()
}

/** Whether `name` is the next place to die at: for a place that has to leave half a step behind. */
export const isFaultArmed = (name: string): boolean => name === armed

/**
 * Listens to a file: while it says `NAME` or `NAME N`, this process kills itself with SIGKILL when it reaches that
 * place (after letting it pass N times), having renamed the file to `….hit`. `undefined`: never.
 */
export const watchFaults = (file: string | undefined): void => {
  if (file === undefined) return
  path = file
  read()
  setInterval(read, pollMs).unref()
}
