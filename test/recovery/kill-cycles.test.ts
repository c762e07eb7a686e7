//! kill -9 of everything, again and again, under load: nothing that was acknowledged is lost or doubled.
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@plumb/sdk'
import { afterAll, expect, test } from 'vitest'
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

const cycles = Number(process.env['PLUMB_KILL_CYCLES'] ?? 10)
const seed = Number(process.env['PLUMB_SEED'] ?? Date.now() % 1_000_000)
const names = ['alice', 'bob', 'carol']
const state = makeState()
let house: House | undefined
afterAll(async () => {
  await house?.kill()
  removeState(state)
})

test(`${cycles} kills of the whole house lose nothing that was acknowledged (seed ${seed})`, {
  timeout: 240_000 + cycles * 60_000,
}, async () => {
  const random = mulberry(seed)
  let hands: Hand[] = []
  const startMs: number[] = []
  for (let cycle = 0; cycle < cycles; cycle++) {
    const beganMs = Date.now()
    house = await startHouse(state, ['--no-bot'])
    startMs.push(Date.now() - beganMs)
    const { gatewayUrl } = house.addresses
    const client = createClient({ baseUrl: gatewayUrl })
    const { accounts } = await client.devnet()
    if (hands.length === 0)
      hands = names.map((name) =>
        newHand(name, accounts.find((one) => one.name === name)?.privateKey ?? ''),
      )
    const desks = await Promise.all(hands.map((hand) => openDesk(gatewayUrl, hand)))
    if (cycle === 0) await Promise.all(desks.map((desk) => fund(desk)))
    // The ledger serves history and may still be catching up.
    for (const desk of desks) await promisesKept(desk)
    await until('a mark price', async () => (await client.ticker(market)).mark !== null)
    const mark = Number((await client.ticker(market)).mark)
    for (const desk of desks) await desk.trader.use(desk.stream)
    const ending = new AbortController()
    const working = desks.map((desk) =>
      work(desk, { middle: mark, random, inFlight: 8, signal: ending.signal }),
    )
    const depositing = desks
      .slice(0, cycle % 4 === 1 ? 1 : 0)
      .map((desk) => fund(desk, ending.signal).catch(() => {}))
    await sleep(300 + random() * 1_200)
    console.log(
      `cycle ${cycle + 1} of ${cycles}: ready after ${startMs.at(-1)} ms, worked, killed after ${Date.now() - beganMs} ms`,
    )
    await house.kill()
    ending.abort()
    for (const desk of desks) desk.close()
    await Promise.all([...working, ...depositing])
  }

  house = await startHouse(state, ['--no-bot'])
  const { gatewayUrl } = house.addresses
  const client = createClient({ baseUrl: gatewayUrl })
  const desks = await Promise.all(hands.map((hand) => openDesk(gatewayUrl, hand)))
  for (const desk of desks) {
    await promisesKept(desk, 60_000)
    await allSettled(desk, state)
    desk.close()
  }
  await until('reconciled', async () => (await client.reconciliation()).ok)
  const verified = await runCommand('verify', ['--state', state, '--json'])
  expect(lastJson(verified), verified.output).toMatchObject({ ok: true, firstDifference: null })
  const answered = hands.reduce((sum, hand) => sum + hand.answered, 0)
  const fills = hands.reduce((sum, hand) => sum + hand.promised.fills.size, 0)
  expect(answered).toBeGreaterThan(cycles * 20)
  console.log(
    `${cycles} kills, ${answered} acknowledged answers, ${fills} acknowledged fills, starts ${Math.min(...startMs)} to ${Math.max(...startMs)} ms`,
  )
  expect(await house.stop()).toBe(0)
  house = undefined
})
