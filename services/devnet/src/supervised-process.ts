//! A child process that is kept alive: started, logged, restarted with growing pauses, stopped.
import { type ChildProcess, spawn } from 'node:child_process'
import { restartPauseMaxMs } from './config.ts'
import { processIdentity } from './process-identity.ts'
import { createRotatingLog } from './rotating-log.ts'
import { stopProcess } from './stop-process.ts'

/** What to run. `uid`/`gid`: as whom (root must not run PostgreSQL). */
export type ProcessSpec = {
  name: string
  command: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
  cwd: string
  logPath: string
  signal: 'SIGTERM' | 'SIGINT'
  graceMs: number
  uid?: number | undefined
  gid?: number | undefined
  /** Called before a restart; may change what is run (a chain loads its newest state). */
  beforeRestart?: () => Promise<{ args?: readonly string[] }>
}

/** What the supervisor hears about its children. */
export type ProcessObserver = {
  started(spec: ProcessSpec, pid: number): void
  exited(spec: ProcessSpec, pid: number, why: string, restartInMs: number | undefined): void
}

export type SupervisedProcess = {
  readonly spec: ProcessSpec
  readonly pid: number | undefined
  /** Times it was started again. */
  readonly restarts: number
  stop(): Promise<void>
}

const restartFirstMs = 100
/** A process that ran this long starts with a short pause again. */
const healthyMs = 20_000

/** Starts `spec` and keeps it running until `stop`. */
export const superviseProcess = (
  spec: ProcessSpec,
  observer: ProcessObserver,
): SupervisedProcess => {
  const log = createRotatingLog(spec.logPath)
  let child: ChildProcess | undefined
  let stopping = false
  let restarts = 0
  let pauseMs = restartFirstMs
  let timer: NodeJS.Timeout | undefined
  let args = spec.args

  const note = (text: string) => log.write(Buffer.from(`# ${new Date().toISOString()} ${text}\n`))

  const restart = async () => {
    if (stopping) return
    restarts += 1
    const changed = await spec.beforeRestart?.()
    if (changed?.args !== undefined) args = changed.args
    start()
  }

  /** The pause before the next attempt, which is now under way. */
  const restartLater = (): number => {
    const waitMs = pauseMs
    pauseMs = Math.min(pauseMs * 2, restartPauseMaxMs)
    timer = setTimeout(() => {
      restart().catch((error: unknown) => {
        note(`restart failed: ${String(error)}`)
        if (!stopping) restartLater()
      })
    }, waitMs)
    return waitMs
  }

  const onGone = (pid: number, why: string, startedMs: number) => {
    child = undefined
    if (Date.now() - startedMs > healthyMs) pauseMs = restartFirstMs
    note(`${spec.name} (${pid}) ended: ${why}`)
    observer.exited(spec, pid, why, stopping ? undefined : restartLater())
  }

  const start = () => {
    if (stopping) return
    const startedMs = Date.now()
    const started = spawn(spec.command, args, {
      cwd: spec.cwd,
      env: spec.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // Ctrl-C reaches the supervisor alone, which stops the others in order
      ...(spec.uid === undefined ? {} : { uid: spec.uid }),
      ...(spec.gid === undefined ? {} : { gid: spec.gid }),
    })
    child = started
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (chunk: Uint8Array) => log.write(chunk))
    const pid = started.pid
    if (pid === undefined) {
      started.once('error', (error) => onGone(0, error.message, startedMs))
      return
    }
    started.on('error', (error) => note(error.message))
    started.once('exit', (code, signal) => onGone(pid, signal ?? `exit ${code}`, startedMs))
    note(`${spec.name} (${pid}) started: ${spec.command} ${args.join(' ')}`)
    observer.started(spec, pid)
  }

  start()
  return {
    spec,
    get pid() {
      return child?.pid
    },
    get restarts() {
      return restarts
    },
    stop: async () => {
      stopping = true
      clearTimeout(timer)
      const pid = child?.pid
      if (pid !== undefined) {
        const exited = new Promise<void>((resolve) => {
          child?.once('exit', () => resolve())
        })
        const identity = processIdentity(pid)
        if (identity !== undefined) await stopProcess(pid, identity, spec.signal, spec.graceMs)
        await exited
      }
      log.close()
    },
  }
}
