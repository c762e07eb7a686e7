//! docker-compose.yml without docker: each service a process of its own, with its command and environment, over TCP.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@plumb/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { anvilBinary } from '../../services/devnet/src/local-chain.ts'
import { freePort } from '../../services/devnet/src/ports.ts'
import { postgresReady, preparePostgres } from '../../services/devnet/src/postgres-server.ts'
import { lastJson, makeState, removeState, root, runCommand } from './house.ts'

type Service = {
  command?: string[]
  image: string
  environment?: Record<string, string>
  volumes?: string[]
  depends_on?: string[] | Record<string, unknown>
}

const compose: { services: Record<string, Service>; volumes: Record<string, null> } = parse(
  readFileSync(join(root, 'docker-compose.yml'), 'utf8'),
  { merge: true },
)
const ours = Object.entries(compose.services).filter(
  ([name, { image }]) => image === 'plumb' && name !== 'setup',
)

const state = makeState()
const ports = new Map<string, number>()
const children = new Map<string, ChildProcess>()
const said = new Map<string, string>()

/** The port that stands for `host:port` of the compose network here. */
const portOf = async (host: string, port: string) => {
  const key = `${host}:${port}`
  const known = ports.get(key) ?? (await freePort())
  ports.set(key, known)
  return known
}

/** A value of `name`'s environment as it must read on this machine: hosts, ports and volumes mapped. */
const here = async (name: string, value: string): Promise<string> => {
  let mapped = value
  for (const volume of compose.services[name]?.volumes ?? []) {
    const [source = '', target = ''] = volume.split(':')
    if (!source.startsWith('.'))
      mapped = mapped.replace(new RegExp(`^${target}(?=/|$)`), join(state, source))
  }
  const places = [...mapped.matchAll(/(?<![\w.])([a-z]+|0\.0\.0\.0):(\d+)(?![\d.])/g)]
  for (const [whole, host = '', port = ''] of places) {
    const owner = host === '0.0.0.0' ? name : host
    if (owner in compose.services)
      mapped = mapped.replace(whole, `127.0.0.1:${await portOf(owner, port)}`)
  }
  return mapped
}

const launch = async (name: string, command: readonly string[], env: Record<string, string>) => {
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  children.set(name, child)
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) =>
      said.set(name, ((said.get(name) ?? '') + chunk.toString()).slice(-20_000)),
    )
  return child
}

/** A service as compose starts it. */
const start = async (name: string) => {
  const { command = [], environment = {} } = compose.services[name] ?? {}
  const env: Record<string, string> = {}
  for (const [key, value] of Object.entries(environment)) env[key] = await here(name, value)
  const [program = '', ...args] = command
  expect(program).toBe('node')
  return launch(name, [process.execPath, ...args], env)
}

const ready = async (name: string, url: string) => {
  for (let i = 0; i < 400; i++) {
    try {
      if ((await fetch(url)).ok) return
    } catch {
      // Not listening yet.
    }
    const child = children.get(name)
    if (child?.exitCode !== null) throw new Error(`${name} ended:\n${said.get(name)}`)
    await sleep(100)
  }
  throw new Error(`${name} is not ready:\n${said.get(name)}\n${said.get('sequencer')}`)
}

