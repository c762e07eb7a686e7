//! kill -9 of everything, again and again, under load: nothing that was acknowledged is lost or doubled.
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, type Trader } from '@plumb/sdk'
import { afterAll, expect, test } from 'vitest'
import {
  type House,
  lastJson,
  makeState,
  removeState,
  runCommand,
  startHouse,
} from '../e2e/house.ts'
import { allOf, type Desk, type Hand, market, newHand, openDesk, work } from './load.ts'

const cycles = Number(process.env['PLUMB_KILL_CYCLES'] ?? 20)
const seed = Number(process.env['PLUMB_SEED'] ?? Date.now() % 1_000_000)
const names = ['alice', 'bob', 'carol']
const depositQuote = 200_000_000_000

/** Small and seeded; what it gives is printed with the seed. */
const mulberry = (start: number) => {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const state = makeState()
let house: House | undefined
afterAll(async () => {
  await house?.kill()
  removeState(state)
})

const until = async (
  what: string,
  check: () => Promise<boolean>,
  timeoutMs = 60_000,
  signal?: AbortSignal,
) => {
  const end = Date.now() + timeoutMs
  for (;;) {
    signal?.throwIfAborted()
    try {
      if (await check()) return
    } catch (error) {
      if (Date.now() > end) throw error
    }
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await sleep(100)
  }
}

/** Deposits until the account has been credited at least once; a deposit that a killed chain forgot is made again. */
const fund = async ({ trader, wallet, hand }: Desk, signal?: AbortSignal) => {
  const credited = async () =>
    (await trader.read.deposits({ limit: 500 })).items.filter(({ status }) => status === 'ok')
  const before = (await credited().catch(() => [])).length
  await wallet.deposit(depositQuote)
  await until('deposit credited', async () => (await credited()).length > before, 60_000, signal)
  for (const { id, amount } of await credited()) hand.promised.deposits.set(id, amount)
}

/** Every promise of the past still stands. */
const expectKept = async (hand: Hand, trader: Trader) => {
  const orders = new Map(
    (await allOf((page) => trader.read.orders(page))).map((order) => [order.id, order]),
  )
  const fills = new Map(
    (await allOf((page) => trader.read.fills(page))).map((fill) => [fill.id, fill]),
  )
  const deposits = new Map(
    (await allOf((page) => trader.read.deposits(page))).map((d) => [d.id, d]),
  )
  for (const [id, order] of hand.promised.orders) {
    const now = orders.get(id)
    expect(now, `${hand.name}: acknowledged order ${id}`).toBeDefined()
    if (now === undefined) continue
    expect(Number(now.filled), `order ${id} filled`).toBeGreaterThanOrEqual(Number(order.filled))
    if (order.status === 'open') hand.promised.orders.set(id, now)
    else expect([now.status, now.filled], `order ${id}`).toEqual([order.status, order.filled])
  }
  for (const [id, fill] of hand.promised.fills)
    expect(fills.get(id), `${hand.name}: acknowledged fill ${id}`).toMatchObject({
      orderId: fill.orderId,
      price: fill.price,
      amount: fill.amount,
      side: fill.side,
    })
  for (const [id, amount] of hand.promised.deposits)
    expect(deposits.get(id), `${hand.name}: credited deposit ${id}`).toMatchObject({
      amount,
      status: 'ok',
    })
}

test(`${cycles} kills of the whole house lose nothing that was acknowledged (seed ${seed})`, {
  timeout: 60_000 + cycles * 30_000,
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
    for (const desk of desks)
      await until(
        'promises kept',
        async () => {
          await expectKept(desk.hand, desk.trader)
          return true
        },
        20_000,
      )
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
    await until('promises kept', async () => {
      await expectKept(desk.hand, desk.trader)
      return true
    })
    await desk.trader.cancelAll()
    await until('all settled', async () =>
      (await desk.trader.read.fills({ limit: 500 })).items.every(
        ({ settlement }) => settlement === 'settled',
      ),
    )
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
