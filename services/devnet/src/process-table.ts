//! Which processes belong to a state folder: who runs it now, and what a killed run left behind.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { DevnetError } from './devnet-error.ts'
import { describeProcess, processIdentity } from './process-identity.ts'
import { stopProcess } from './stop-process.ts'

const entrySchema = z.object({
  name: z.string(),
  pid: z.number().int().positive(),
  identity: z.string(),
  signal: z.enum(['SIGTERM', 'SIGINT']),
})

/** One process of the devnet; `signal` is how it is asked to end. */
export type ProcessEntry = z.infer<typeof entrySchema>

const lockSchema = z.object({ pid: z.number().int().positive(), identity: z.string() })

/** The processes of one state folder. Only the process that holds the folder changes it. */
export type ProcessTable = {
  /** Every process it knows to run, in starting order. */
  readonly entries: readonly ProcessEntry[]
  add(entry: Omit<ProcessEntry, 'identity'>): void
  remove(pid: number): void
  /** Gives the folder back. */
  release(): void
}

const readJson = <T>(path: string, schema: z.ZodType<T>): T | undefined => {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return undefined // absent, or torn by a crash: then nothing is provably ours
  }
}

const takeLock = (lockPath: string): void => {
  const identity = processIdentity(process.pid) ?? `${process.pid}`
  const mine = `${lockPath}.${process.pid}`
  writeFileSync(mine, JSON.stringify({ pid: process.pid, identity }))
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        linkSync(mine, lockPath) // fails when there is one: exactly one of two starts wins
        return
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      }
      const holder = readJson(lockPath, lockSchema)
      if (holder !== undefined && processIdentity(holder.pid) === holder.identity)
        throw new DevnetError(
          'ALREADY_RUNNING',
          `A devnet already runs on this state folder: ${describeProcess(holder.pid)}. Stop it first, or give this one another folder: npm start -- --state DIR`,
        )
      rmSync(lockPath, { force: true })
    }
  } finally {
    rmSync(mine, { force: true })
  }
  throw new DevnetError('ALREADY_RUNNING', `Another start is taking ${lockPath} right now.`)
}

/** Whether a devnet runs on this folder now, and as which process. */
export const runningSupervisor = (runDir: string): number | undefined => {
  const holder = readJson(join(runDir, 'supervisor.json'), lockSchema)
  if (holder === undefined || processIdentity(holder.pid) !== holder.identity) return undefined
  return holder.pid
}

/** Pid of a process of the devnet that runs on this folder. @throws DevnetError NOT_RUNNING between two of its lives */
export const runningProcess = (runDir: string, name: string): number => {
  const table = readJson(join(runDir, 'processes.json'), z.array(entrySchema)) ?? []
  const entry = table.find((one) => one.name === name)
  if (entry !== undefined && processIdentity(entry.pid) === entry.identity) return entry.pid
  throw new DevnetError('NOT_RUNNING', `The devnet's ${name} is not running right now.`)
}

const stopLeftovers = async (tablePath: string, say: (line: string) => void): Promise<void> => {
  const left = (readJson(tablePath, z.array(entrySchema)) ?? []).filter(
    ({ pid, identity }) => processIdentity(pid) === identity,
  )
  if (left.length === 0) return
  const names = left.map(({ name, pid }) => `${name} (${pid})`).join(', ')
  say(`stopping what a killed run left behind: ${names}`)
  await Promise.all(
    left.map(({ pid, identity, signal }) => stopProcess(pid, identity, signal, 5_000)),
  )
}

/**
 * Takes the folder for this process and ends what a killed run left behind (only processes whose pid
 * *and* start time it wrote down).
 *
 * @throws DevnetError ALREADY_RUNNING
 */
export const openProcessTable = async (
  runDir: string,
  say: (line: string) => void,
): Promise<ProcessTable> => {
  mkdirSync(runDir, { recursive: true })
  const lockPath = join(runDir, 'supervisor.json')
  const tablePath = join(runDir, 'processes.json')
  takeLock(lockPath)
  try {
    await stopLeftovers(tablePath, say)
  } catch (error) {
    rmSync(lockPath, { force: true })
    throw error
  }
  let entries: ProcessEntry[] = []
  // Renamed into place: a run that is killed while it writes must not lose sight of its children.
  const save = () => {
    writeFileSync(`${tablePath}.tmp`, JSON.stringify(entries, undefined, 1))
    renameSync(`${tablePath}.tmp`, tablePath)
  }
  save()
  return {
    get entries() {
      return entries
    },
    add: (entry) => {
      const identity = processIdentity(entry.pid)
      if (identity === undefined) return // gone already: its exit event will say so
      entries = [...entries, { ...entry, identity }]
      save()
    },
    remove: (pid) => {
      entries = entries.filter((entry) => entry.pid !== pid)
      save()
    },
    release: () => {
      for (const path of [tablePath, join(runDir, 'addresses.json')]) rmSync(path, { force: true })
      rmSync(lockPath, { force: true })
    },
  }
}