beforeAll(async () => {
  for (const volume of Object.keys(compose.volumes)) mkdirSync(join(state, volume))
  const env = { PATH: process.env['PATH'] ?? '', HOME: state }
  const port = await portOf('postgres', '5432')
  const logPath = join(state, 'postgres.log')
  const { spec } = await preparePostgres({
    dataDir: join(state, 'postgres'),
    port,
    logPath,
    env,
    say: () => {},
  })
  const { uid, gid } = spec
  const server = spawn(spec.command, spec.args, {
    cwd: '/',
    env: spec.env,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
  children.set('postgres', server)
  const anvilArgs = await Promise.all(
    (compose.services['chain']?.command ?? []).map(async (argument) => {
      if (argument.startsWith('--host=')) return '--host=127.0.0.1'
      if (argument.startsWith('--port=')) return `--port=${await portOf('chain', '8545')}`
      return argument.replace('/chain/', `${join(state, 'chain')}/`)
    }),
  )
  await launch('chain', [anvilBinary(), ...anvilArgs], {})
  await postgresReady(port, 30_000, logPath)
  // Clients come from the same machine here: the public address of the chain is the mapped one.
  const setup = compose.services['setup']
  if (setup?.environment !== undefined)
    setup.environment['PLUMB_PUBLIC_RPC_URL'] = setup.environment['PLUMB_RPC_URL'] ?? ''
  const child = await start('setup')
  const code = await new Promise((resolve) => {
    child.once('exit', resolve)
  })
  expect(code, said.get('setup')).toBe(0)
  for (const [name] of ours) await start(name)
}, 60_000)

afterAll(async () => {
  const all = [...children.values()].filter(
    ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
  )
  const ended = all.map((child) => new Promise((resolve) => child.once('exit', resolve)))
  for (const child of all) child.kill('SIGTERM')
  const forced = setTimeout(() => {
    for (const child of all) child.kill('SIGKILL')
  }, 5_000)
  await Promise.all(ended)
  clearTimeout(forced)
  removeState(state)
}, 30_000)

test('compose names every service of the house, each over TCP', () => {
  expect(ours.map(([name]) => name).toSorted()).toEqual(
    ['bots', 'gateway', 'ledger', 'margin', 'oracle', 'relayer', 'sequencer'].toSorted(),
  )
  for (const [name, { environment = {}, depends_on: needs = [] }] of ours) {
    if (name !== 'bots') expect(environment['PLUMB_SEQUENCER'], name).toMatch(/^tcp:/)
    for (const other of Array.isArray(needs) ? needs : Object.keys(needs))
      expect(Object.keys(compose.services), `${name} needs ${other}`).toContain(other)
  }
})

test('every service gets ready', { timeout: 60_000 }, async () => {
  for (const [name] of ours) {
    const status = `http://127.0.0.1:${await portOf(name, '9100')}/ready`
    if (name !== 'bots') await ready(name, status)
  }
  await ready('gateway', `http://127.0.0.1:${await portOf('gateway', '8080')}/ready`)
})

const composeFile = (path: string) =>
  readFileSync(join(root, 'services/devnet/compose', path), 'utf8')

type Panel = { title?: string; targets?: { expr: string }[]; panels?: Panel[] }

/** Every expression of a board, with the panel it is drawn in. */
const expressionsOf = (panels: readonly Panel[]): [title: string, expr: string][] =>
  panels.flatMap(({ title = '', targets = [], panels: inner = [] }) => [
    ...targets.map(({ expr }): [string, string] => [title, expr]),
    ...expressionsOf(inner),
  ])

/** Words of PromQL that are no metrics, and what Prometheus knows by itself. */
const notMetrics = new Set(
  'sum by le code max min rate histogram_quantile up job service'.split(' '),
)

test('prometheus asks every service, and each panel of the board shows a metric that one has', {
  timeout: 60_000,
}, async () => {
  const config: {
    scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[]
  } = parse(composeFile('prometheus.yml'))
  const targets = config.scrape_configs.flatMap(({ static_configs }) =>
    static_configs.flatMap((one) => one.targets),
  )
  expect(targets.map((target) => target.split(':')[0]).toSorted()).toEqual(
    ours.map(([name]) => name).toSorted(),
  )
  const known = new Set<string>()
  for (const target of targets) {
    const [host = '', port = ''] = target.split(':')
    const answer = await fetch(`http://127.0.0.1:${await portOf(host, port)}/metrics`)
    expect(answer.status, target).toBe(200)
    for (const [, name = ''] of (await answer.text()).matchAll(/^# TYPE (\S+)/gm)) known.add(name)
  }
  const board: { panels: Panel[] } = JSON.parse(composeFile('grafana/dashboards/plumb.json'))
  const shown = expressionsOf(board.panels)
  expect(shown.length).toBeGreaterThan(15)
  for (const [title, expr] of shown) {
    const words = expr.replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, ' ').match(/[a-z_]\w*/g) ?? []
    const metrics = words.filter((word) => !notMetrics.has(word))
    for (const metric of metrics)
      expect(known, `${title}: ${expr}`).toContain(metric.replace(/_(?:bucket|sum|count)$/, ''))
  }
  // What compose mounts is there.
  for (const [name, { volumes = [] }] of Object.entries(compose.services))
    for (const volume of volumes) {
      const [source = ''] = volume.split(':')
      if (source.startsWith('.'))
        expect(existsSync(join(root, source)), `${name}: ${source}`).toBe(true)
    }
})

test('the demo passes over it', { timeout: 120_000 }, async () => {
  const gateway = `http://127.0.0.1:${await portOf('gateway', '8080')}`
  const outcome = await runCommand('demo', ['--gateway', gateway, '--json'])
  expect(outcome.code, outcome.output).toBe(0)
  expect(lastJson(outcome)).toMatchObject({ figures: { ok: true } })
  const { ok } = await createClient({ baseUrl: gateway }).reconciliation()
  expect(ok).toBe(true)
})
