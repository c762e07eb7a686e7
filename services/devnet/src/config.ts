//! What the devnet takes from the environment: what child processes need to run at all, and where compose sets up.
import { loadConfig } from '@plumb/runtime'
import { z } from 'zod'

const passed = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'SYSTEMROOT', 'TEMP', 'TMP']

/** The environment every child starts from. Nothing else of ours leaks into it. */
export const baseEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  passed.flatMap((key) => {
    const value = process.env[key]
    return value === undefined ? [] : [[key, value]]
  }),
)

const overridesSchema = z.record(z.string().regex(/^PLUMB_[A-Z_]+$/), z.string())

/**
 * Settings that every service gets on top of its own, from `PLUMB_SERVICE_SETTINGS`, a JSON object of keys and texts:
 * each service takes the keys that it knows.
 *
 * @throws SyntaxError, ZodError when it is something else
 */
export const serviceSettings: Readonly<Record<string, string>> = overridesSchema.parse(
  JSON.parse(process.env['PLUMB_SERVICE_SETTINGS'] ?? '{}'),
)

/** Options of Node for every service, from `PLUMB_NODE_OPTIONS`: a profiler, a module loaded first. */
export const nodeOptions: Readonly<Record<string, string>> = optionsFrom(
  process.env['PLUMB_NODE_OPTIONS'],
)

function optionsFrom(text: string | undefined): Record<string, string> {
  return text === undefined ? {} : { NODE_OPTIONS: text }
}

/** Longest pause before a process that keeps ending is started again. */
export const restartPauseMaxMs: number =
  Number.parseInt(process.env['PLUMB_RESTART_PAUSE_MAX_MS'] ?? '', 10) || 5_000

/** The process that wants this devnet; it stops when that one is gone (tests). */
export const parentPid: number | undefined =
  Number.parseInt(process.env['PLUMB_PARENT_PID'] ?? '', 10) || undefined

const setupSchema = z.object({
  /** Folder for keys, addresses and the genesis file. */
  PLUMB_SETUP_DIR: z.string().min(1),
  PLUMB_RPC_URL: z.url(),
  /** The gateway as clients reach it. */
  PLUMB_PUBLIC_URL: z.url().default('http://127.0.0.1:8080'),
  /** The chain as clients reach it; as we do, if absent. */
  PLUMB_PUBLIC_RPC_URL: z.url().optional(),
})

/** @throws ConfigError with every bad key */
export const setupConfig = () => loadConfig(setupSchema, process.env)
