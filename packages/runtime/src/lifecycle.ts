//! How a process ends: in order on a signal, at once on a bug.
import type { Logger } from './logger.ts'

/** The ending of a process. */
export type Lifecycle = {
  /** Registers a step of the ordered end; steps run last-registered first. */
  onClose: (name: string, close: () => void | Promise<void>) => void
  /** Ends the process in order; a second call returns the first one's promise. */
  close: (reason: string) => Promise<void>
  /** Ends the process at once with exit code 1: after a bug, the restart is the recovery path. */
  crash: (error: unknown) => void
  readonly closing: boolean
  /** Aborts when closing starts. */
  readonly signal: AbortSignal
}

/** How a lifecycle is made; `exit` and `processEvents` are for tests. */
export type LifecycleOptions = {
  logger: Logger
  timeoutMs?: number
  /** Close when this process is gone (a launcher that was killed). */
  parentPid?: number | undefined
  exit?: (code: number) => void
}

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * Hooks the process' signals. SIGINT and SIGTERM close in order within `timeoutMs` (then exit 1);
 * an unhandled rejection or exception is a crash.
 *
 * @example lifecycle.onClose('feed', () => feed.close())
 */
export const createLifecycle = (options: LifecycleOptions): Lifecycle => {
  const { logger, timeoutMs = 10_000, parentPid } = options
  const exit = options.exit ?? ((code: number) => process.exit(code))
  const steps: { name: string; close: () => void | Promise<void> }[] = []
  const abort = new AbortController()
  let ending: Promise<void> | undefined

  const crash = (error: unknown) => {
    logger.fatal({ err: error }, error instanceof Error ? error.message : 'crash')
    exit(1)
  }

  const runSteps = async (reason: string) => {
    logger.info({ reason }, 'closing')
    const timer = setTimeout(() => {
      logger.fatal({ timeoutMs }, 'closing took too long')
      exit(1)
    }, timeoutMs)
    let code = 0
    for (const { name, close } of steps.toReversed())
      try {
        await close()
      } catch (error) {
        logger.error({ err: error, step: name }, 'a closing step failed')
        code = 1
      }
    clearTimeout(timer)
    logger.info({ reason }, 'closed')
    exit(code)
  }

  const close = (reason: string): Promise<void> => {
    if (ending === undefined) {
      ending = runSteps(reason)
      abort.abort()
    }
    return ending
  }

  // A terminal's Ctrl-C and the launcher's SIGTERM often both arrive: the second one changes nothing.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => void close(name))
  process.on('unhandledRejection', crash)
  process.on('uncaughtException', crash)
  if (parentPid !== undefined)
    setInterval(() => {
      if (!isAlive(parentPid)) void close('parent process is gone')
    }, 500).unref()

  return {
    onClose: (name, step) => {
      steps.push({ name, close: step })
    },
    close,
    crash,
    get closing() {
      return ending !== undefined
    },
    signal: abort.signal,
  }
}
