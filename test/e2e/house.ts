//! A devnet of its own for one test: a process like `npm start`, on free ports, in a temporary folder.
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const devnet = (file: string) => join(root, 'services', 'devnet', 'dist', file)

export type Addresses = {
  gatewayUrl: string
  rpcUrl: string
  databaseUrl: string
  contract: string
  token: string
}

/** A running devnet. */
export type House = {
  readonly state: string
  readonly addresses: Addresses
  /** All it has said so far. */
  said(): string
  /** Pid of one of its processes by name. */
  pid(name: string): number
  /** Sends a signal to one of its processes by name; false between two of its lives. */
  signal(name: string, signal: NodeJS.Signals): boolean
  /** Ctrl-C; resolves with the exit code. */
  stop(): Promise<number>
  /** kill -9 of every process at once: supervisor, chain, PostgreSQL, services. */
  kill(): Promise<void>
}

/** A folder for state, which PostgreSQL's own user can enter. */
export const makeState = (): string => {
  const state = mkdtempSync(join(tmpdir(), 'plumb-house-'))
  chmodSync(state, 0o755)
  return state
}

export const removeState = (state: string): void => rmSync(state, { recursive: true, force: true })

const entries = (state: string): { name: string; pid: number }[] =>
  JSON.parse(readFileSync(join(state, 'run', 'processes.json'), 'utf8'))

/** The newest warnings and errors in a service's log: what a failing test is explained by. */
export const lastWords = (state: string, name: string, count = 12): string =>
  readFileSync(join(state, 'logs', `${name}.log`), 'utf8')
    .split('\n')
    .filter((line) => /"level":"(warn|error|fatal)"/.test(line))
    .slice(-count)
    .map((line) => `${name}: ${line.slice(0, 600)}`)
    .join('\n')

const kill9 = (pid: number) => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}

const exitOf = (child: ChildProcess) =>
  new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 137)))
  })

/** What a command said and how it ended. */
export type Outcome = { code: number; output: string; stdout: string }

/** Runs a devnet command (`demo`, `verify`, …) to its end. */
export const runCommand = async (name: string, args: readonly string[]): Promise<Outcome> => {
  const child = spawn(process.execPath, [devnet(`${name}.js`), ...args], { cwd: root })
  let output = ''
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    output += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const code = await exitOf(child)
  return { code, output, stdout }
}

/** The JSON object on the last line of a `--json` command. */
export const lastJson = ({ stdout }: Outcome): unknown =>
  JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')

/**
 * Starts a devnet on `state` and waits until it is ready.
 *
 * @param settings environment of the devnet, e.g. PLUMB_SERVICE_SETTINGS
 * @throws Error with all it said when it ends instead
 */
export const startHouse = async (
  state: string,
  args: readonly string[] = [],
  settings: Readonly<Record<string, string>> = {},
): Promise<House> => {
  const ports = ['--gateway-port', '0', '--rpc-port', '0', '--postgres-port', '0']
  const all = [devnet('main.js'), '--state', state, ...ports, '--json', ...args]
  const child = spawn(process.execPath, all, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // An aborted test run takes its house with it.
    env: { ...process.env, PLUMB_PARENT_PID: String(process.pid), ...settings },
  })
  const exited = exitOf(child)
  let text = ''
  let line = ''
  const ready = new Promise<Addresses>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    child.stdout.on('data', (chunk: Buffer) => {
      line += chunk.toString()
      if (line.includes('\n')) resolve(JSON.parse(line))
    })
    exited.then(
      (code) => reject(new Error(`the devnet ended with ${code}:\n${text}`)),
      () => {},
    )
  })
  const addresses = await ready
  const supervisor = child.pid ?? 0
  return {
    state,
    addresses,
    said: () => text,
    pid: (name) => {
      const pid = entries(state).find((entry) => entry.name === name)?.pid
      if (pid === undefined) throw new Error(`no process ${name}`)
      return pid
    },
    signal: (name, signal) => {
      try {
        const pid = entries(state).find((entry) => entry.name === name)?.pid
        return pid !== undefined && process.kill(pid, signal)
      } catch {
        return false
      }
    },
    stop: () => {
      child.kill('SIGINT')
      return exited
    },
    kill: async () => {
      for (const pid of [supervisor, ...entries(state).map((entry) => entry.pid)]) kill9(pid)
      await exited
    },
  }
}
