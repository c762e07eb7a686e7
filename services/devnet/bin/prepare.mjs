//! Installs what is pinned and builds, each only when something changed. Node built-ins only: it runs before anything is installed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../..', import.meta.url))
const stampFile = join(root, 'node_modules', '.plumb-install')
const nodeLeast = [20, 19]

/** Seconds since `startMs`, as people read them. */
const since = (startMs) => `${((Date.now() - startMs) / 1000).toFixed(1)} s`

/** A line of progress, to stderr: stdout belongs to the command that follows. */
const say = (line) => process.stderr.write(`${line}\n`)

export const checkNode = (version = process.versions.node) => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [leastMajor = 0, leastMinor = 0] = nodeLeast
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return
  throw new Error(`Plumb needs Node ${nodeLeast.join('.')} or newer; this is Node ${version}.`)
}

const run = (command, args) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      // npm and pnpm take proxies, caches and registries from the environment: all of it is passed on.
      // oxlint-disable-next-line node/no-process-env
      env: { ...process.env, CI: '1', NO_UPDATE_NOTIFIER: '1', npm_config_yes: 'true' },
      shell: process.platform === 'win32',
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output = (output + chunk).slice(-20_000)
      })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${command} ${args.join(' ')} failed (exit ${code}):\n${output}`))
    })
  })

/** What the installed tree depends on; the stamp holds its hash. */
const installHash = () => {
  const hash = createHash('sha256').update(process.version)
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'])
    hash.update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

const installed = () => {
  if (!existsSync(join(root, 'node_modules', '.modules.yaml'))) return false
  if (!existsSync(stampFile)) return false
  return readFileSync(stampFile, 'utf8').trim() === installHash()
}

const pnpmVersion = () => {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return packageManager
}

const install = async () => {
  if (installed()) return
  const startMs = Date.now()
  say(`▸ installing what is pinned (${pnpmVersion()}; the first time takes a minute) …`)
  // npx runs exactly the pinned version: pnpm itself need not look for it, nor record it in the lockfile.
  const flags = ['--frozen-lockfile', '--pm-on-fail=ignore']
  await run('npx', ['--yes', pnpmVersion(), 'install', ...flags])
  mkdirSync(join(root, 'node_modules'), { recursive: true })
  writeFileSync(stampFile, `${installHash()}\n`)
  say(`✓ installed (${since(startMs)})`)
}

const build = async () => {
  const startMs = Date.now()
  await run(process.execPath, [
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-b',
    '--pretty',
    'false',
  ])
  if (Date.now() - startMs > 2_000) say(`✓ built (${since(startMs)})`)
}

/** Node checked, dependencies installed, `dist/` up to date. Throws an error that is fit to be read. */
export const prepare = async () => {
  checkNode()
  await install()
  await build()
}

/** Runs `main`; an error becomes one clear message and exit code 1. */
export const orExit = async (main) => {
  try {
    await main()
  } catch (error) {
    say(`✗ ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  }
}
