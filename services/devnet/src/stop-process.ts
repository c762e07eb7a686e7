//! Ends one process for certain: a polite signal, a wait, then SIGKILL.
import { setTimeout as sleep } from 'node:timers/promises'
import { processIdentity } from './process-identity.ts'

const signalProcess = (pid: number, signal: NodeJS.Signals) => {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

const gone = async (pid: number, identity: string, timeoutMs: number): Promise<boolean> => {
  const end = Date.now() + timeoutMs
  while (processIdentity(pid) === identity) {
    if (Date.now() > end) return false
    await sleep(25)
  }
  return true
}

/**
 * Ends the process that `identity` names (another one with its pid is left alone).
 *
 * @param graceMs how long the polite signal may take
 * @throws when even SIGKILL does not end it within 5 s
 */
export const stopProcess = async (
  pid: number,
  identity: string,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<void> => {
  if (processIdentity(pid) !== identity) return
  signalProcess(pid, signal)
  if (await gone(pid, identity, graceMs)) return
  if (processIdentity(pid) === identity) signalProcess(pid, 'SIGKILL')
  if (!(await gone(pid, identity, 5_000))) throw new Error(`process ${pid} cannot be ended`)
}
