//! What everybody else stands on goes away for a while: PostgreSQL, the chain, a frozen sequencer. Trading goes on where
//! it can, orders are refused where they must be, and afterwards everything catches up and agrees to the unit.
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@plumb/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type House,
  lastJson,
  makeState,
  removeState,
  runCommand,
  startHouse,
} from '../e2e/house.ts'
import { type Hand, market, newHand, openDesk, work } from './load.ts'
import { allSettled, fund, mulberry, promisesKept, until } from './promises.ts'

/** A minute in the full tier, a few seconds otherwise. */
const outageMs = Number(process.env['PLUMB_OUTAGE_MS'] ?? 4_000)
const seed = Number(process.env['PLUMB_SEED'] ?? Date.now() % 1_000_000)
const random = mulberry(seed)

const state = makeState()
let house: House
let hands: Hand[] = []
let desks: Awaited<ReturnType<typeof openDesk>>[] = []

beforeAll(async () => {
  house = await startHouse(state, ['--no-bot'])
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

const answered = () => hands.reduce((sum, hand) => sum + hand.answered, 0)

/** Traders at work while `during` happens. @returns answers that came meanwhile */
const underLoad = async (during: () => Promise<void>): Promise<number> => {
  const client = createClient({ baseUrl: house.addresses.gatewayUrl })
  const middle = Number((await client.ticker(market)).mark ?? 60_000)
  const ending = new AbortController()
  const { signal } = ending
  const options = { middle, random, inFlight: 2, pauseMs: 20, persistent: true, signal }
  const working = desks.map((desk) => work(desk, options))
  const before = answered()
  try {
    await during()
    return answered() - before
  } finally {
    ending.abort()
    await Promise.all(working)
  }
}

/** Nothing lost, everything settled, three sides equal. */
const expectWhole = async () => {
  for (const desk of desks) await promisesKept(desk, 60_000)
  for (const desk of desks) await allSettled(desk, state)
  const client = createClient({ baseUrl: house.addresses.gatewayUrl })
  await until('reconciled', async () => (await client.reconciliation()).ok)
}

const freeze = async (name: string, milliseconds: number) => {
  const pid = house.pid(name)
  process.kill(pid, 'SIGSTOP')
  await sleep(milliseconds)
  process.kill(pid, 'SIGCONT')
}

describe(`for ${outageMs} ms (seed ${seed})`, { timeout: 240_000 + outageMs * 2 }, () => {
  test('PostgreSQL is gone, killed each time it comes back: orders are matched, history catches up', async () => {
    const count = await underLoad(async () => {
      const end = Date.now() + outageMs
      while (Date.now() < end) {
        house.signal('postgres', 'SIGKILL')
        await sleep(50)
      }
    })
    expect(count).toBeGreaterThan(outageMs / 200)
    await expectWhole()
  })

  test('the chain does not answer: orders are matched, settlement catches up', async () => {
    const count = await underLoad(() => freeze('chain', outageMs))
    expect(count).toBeGreaterThan(outageMs / 200)
    await expectWhole()
  })

  test('the chain is killed and loses its newest blocks', async () => {
    await underLoad(async () => {
      process.kill(house.pid('chain'), 'SIGKILL')
      await sleep(2_000)
    })
    await expectWhole()
  })

  test('the sequencer is frozen: nobody is told anything, and it goes on where it was', async () => {
    const stall = Math.min(outageMs, 5_000)
    await underLoad(async () => {
      await sleep(500)
      const pid = house.pid('sequencer')
      process.kill(pid, 'SIGSTOP')
      // What it had sent before may still be on its way: silence counts from the last of it.
      let before: number
      do {
        before = answered()
        await sleep(1_000)
      } while (answered() !== before)
      await sleep(stall)
      expect(answered()).toBe(before)
      process.kill(pid, 'SIGCONT')
      await sleep(1_000)
      expect(answered()).toBeGreaterThan(before)
    })
    await expectWhole()
  })

  test('verify agrees after all of it', async () => {
    const verified = await runCommand('verify', ['--state', state, '--json'])
    expect(lastJson(verified), verified.output).toMatchObject({ ok: true, firstDifference: null })
  })
})
