//! Why a service ended, in its own words.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const tailBytes = 64 * 1024

/** The message of the newest fatal line of a service's log; undefined when there is none near the end. */
export const lastWords = (logPath: string): string | undefined => {
  const lines = readTail(logPath).split('\n').toReversed()
  const line = lines.find((one) => one.startsWith('{') && one.includes('"level":"fatal"'))
  if (line === undefined) return undefined
  try {
    const entry: unknown = JSON.parse(line)
    return typeof entry === 'object' && entry !== null && 'msg' in entry
      ? String(entry.msg)
      : undefined
  } catch {
    return undefined
  }
}

const readTail = (path: string): string => {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return ''
  }
  try {
    const { size } = fstatSync(fd)
    const bytes = Buffer.alloc(Math.min(size, tailBytes))
    readSync(fd, bytes, 0, bytes.length, size - bytes.length)
    return bytes.toString('utf8')
  } finally {
    closeSync(fd)
  }
}
