//! A tiny shell process that ends all others when the supervisor is killed: its stdin ends with us.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ProcessEntry } from './process-table.ts'

const script = fileURLToPath(new URL('../bin/keeper.sh', import.meta.url))

/** The keeper; `update` tells it whom to end, `close` dismisses it (nobody is ended). */
export type Keeper = {
  readonly pid: number | undefined
  update(entries: readonly ProcessEntry[]): void
  close(): void
}

export const startKeeper = (): Keeper => {
  const child = spawn('/bin/sh', [script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  child.on('error', () => {})
  child.stdin.on('error', () => {})
  child.unref()
  return {
    pid: child.pid,
    update: (entries) => {
      const words = entries.map(({ pid, signal }) => `${signal.slice(3)}:${pid}`)
      child.stdin.write(`${words.join(' ')}\n`)
    },
    close: () => child.stdin.end('\n'),
  }
}
