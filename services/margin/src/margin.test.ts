import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine, type Engine } from '@plumb/engine'
import {
  type Command,
  CommandBuffer,
  encodeCommand,
  type Market,
  orderFlags,
  side,
  timeInForce,
} from '@plumb/model'
import { CommandError, createManualClock, type FeedGroup, silentLogger } from '@plumb/runtime'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { followEngine } from './follow-engine.ts'
import { startMargin } from './margin.ts'
import { stateRoutes } from './state-routes.ts'

const startMs = 1_790_000_000_000
const owner = (n: number) => new Uint8Array(20).fill(n)
const market: Market = {
  market: 0,
  symbol: 'BTC-PERP',
  tickE8: 10_000_000,
  lotE8: 100_000,
  quotePerTickLot: 100,
  imBps: 200,
  mmBps: 100,
  takerFee: 45,
  makerFee: -5,
  minOrderLots: 1,
  maxOrderLots: 1_000_000,
  maxPositionLots: 10_000_000,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 0,
  markBandPpm: 0,
  fixedIndexTicks: 600_000,
}
const deposit = (depositId: number): Command => ({
  kind: 'CreditDeposit',
  owner: owner(depositId),
  subaccount: 0,
  amountQuote: 1_000_000_000,
  depositId,
  blockNumber: depositId,
  txHash: new Uint8Array(32),
})
const order = (accountId: number, at: 0 | 1, laneSeq: number): Command => ({
  kind: 'PlaceOrder',
  orderId: 0,
  accountId,
  market: 0,
  side: at,
  flags: orderFlags({ timeInForce: timeInForce.gtc }),
  orderKind: 0,
  priceTicks: 600_000,
  sizeLots: 10,
  triggerTicks: 0,
  maxFee: 50,
  lane: laneSeq,
  laneSeq,
  expiryS: startMs / 1000 + 86_400,
  selfTrade: 0,
  clientOrderId: '',
  signer: owner(accountId),
  signature: new Uint8Array(64),
})
const commands: Command[] = [
  {
    kind: 'Genesis',
    chainId: 1337,
    settlementLagS: 600,
    publisherCount: 5,
    publisherQuorum: 3,
    contract: new Uint8Array(20).fill(9),
    publishers: new Uint8Array(100).map((_, i) => i + 1),
  },
  { kind: 'ListMarket', ...market },
  deposit(1),
  deposit(2),
  { kind: 'Tick' },
  order(1, side.buy, 1),
  order(2, side.sell, 1),
  { kind: 'Tick' },
  order(2, side.sell, 2),
]

/** The feed of an engine that was given these commands, `perGroup` in a group. */
const feedOf = (
  list: readonly Command[],
  perGroup = 2,
): { groups: FeedGroup[]; engine: Engine } => {
  const engine = createEngine()
  const slots = new CommandBuffer(1)
  const groups: FeedGroup[] = []
  for (let at = 0; at < list.length; at += perGroup) {
    const entries = list.slice(at, at + perGroup).map((command, i) => {
      const seq = at + i + 1
      const bytes = encodeCommand(command, seq, startMs + seq * 100)
      slots.load(0, bytes)
      engine.events.clear()
      engine.apply(slots, 0)
      return { seq, command: bytes, events: engine.events.bytes().slice() }
    })
    const lastSeq = at + entries.length
    const chainHash = new Uint8Array(32).fill(lastSeq)
    groups.push({ firstSeq: at + 1, lastSeq, chainHash, stateHash: engine.stateHash(), entries })
  }
  return { groups, engine }
}

const openFeed = (groups: readonly FeedGroup[]) => (fromSeq: number) => ({
  headSeq: groups.at(-1)?.lastSeq ?? 0,
  close: () => Promise.resolve(),
  async *groups() {
    for (const group of groups) if (group.firstSeq >= fromSeq) yield group
  },
})

