import {
  type Command,
  CommandBuffer,
  closeReason,
  decodeEvents,
  encodeCommand,
  limits,
  orderFlags,
} from '@plumb/model'
import { expect, test } from 'vitest'
import { createEngine, type Engine, restoreEngine, warmUp } from './index.ts'
import { checkInvariants } from './reference/invariants.ts'

const owner = (n: number) => new Uint8Array(20).fill(n)
const bytes = (n: number) => new Uint8Array(n)

function driver(engine: Engine) {
  const buffer = new CommandBuffer(1)
  let timeMs = 1_790_000_000_000
  return {
    at: (ms: number) => (timeMs += ms),
    send(command: Command) {
      engine.events.clear()
      buffer.load(0, encodeCommand(command, engine.seq + 1, timeMs))
      engine.apply(buffer, 0)
      return decodeEvents(engine.events.bytes())
    },
  }
}

const genesis: Command = {
  kind: 'Genesis',
  chainId: 1337,
  settlementLagS: 600,
  publisherCount: 3,
  publisherQuorum: 3,
  contract: bytes(20),
  publishers: bytes(100),
}
const btc: Command = {
  kind: 'ListMarket',
  market: 0,
  symbol: 'BTC-PERP',
  tickE8: 10_000_000,
  lotE8: 10_000,
  quotePerTickLot: 10,
  imBps: 500,
  mmBps: 250,
  takerFee: 45,
  makerFee: 15,
  minOrderLots: 1,
  maxOrderLots: 1e8,
  maxPositionLots: 1e8,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 50_000,
  markBandPpm: 30_000,
  fixedIndexTicks: 0,
}
const place = (
  accountId: number,
  side: 0 | 1,
  priceTicks: number,
  sizeLots: number,
  lane: number,
  seq = 1,
): Command => ({
  kind: 'PlaceOrder',
  accountId,
  market: 0,
  side,
  flags: orderFlags({ timeInForce: 0 }),
  orderKind: 0,
  priceTicks,
  sizeLots,
  triggerTicks: 0,
  maxFee: 45,
  lane,
  laneSeq: seq,
  expiryS: 1_790_100_000,
  selfTrade: 0,
  clientOrderId: '',
  signer: bytes(20),
  signature: bytes(64),
  orderId: 0,
})

test('a first trade, a snapshot, and the same afterwards', () => {
  const engine = createEngine({
    accounts: 16,
    openOrders: 64,
    pages: 16,
    pageDirectories: 4,
    positions: 64,
    lanePages: 64,
    pendingWithdrawals: 4,
  })
  const world = driver(engine)
  const send = (command: Command) => world.send(command)
  send(genesis)
  send(btc)
  for (const n of [1, 2])
    send({
      kind: 'CreditDeposit',
      owner: owner(n),
      subaccount: 0,
      amountQuote: 10_000_000_000,
      depositId: n,
      blockNumber: 1,
      txHash: bytes(32),
    })
  for (const publisher of [0, 1, 2])
    send({
      kind: 'ObservePrice',
      publisher,
      page: 0,
      count: 1,
      publishTimeMs: 1_790_000_000_000,
      signature: bytes(64),
      prices: [600_000],
    })
  world.at(1_000)
  expect(send({ kind: 'Tick' }).map((e) => e.kind)).toEqual(['MarkUpdated', 'PremiumSampled'])
  expect(send(place(1, 0, 600_000, 1_000, 0)).map((e) => e.kind)).toEqual(['OrderPlaced'])
  const events = send(place(2, 1, 599_000, 400, 0))
  expect(events.map((e) => e.kind)).toEqual(['OrderPlaced', 'TradeExecuted', 'OrderClosed'])
  expect(events[1]).toMatchObject({
    priceTicks: 600_000,
    sizeLots: 400,
    makerRemainingLots: 600,
    takerPositionLots: -400,
  })
  const t = engine.totals()
  expect(t.cashQuote + t.feesQuote).toBe(t.depositsQuote)
  const copy = restoreEngine(engine.snapshot())
  expect(copy.stateHash()).toEqual(engine.stateHash())
  expect([...copy.book(0, 0)]).toEqual([...engine.book(0, 0)])
  expect(copy.accountIdOf(owner(2), 0)).toBe(2)
})

