//! CPU and memory of the exchange's processes while a profile runs, out of /proc.
import { readFileSync } from 'node:fs'

export type NamedProcess = { name: string; pid: number }
export type Usage = { cpuS: number; rssMib: number }

/** Linux counts CPU in hundredths of a second for programs. */
const TICKS_PER_S = 100
const MIB = 1_024 * 1_024

/** What a process has used so far; undefined where it is gone, or /proc is not there. */
export function usageOf(pid: number): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const kib = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0)
    return {
      cpuS: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S,
      rssMib: (kib * 1_024) / MIB,
    }
  } catch {
    return undefined
  }
}

/** Usage of all processes by name. */
export function usages(processes: readonly NamedProcess[]): Map<string, Usage> {
  const found = processes.map(({ name, pid }) => [name, usageOf(pid)] as const)
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
