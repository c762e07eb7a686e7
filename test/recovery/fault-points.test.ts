//! Each named fault point: the process that reaches it under load dies there by SIGKILL, comes back by itself, and
//! nothing acknowledged is lost or doubled. A point that no running house reaches fails.
//!
//! `PLUMB_FAULT_POINTS=all` (or a list of names) runs more than the short seeded choice, `PLUMB_FAULT_ROUNDS` how often.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRpc, openExitDesk } from '@plumb/chain'
import { createClient, createSessionKey } from '@plumb/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type House,
  lastJson,
  makeState,
  removeState,
  root,
  runCommand,
  startHouse,
} from '../e2e/house.ts'
import { type Hand, market, newHand, openDesk, work } from './load.ts'
import { allSettled, fund, mulberry, promisesKept, until } from './promises.ts'

const seed = Number(process.env['PLUMB_SEED'] ?? Date.now() % 1_000_000)
const chosen = process.env['PLUMB_FAULT_POINTS'] ?? ''
const rounds = Number(process.env['PLUMB_FAULT_ROUNDS'] ?? 1)
const random = mulberry(seed)

/** Every point in the sources: there is no other list that could go stale. */
const findPoints = (): string[] => {
  const found: string[] = []
  for (const top of ['packages', 'services'])
    for (const file of readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })) {
      if (!/^[^/]+\/src\/.*\.ts$/.test(file) || file.endsWith('.test.ts')) continue
      if (file.endsWith('/fault-point.ts')) continue
      const text = readFileSync(join(root, top, file), 'utf8')
      for (const [, name = ''] of text.matchAll(/(?:faultPoint|reached)\('([a-z]+:[a-z-]+)'\)/g))
        found.push(name)
    }
  return found.toSorted()
}
const points = findPoints()

/** Whose life ends at a point: the journal is the sequencer's. */
const ownerOf = (point: string) => {
  const [prefix = ''] = point.split(':')
  return prefix === 'journal' ? 'sequencer' : prefix
}
/** Reached by a process that ends in order. */
const isEnding = (point: string) => /:(closing|closed|stopping|draining)$/.test(point)
/** Reached when another process comes and wants the feed from its beginning. */
const visitors: Readonly<Record<string, string>> = { 'sequencer:group-backfilled': 'gateway' }
/** Reached only after a death at another point. */
const preludes: Readonly<Record<string, string>> = { 'journal:tail-cut': 'journal:half-written' }

const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => [random(), item] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, item]) => item)

/** The short choice: one point of each process, and a few more of the sequencer's. */
const shortChoice = (): string[] => {
  const mixed = shuffled(points)
  const first = (prefix: string, count: number) =>
    mixed.filter((point) => point.startsWith(`${prefix}:`)).slice(0, count)
  return [
    ...first('journal', 3),
    ...first('sequencer', 2),
    ...['ledger', 'relayer', 'margin', 'gateway'].flatMap((name) => first(name, 1)),
  ]
}
const planned =
  chosen === ''
    ? shortChoice()
    : chosen === 'all'
      ? Array.from({ length: rounds }, () => shuffled(points)).flat()
      : chosen.split(',')

const state = makeState()
const faultFile = join(state, 'fault')
const settings = {
  PLUMB_RESTART_PAUSE_MAX_MS: '200',
  PLUMB_SERVICE_SETTINGS: JSON.stringify({
    PLUMB_FAULT_FILE: faultFile,
    PLUMB_SEGMENT_BYTES: String(128 * 1024),
    PLUMB_SNAPSHOT_COMMANDS: '100',
    PLUMB_JOURNAL_ARCHIVE: 'true',
    PLUMB_MARGIN_SNAPSHOT_COMMANDS: '100',
    PLUMB_BATCH_AGE_MS: '300',
    PLUMB_RECONCILE_INTERVAL_MS: '1000',
    // A limit on orders is not what is tested here.
    PLUMB_RATE_ORDERS: '100000',
    PLUMB_RATE_CANCELS: '100000',
    PLUMB_RATE_REQUESTS: '100000',
  }),
}

let house: House
let hands: Hand[] = []
let desks: Awaited<ReturnType<typeof openDesk>>[] = []

beforeAll(async () => {
  house = await startHouse(state, ['--no-bot'], settings)
  const { gatewayUrl } = house.addresses
  const client = createClient({ baseUrl: gatewayUrl })
  const { accounts } = await client.devnet()
  hands = ['alice', 'bob'].map((name) =>
    newHand(name, accounts.find((one) => one.name === name)?.privateKey ?? ''),
  )
  desks = await Promise.all(hands.map((hand) => openDesk(gatewayUrl, hand)))
  await Promise.all(desks.map((desk) => fund(desk)))
  for (const desk of desks) await desk.trader.use(desk.stream)
  await until('a mark price', async () => (await client.ticker(market)).mark !== null)
}, 120_000)

afterAll(async () => {
  for (const desk of desks) desk.close()
  await house?.kill()
  removeState(state)
})

const arm = (point: string, passes: number) => {
  rmSync(`${faultFile}.hit`, { force: true })
  writeFileSync(`${faultFile}.new`, `${point} ${passes}`)
  renameSync(`${faultFile}.new`, faultFile)
}
/** Without passes; not when the process dies at this very moment. */
const rearm = (point: string) => {
  writeFileSync(`${faultFile}.new`, `${point} 0`)
  if (existsSync(faultFile)) renameSync(`${faultFile}.new`, faultFile)
}
const wasHit = () => existsSync(`${faultFile}.hit`)

