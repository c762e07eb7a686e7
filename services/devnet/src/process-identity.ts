//! Tells one process from a later one that got the same pid.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** State and start time (in clock ticks since boot) out of /proc; the name before them may hold anything. */
const linuxStat = (pid: number): { state: string; started: string } | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', started: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

const bootId = (): string => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

const psField = (pid: number, field: string): string | undefined => {
  try {
    return execFileSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

/**
 * Text that names this very process: pid and start time. Undefined when no such process runs
 * (a zombie does not run).
 */
export const processIdentity = (pid: number): string | undefined => {
  if (!isAlive(pid)) return undefined
  if (process.platform === 'linux') {
    const stat = linuxStat(pid)
    if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return undefined
    return `${pid}@${bootId()}:${stat.started}`
  }
  const started = psField(pid, 'lstart')
  return started ? `${pid}@${started}` : undefined
}

/** A process in a message: its program without the path, and a little of its arguments. */
export const describeProcess = (pid: number): string => {
  const [program = '', ...args] = commandLine(pid).split(' ')
  const text = [program.split('/').at(-1), ...args].join(' ').trim().slice(0, 100)
  return text === '' ? `process ${pid}` : `process ${pid} (${text})`
}

/** The process' command line, to recognise our own; '' when it cannot be read. */
export const commandLine = (pid: number): string => {
  if (process.platform !== 'linux') return psField(pid, 'command') ?? ''
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return ''
  }
}
