//! CPU and memory of the exchange's processes while a profile runs, out of /proc.
import { readFileSync } from 'node:fs'

/** `isTree`: its children count as it does, also those that have ended. */
export type NamedProcess = { name: string; pid: number; isTree?: boolean }
/**
 * `ownMib`: what is its own of the resident memory (heaps, stacks, buffers), without files and shared memory, which
 * PostgreSQL's backends would each count again. `sharedMib`: shared memory touched, once for a tree.
 */
export type Usage = { cpuS: number; ownMib: number; sharedMib: number }

/** Linux counts CPU in hundredths of a second for programs. */
const TICKS_PER_S = 100
const KIB_A_MIB = 1_024

/** What a process (with its ended children, if asked) has used so far; undefined where it is gone, or /proc is not there. */
export function usageOf(pid: number, withEnded = false): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const mibOf = (field: string) =>
      Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / KIB_A_MIB
    const ticks = (withEnded ? [11, 12, 13, 14] : [11, 12]).map((at) => Number(fields[at]))
    return {
      cpuS: ticks.reduce((sum, some) => sum + some, 0) / TICKS_PER_S,
      ownMib: mibOf('RssAnon'),
      sharedMib: mibOf('RssShmem'),
    }
  } catch {
    return undefined
  }
}

/** A process with its children: PostgreSQL has one for each connection. */
function usageOfTree(pid: number): Usage | undefined {
  const own = usageOf(pid, true)
  if (own === undefined) return undefined
  const children = childrenOf(pid).flatMap((child) => usageOf(child) ?? [])
  return {
    cpuS: children.reduce((sum, { cpuS }) => sum + cpuS, own.cpuS),
    ownMib: children.reduce((sum, { ownMib }) => sum + ownMib, own.ownMib),
    // All see the same: whoever has touched most of it says how much at least is in use.
    sharedMib: Math.max(own.sharedMib, ...children.map(({ sharedMib }) => sharedMib)),
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
    return text.split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** Usage of all processes by name. */
export function usages(processes: readonly NamedProcess[]): Map<string, Usage> {
  const found = processes.map(
    ({ name, pid, isTree = false }) => [name, isTree ? usageOfTree(pid) : usageOf(pid)] as const,
  )
  return new Map(found.flatMap(([name, usage]) => (usage === undefined ? [] : [[name, usage]])))
}

/** CPU seconds between two readings, by process. */
export function cpuBetween(
  before: ReadonlyMap<string, Usage>,
  after: ReadonlyMap<string, Usage>,
): Map<string, number> {
  return new Map(
    [...after].map(([name, { cpuS }]) => [name, cpuS - (before.get(name)?.cpuS ?? 0)] as const),
  )
}