describe('a follower', () => {
  test('comes to the same state and answers it', () => {
    const { groups } = feedOf(commands)
    const follower = followEngine()
    for (const group of groups) follower.take(group)
    const routes = stateRoutes(() => follower)
    const state = routes('/state')
    expect(state?.body).toMatchObject({
      seq: 9,
      chainHash: '09'.repeat(32),
      totals: {
        depositsQuote: 2_000_000_000,
        pendingWithdrawalsQuote: 0,
        paidQuote: 0,
        poolsQuote: 0,
      },
      accounts: [
        { accountId: 1, owner: `0x${'01'.repeat(20)}`, positions: [{ market: 0, lots: 10 }] },
        { accountId: 2, owner: `0x${'02'.repeat(20)}`, positions: [{ market: 0, lots: -10 }] },
      ],
    })
    const risk = routes('/accounts/2/risk')
    // Short 10 and 10 more to sell: 2 % of 120 USDC… and the taker fee of both (0.045 % of 1,200 and 600 USDC).
    expect(risk?.body).toMatchObject({
      seq: 9,
      openOrders: 1,
      positionMarginQuote: 12_000_000,
      initialMarginQuote: 24_810_000,
      maintenanceMarginQuote: 6_000_000,
    })
    for (const id of [1, 2])
      expect(routes(`/accounts/${id}/risk`)?.body).toMatchObject({
        equityQuote: follower.engine.account(id)?.equityQuote,
      })
    expect(routes('/accounts/3/risk')).toEqual({ status: 404, body: { error: 'UNKNOWN_ACCOUNT' } })
    expect(routes('/accounts/x/risk')).toBeUndefined()
    expect(routes('/metrics')).toBeUndefined()
    expect(JSON.stringify(routes('/markets')?.body)).toContain('BTC-PERP')
  })

  test('sees a changed event, a changed hash and a missing command', () => {
    const flip = (change: (group: FeedGroup) => FeedGroup) => {
      const { groups } = feedOf(commands)
      const follower = followEngine()
      for (const [i, group] of groups.entries()) follower.take(i === 3 ? change(group) : group)
    }
    const [entry, ...others] = feedOf(commands).groups[3]?.entries ?? []
    if (entry === undefined) throw new RangeError('no group')
    const events = Uint8Array.from(entry?.events ?? [])
    events[40] = (events[40] ?? 0) ^ 1
    expect(() =>
      flip((group) => ({ ...group, entries: [{ ...entry, events }, ...others] })),
    ).toThrow('diverge at command 7: events differ at byte 40')
    expect(() =>
      flip((group) => ({
        ...group,
        stateHash: { hi: group.stateHash.hi, lo: group.stateHash.lo ^ 1 },
      })),
    ).toThrow('diverge at command 8: state hash')
    expect(() => flip((group) => ({ ...group, entries: others }))).toThrow(
      'diverge at command 8: our engine stands at 6',
    )
  })
})

describe('the margin service', () => {
  let directory = ''
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'plumb-margin-'))
  })
  afterEach(() => rm(directory, { recursive: true }))

  const start = (groups: readonly FeedGroup[], submit = () => Promise.reject(lost), tickMs = 0) =>
    startMargin({
      openFeed: openFeed(groups),
      commands: { submit },
      clock: createManualClock(startMs),
      logger: silentLogger,
      directory,
      snapshotCommands: 3,
      tickMs,
    })
  const lost = new CommandError('UNAVAILABLE')

  test('goes on from its snapshot, and from the beginning without a good one', async () => {
    const { groups, engine } = feedOf(commands)
    const first = await start(groups.slice(0, 3))
    await first.done
    await first.close()
    expect(await readdir(directory)).toHaveLength(2)
    const second = await start(groups.slice(3))
    await second.done
    expect(second.follower.engine.stateHash()).toEqual(engine.stateHash())
    expect(second.follower.applied).toBe(3)
    await rm(directory, { recursive: true })
    const third = await start(groups)
    await third.done
    expect(third.follower.applied).toBe(9)
    await third.close()
  })

  test('keeps ticking through lost answers', async () => {
    let ticks = 0
    const submit = () => {
      ticks += 1
      return Promise.reject(lost)
    }
    const beganMs = performance.now()
    const margin = await startMargin({
      openFeed: openFeed([]),
      commands: { submit },
      clock: { nowMs: () => Date.now(), monotonicMs: () => 0 },
      logger: silentLogger,
      directory: undefined,
      snapshotCommands: 3,
      tickMs: 20,
    })
    await vi.waitFor(() => expect(ticks).toBeGreaterThan(3), 20_000)
    await margin.close()
    // A lost answer makes it neither stop nor hurry.
    expect(ticks).toBeLessThanOrEqual(2 + (performance.now() - beganMs) / 20)
  })
})