test('warming up leaves other engines alone', () => {
  const engine = createEngine({ accounts: 4, openOrders: 16 })
  const before = engine.stateHash()
  warmUp(2_000)
  expect(engine.stateHash()).toEqual(before)
  expect(engine.seq).toBe(0)
})

test('bytes that are no snapshot are refused', () => {
  const snapshot = createEngine({ accounts: 4, openOrders: 16 }).snapshot()
  expect(() => restoreEngine(new Uint8Array(3))).toThrow('too short')
  expect(() => restoreEngine(new Uint8Array(1_000))).toThrow('not a snapshot')
  expect(() => restoreEngine(snapshot.subarray(0, -4))).toThrow('cut short')
  expect(() => restoreEngine(new Uint8Array([...snapshot, 0]))).toThrow('trailing')
})

test('what only a bug of the caller can send is thrown, and leaves the engine as it was', () => {
  const engine = createEngine({ accounts: 4, openOrders: 16 })
  const world = driver(engine)
  world.send(genesis)
  const before = engine.stateHash()
  const buffer = new CommandBuffer(1)
  const applied = (seq: number, timeMs: number, kind?: number) => {
    buffer.load(0, encodeCommand({ kind: 'Tick' }, seq, timeMs))
    if (kind !== undefined) buffer.i32[4] = kind
    return () => engine.apply(buffer, 0)
  }
  const now = engine.timeMs
  expect(now).toBe(1_790_000_000_000)
  expect(applied(1, now)).toThrow('seq 1 after 1')
  expect(applied(3, now)).toThrow('seq 3 after 1')
  expect(applied(2, now - 1)).toThrow('time fell')
  expect(applied(2, Number.NaN)).toThrow('time fell')
  expect(engine.stateHash()).toEqual(before)
  expect([engine.seq, engine.timeMs]).toEqual([1, now])
  expect(applied(2, now, 99)).toThrow('unknown command kind 99')
  expect(engine.stateHash()).toEqual(before)
})

test('limits that contradict each other make no engine', () => {
  expect(() => createEngine({ openOrders: 8, clientIds: 8 })).toThrow('clientIds must exceed')
  expect(() => createEngine({ openOrders: 2 ** 20 + 1 })).toThrow('openOrders at most 2^20')
  expect(() => createEngine({ markets: limits.marketsMax + 1 })).toThrow('at most 64 markets')
})

test('one tick closes more orders than the event buffer held, and tells each once', () => {
  const engine = createEngine({ accounts: 8, openOrders: 8_192 })
  const world = driver(engine)
  world.send(genesis)
  world.send({ ...btc, fixedIndexTicks: 600_000 })
  const accounts = 5
  const each = 900
  for (let n = 1; n <= accounts; n++)
    world.send({
      kind: 'CreditDeposit',
      owner: owner(n),
      subaccount: 0,
      amountQuote: 10_000_000_000,
      depositId: n,
      blockNumber: 1,
      txHash: bytes(32),
    })
  for (let n = 0; n < accounts * each; n++) {
    const order = place(1 + (n % accounts), 0, 590_000, 1, Math.floor(n / accounts))
    world.send({ ...order, expiryS: 1_790_001_000 } as Command)
  }
  expect(engine.totals().openOrders).toBe(accounts * each)
  world.at(1_000_000)
  const closed = world.send({ kind: 'Tick' }).filter((event) => event.kind === 'OrderClosed')
  const expired = new Set(
    closed.map((event) => event.reason === closeReason.expired && event.orderId),
  )
  expect([closed.length, expired.size, expired.has(false)]).toEqual([4_500, 4_500, false])
  expect(engine.totals().openOrders).toBe(0)
  checkInvariants(engine)
})