/** Waits for the death; a process that does not come by is made to end or to start again. */
const hit = async (point: string) => {
  const visitor = visitors[point] ?? ownerOf(point)
  const nudges: ['SIGKILL' | 'SIGTERM', number][] = isEnding(point)
    ? [
        ['SIGTERM', 300],
        ['SIGTERM', 25_000],
      ]
    : [
        ['SIGKILL', 3_000],
        ['SIGKILL', 25_000],
        ['SIGTERM', 55_000],
      ]
  const startMs = Date.now()
  let rearmed = false
  while (!wasHit()) {
    const afterMs = Date.now() - startMs
    // Passed once in a life: there is no second time to wait for.
    if (!rearmed && afterMs > 2_500) {
      rearmed = true
      rearm(point)
    }
    const [next] = nudges
    if (next !== undefined && afterMs > next[1]) {
      nudges.shift()
      house.signal(visitor, next[0])
    }
    if (afterMs > 90_000) throw new Error(`${point} was never reached`)
    await sleep(20)
  }
}

const isReady = async () => {
  const response = await fetch(`${house.addresses.gatewayUrl}/ready`)
  await response.body?.cancel()
  return response.ok
}

/** New session keys, one after the other, until told to end. */
const registerKeys = async (desk: (typeof desks)[number], signal: AbortSignal) => {
  while (!signal.aborted)
    try {
      await desk.wallet.registerKey(createSessionKey(), { notional: '1000' })
    } catch {
      await sleep(200) // the chain may be away; another key then
    }
}

/** One thing after the other asked of the contract itself, until told to end: old lanes' orders are gone already. */
const askContract = async ({ hand }: (typeof desks)[number], signal: AbortSignal) => {
  const { rpcUrl, contract } = house.addresses
  const desk = await openExitDesk(createRpc(rpcUrl), contract, hand.key)
  while (!signal.aborted)
    try {
      await desk.send('requestCancel', [0, 1_023, 1])
    } catch {
      await sleep(200) // the chain may be away
    }
}

const survive = async (point: string) => {
  const owner = ownerOf(point)
  const sinceMs = Date.now() - 1_000
  for (const hand of hands) hand.promised = { ...newHand('', '').promised }
  const client = createClient({ baseUrl: house.addresses.gatewayUrl })
  const middle = Number((await client.ticker(market)).mark ?? 60_000)
  const ending = new AbortController()
  const working = desks.map((desk) =>
    work(desk, {
      middle,
      random,
      inFlight: 4,
      pauseMs: 5,
      persistent: true,
      signal: ending.signal,
    }),
  )
  const [first] = desks
  const depositing =
    point.startsWith('relayer:deposit') && first !== undefined
      ? fund(first, ending.signal).catch(() => {})
      : undefined
  const registering =
    point.startsWith('relayer:key') && first !== undefined
      ? registerKeys(first, ending.signal)
      : undefined
  const asking =
    point.startsWith('relayer:notice') && first !== undefined
      ? askContract(first, ending.signal)
      : undefined
  // The process may have been restarted for a prelude: its own pid counts from here.
  let before = 0
  await until(`${owner} runs`, async () => {
    before = house.pid(owner)
    return true
  })
  const comesOnce = isEnding(point) || point.startsWith('relayer:deposit')
  arm(point, comesOnce ? 0 : Math.floor(random() * 2))
  try {
    await hit(point)
    await until(`${owner} is back`, async () => house.pid(owner) !== before, 15_000)
    await until('the house is ready again', isReady, 30_000)
    await sleep(100)
  } finally {
    ending.abort()
    await Promise.all([...working, depositing, registering, asking])
  }
  for (const desk of desks) {
    await promisesKept(desk, 30_000, sinceMs)
    // Its stream may still be on its way back.
    await until('all cancelled', async () => desk.trader.cancelAll().then(() => true))
  }
}

test('there are at least 60 fault points, each with a name of its own', () => {
  expect(points.length).toBeGreaterThanOrEqual(60)
  expect(points.filter((point, i) => point === points[i + 1])).toEqual([])
})

test.each(planned)(`survives SIGKILL at %s (seed ${seed})`, { timeout: 240_000 }, async (point) => {
  const prelude = preludes[point]
  if (prelude !== undefined) {
    // Only a torn tail is cut: die in the middle of a write first, and at the cut in the next life.
    arm(prelude, 0)
    const ending = new AbortController()
    const working = desks.map((desk) =>
      work(desk, { middle: 60_000, random, inFlight: 4, persistent: true, signal: ending.signal }),
    )
    await hit(prelude)
    arm(point, 0)
    await until(`${point} reached`, async () => wasHit(), 25_000)
    ending.abort()
    await Promise.all(working)
    await until('the house is ready again', isReady, 30_000)
    return
  }
  await survive(point)
})

test('after all that, everything settles and engine, ledger and contract agree', {
  timeout: 240_000,
}, async () => {
  await until('the house is ready', isReady, 30_000)
  for (const desk of desks) await allSettled(desk, state)
  const client = createClient({ baseUrl: house.addresses.gatewayUrl })
  await until('reconciled', async () => (await client.reconciliation()).ok)
  const verified = await runCommand('verify', ['--state', state, '--json'])
  expect(verified.stdout, verified.output).not.toBe('')
  expect(lastJson(verified), verified.output).toMatchObject({ ok: true, firstDifference: null })
})
