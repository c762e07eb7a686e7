//! What every profile works with: target, accounts, samples over time, and what it found.
import { cpus } from 'node:os'
import type { Client } from '@plumb/sdk'
import type { Latency } from './latency.ts'
import { clearAccounts, type LoadAccount } from './load-accounts.ts'
import type { Outcomes } from './outcomes.ts'
import { cpuBetween, type Usage, usages } from './process-probe.ts'
import { showProgress } from './progress.ts'
import type { Target } from './target-kind.ts'

/** One second of a run; memory by process, as `Usage` counts it, shared memory under a name of its own. */
export type Sample = { second: number; perSecond: number; memoryMib: Map<string, number> }

/** A part of a profile: its rate and memory over time, its latencies, and whose CPU it took. */
export type Phase = {
  name: string
  samples: Sample[]
  latency: Latency | undefined
  cpuS: Map<string, number>
  seconds: number
  operations: number
}

export type Settings = {
  market: string
  connections: number
  inFlight: number
  /** Orders a second of an open loop. */
  rate: number
  seconds: number
  fillPercent: number
  orders: number
}

export type Session = {
  client: Client
  target: Target
  accounts: readonly LoadAccount[]
  settings: Settings
  phases: Phase[]
}

/** What a profile found. Ratios are within this run and may be compared with a baseline. */
export type Findings = {
  figures: Record<string, number>
  ratios: Record<string, number>
  /** One sentence each. */
  summary: string[]
  /** What must not have happened. */
  faults: string[]
  /** Pictures of its own for the page, as SVG. */
  charts?: string[]
}

const SAMPLE_MS = 1_000
/** Behind a process's name: the shared memory it has touched. */
const SHARED = ' shared'

/** Runs `work`, sampling rate and memory each second, with a live line. `count` is what has been done so far. */
export async function phase<T>(
  session: Session,
  name: string,
  work: (watch: (seen: { outcomes: Outcomes; latency: Latency }) => void) => Promise<T>,
  count?: () => number,
): Promise<T> {
  let seen: { outcomes: Outcomes; latency: Latency } | undefined
  const done = count ?? (() => seen?.outcomes.accepted ?? 0)
  const samples: Sample[] = []
  const processes = [...session.target.processes(), { name: 'generator', pid: process.pid }]
  const before = usages(processes)
  const startMs = performance.now()
  let last = { ms: startMs, count: 0 }
  const timer = setInterval(() => {
    const now = { ms: performance.now(), count: done() }
    samples.push({
      second: Math.round((now.ms - startMs) / 1_000),
      perSecond: ((now.count - last.count) * 1_000) / (now.ms - last.ms),
      memoryMib: memoryOf(usages(processes)),
    })
    last = now
  }, SAMPLE_MS)
  const stop = showProgress(() => {
    const second = ((performance.now() - startMs) / 1_000).toFixed(0)
    const rate = Math.round(samples.at(-1)?.perSecond ?? 0)
    const { outcomes, latency } = seen ?? {}
    const tail =
      latency === undefined || latency.count === 0
        ? ''
        : `  p50 ${latency.at(50).toFixed(1)} ms  p99 ${latency.at(99).toFixed(1)} ms`
    const bad = outcomes === undefined ? '' : `  errors ${outcomes.errors}`
    return `  ${name.padEnd(12)} ${second.padStart(4)} s  ${String(rate).padStart(8)}/s${tail}${bad}`
  })
  try {
    return await work((found) => {
      seen = found
    })
  } finally {
    clearInterval(timer)
    stop()
    session.phases.push({
      name,
      samples,
      latency: seen?.latency,
      cpuS: cpuBetween(before, usages(processes)),
      seconds: (performance.now() - startMs) / 1_000,
      operations: done(),
    })
  }
}

function memoryOf(found: ReadonlyMap<string, Usage>): Map<string, number> {
  const memory = new Map<string, number>()
  for (const [name, { ownMib, sharedMib }] of found) {
    memory.set(name, ownMib)
    if (sharedMib > 0) memory.set(`${name}${SHARED}`, sharedMib)
  }
  return memory
}

/** Whether a sample's name stands for shared memory. */
export function isShared(name: string): boolean {
  return name.endsWith(SHARED)
}

/** Microseconds of CPU an operation took in a phase, by process. */
export function cpuEach({ cpuS, operations }: Phase): Record<string, number> {
  return Object.fromEntries(
    [...cpuS]
      .filter(([, seconds]) => seconds > 0)
      .map(([name, seconds]) => [
        name,
        Number(((seconds * 1e6) / Math.max(1, operations)).toFixed(1)),
      ]),
  )
}

/**
 * How much of the exchange's CPU one bare signature check is, in the phase named: of its gateway, and of all of its
 * processes. CPU against CPU, so that it hardly depends on who else uses the machine.
 */
export function cpuRatios(
  { phases }: Session,
  name: string,
  verifyPerSecond: number,
  operationsEach = 1,
): Record<string, number> {
  const found = phases.find((one) => one.name === name)
  if (found === undefined) return {}
  const each = cpuEach(found)
  const bareUs = 1e6 / verifyPerSecond
  const share = (us: number) => (bareUs * operationsEach) / us
  const all = Object.entries(each).filter(([process]) => process !== 'generator')
  if (all.length === 0) return {}
  return {
    verificationToGatewayCpu: share(each['gateway'] ?? 0),
    verificationToAllCpu: share(all.reduce((sum, [, us]) => sum + us, 0)),
  }
}

/** Share of the machine that each process took in a phase, percent of all cores. */
export function cpuShares({ cpuS, seconds }: Phase): Record<string, number> {
  const all = seconds * cpus().length
  return Object.fromEntries(
    [...cpuS]
      .filter(([, used]) => used > 0)
      .map(([name, used]) => [name, Number(((100 * used) / all).toFixed(1))]),
  )
}

/** Cancels everything and knows the lanes again: before and after a profile. */
export async function clear({ accounts }: Session): Promise<void> {
  await clearAccounts(accounts)
}

export function environmentOf(session: Session): Record<string, string | number> {
  const cores = cpus()
  return {
    node: process.version,
    cpu: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    target: session.target.kind,
    followers:
      session.target.kind === 'bare' ? 'none' : 'ledger, margin, relayer, chain, oracle, bots',
  }
}

/** Faults of orders that every profile shares: lost, answered twice, a sequence number given twice, out of order. */
export function orderFaults(outcomes: Outcomes, rows: readonly (readonly number[])[]): string[] {
  const { repeated } = outcomes.uniqueSeqs()
  const found = [
    [outcomes.lost, 'requests without an answer'],
    [outcomes.strays, 'answers to nothing, or a second time'],
    [repeated, 'sequence numbers given twice'],
    [outcomes.inOrder(rows) ? 0 : 1, 'connections sequenced out of order'],
    [
      outcomes.errors,
      `refused: ${[...outcomes.codes].map(([code, n]) => `${n} × ${code}`).join(', ')}`,
    ],
  ] as const
  return found.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
}
