//! What the exchange has promised its traders, held against what it says after a fault.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Trader } from '@plumb/sdk'
import { expect } from 'vitest'
import { lastWords } from '../e2e/house.ts'
import { allOf, type Desk, type Hand } from './load.ts'

const depositQuote = 200_000_000_000

/** Small and seeded; a test prints its seed. */
export const mulberry = (start: number) => {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Waits for `check` to be true; a failure of it counts as not yet, until the time is over. */
export const until = async (
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

/** Deposits until the account has been credited once more; a deposit that a killed chain forgot is made again. */
export const fund = async ({ trader, wallet, hand }: Desk, signal?: AbortSignal) => {
  const credited = async () =>
    (await trader.read.deposits({ limit: 500 })).items.filter(({ status }) => status === 'ok')
  const before = (await credited().catch(() => [])).length
  await wallet.deposit(depositQuote)
  await until('deposit credited', async () => (await credited()).length > before, 60_000, signal)
  for (const { id, amount } of await credited()) hand.promised.deposits.set(id, amount)
}

/** Every promise still stands; `since`: those made from then on (ms). */
const expectKept = async (hand: Hand, trader: Trader, since: number) => {
  const orders = new Map(
    (await allOf((page) => trader.read.orders({ ...page, since }))).map((order) => [
      order.id,
      order,
    ]),
  )
  const fills = new Map(
    (await allOf((page) => trader.read.fills({ ...page, since }))).map((fill) => [fill.id, fill]),
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

/** Waits for every promise to be shown: history comes from the ledger, which may still be catching up. */
export const promisesKept = (desk: Desk, timeoutMs = 30_000, since = 0): Promise<void> =>
  until(
    'promises kept',
    async () => {
      await expectKept(desk.hand, desk.trader, since)
      return true
    },
    timeoutMs,
  )

/** Cancels what is open and waits for the chain to have every fill. */
export const allSettled = async (desk: Desk, state: string): Promise<void> => {
  try {
    await settled(desk)
  } catch (error) {
    throw new Error(`${String(error)}\n${lastWords(state, 'relayer')}`, { cause: error })
  }
}

const settled = async (desk: Desk): Promise<void> => {
  await until('all cancelled', async () => desk.trader.cancelAll().then(() => true))
  await until(
    'all settled',
    async () =>
      (await desk.trader.read.fills({ limit: 500 })).items.every(
        ({ settlement }) => settlement === 'settled',
      ),
    90_000,
  )
}
