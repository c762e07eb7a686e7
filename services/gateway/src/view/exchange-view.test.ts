import { env } from 'node:process'
import { CommandBuffer, decodeEvents, encodeCommand, marketState, type Side } from '@plumb/model'
import { describe, expect, test } from 'vitest'
// A test may look across: the engine itself, and its own fuzz streams of commands, good and bad.
import { createEngine, type Engine } from '../../../../packages/engine/src/index.ts'
import { CommandStream } from '../../../../packages/engine/src/reference/command-stream.ts'
import { streamProfiles } from '../../../../packages/engine/src/reference/stream-profiles.ts'
import { accountMargin } from './account-margin.ts'
import { ExchangeView } from './exchange-view.ts'
import { notionalLeft } from './session-keys-view.ts'
import { decodeView, encodeView } from './snapshot-file.ts'

const commands = Number(env['PLUMB_VIEW_COMMANDS'] ?? 1_500)
const seed = Number(env['PLUMB_SEED'] ?? 1)
const stateEvery = 61
/** A snapshot is taken, and the view goes on from it, so often. */
const restoreEvery = 307
const none = new Uint8Array(32)

type Levels = { levels: [number, number][]; ids: number[] }

function engineBook(engine: Engine, market: number, of: Side): Levels {
  const levels = new Map<number, number>()
  const ids: number[] = []
  for (const { priceTicks, shownLots, orderId } of engine.book(market, of)) {
    levels.set(priceTicks, (levels.get(priceTicks) ?? 0) + shownLots)
    ids.push(orderId)
  }
  return { levels: [...levels], ids }
}

function viewBook(view: ExchangeView, market: number, of: Side): Levels {
  const book = view.markets.get(market)?.book
  const levels = (book?.levels(of, Infinity) ?? []).map(([p, l]): [number, number] => [p, l])
  return { levels, ids: (book?.orders(of, Infinity) ?? []).map(({ orderId }) => orderId) }
}

function engineMarkets(engine: Engine) {
  return engine.markets().map((m) => ({
    market: m.market,
    state: m.state,
    indexTime: m.fixedIndexTicks === 0 && m.state !== marketState.settled ? m.indexTimeMs : 0,
    mark: m.markTicks,
    index: m.indexTicks,
    mean: m.meanMarkTicks,
    last: m.lastTicks,
    openInterest: m.openInterestLots,
    funding: m.fundingIndex,
    insurance: m.insuranceQuote,
    badDebt: m.badDebtQuote,
    volatility: m.volatilityPpm,
    depth: m.depthQuote,
  }))
}

function viewMarkets(view: ExchangeView) {
  const markets = [...view.markets.values()].toSorted(
    (a, b) => a.definition.market - b.definition.market,
  )
  return markets.map((m) => ({
    market: m.definition.market,
    state: m.state,
    indexTime:
      m.definition.fixedIndexTicks === 0 && m.state !== marketState.settled ? m.indexTimeMs : 0,
    mark: m.markTicks ?? 0,
    index: m.indexTicks ?? 0,
    mean: m.riskMarket().meanMarkTicks,
    last: m.lastTicks ?? 0,
    openInterest: m.openInterestLots,
    funding: m.fundingIndex,
    insurance: m.insuranceQuote,
    badDebt: m.badDebtQuote,
    volatility: m.volatilityPpm,
    depth: m.depthQuote,
  }))
}

function engineAccount(engine: Engine, id: number) {
  const account = engine.account(id)!
  return {
    cash: account.cashQuote,
    equity: account.equityQuote,
    initial: account.initialMarginQuote,
    maintenance: account.maintenanceMarginQuote,
    withdrawable: account.withdrawableQuote,
    group: account.selfTradeGroup,
    deadMan: account.deadManDeadlineMs,
    isolated: account.isolatedMarket,
    tier: account.feeTier,
    volume: account.volumeQuote,
    positions: account.positions.map((p) => ({
      market: p.market,
      lots: p.lots,
      cost: p.entryCostQuote,
      due: p.fundingDueQuote,
      leverage: p.leverage,
      liquidation: p.liquidationTicks,
    })),
    orders: engine.openOrders(id).map((o) => ({
      id: o.orderId,
      price: o.priceTicks,
      remaining: o.remainingLots,
      shown: o.shownLots,
      waiting: o.advanced?.waiting ?? false,
      lane: o.lane,
      laneSeq: o.laneSeq,
      flags: o.flags,
      trigger: o.advanced?.waiting === true && o.advanced.style !== 4 ? o.advanced.triggerTicks : 0,
    })),
    lanes: engine.lanes(id).map(({ lane, seq }) => [lane, seq]),
  }
}

/** `engine`: of an exchange short of lanes; one ended on-chain that it had no room for is shown all the same. */
function viewAccount(view: ExchangeView, id: number, engine?: Engine) {
  const account = view.accounts.get(id)!
  const risk = accountMargin(account)
  const kept = engine === undefined ? undefined : new Set(engine.lanes(id).map(({ lane }) => lane))
  const holdingOf = (market: number) => risk.holdings.find((one) => one.market === market)
  const held = [...account.positions.values()].filter(({ sizeLots }) => sizeLots !== 0)
  const byMarket = held.toSorted((a, b) => a.market.definition.market - b.market.definition.market)
  const orders = [...account.openOrders.values()].toSorted((a, b) => a.orderId - b.orderId)
  return {
    cash: account.cashQuote,
    equity: risk.isExact ? risk.equityQuote : -Infinity,
    initial: risk.initialMarginQuote,
    maintenance: risk.isExact ? risk.maintenanceMarginQuote : Infinity,
    withdrawable: risk.withdrawableQuote,
    group: account.selfTradeGroup,
    deadMan: account.deadManDeadlineMs,
    isolated: account.isolatedMarket,
    tier: account.feeTier,
    volume: account.volumeQuote,
    positions: byMarket.map((p) => ({
      market: p.market.definition.market,
      lots: p.sizeLots,
      cost: p.costQuote,
      due: holdingOf(p.market.definition.market)?.fundingDueQuote,
      leverage: account.leverages.get(p.market.definition.market) ?? 0,
      liquidation: risk.isExact
        ? (holdingOf(p.market.definition.market)?.liquidationTicks ?? 0)
        : 0,
    })),
    orders: orders.map((o) => ({
      id: o.orderId,
      price: o.priceTicks,
      remaining: o.remainingLots,
      shown: o.bookLots,
      waiting: o.waiting,
      lane: o.lane,
      laneSeq: o.laneSeq,
      flags: o.flags,
      trigger: o.waiting && o.advanced?.style !== 4 ? (o.advanced?.triggerTicks ?? 0) : 0,
    })),
    lanes: [...account.lanes]
      .filter(([lane]) => kept?.has(lane) ?? true)
      .toSorted(([a], [b]) => a - b),
  }
}

function engineKeys(engine: Engine, addresses: readonly string[]) {
  return addresses.map((address) => {
    const key = engine.sessionKey(Buffer.from(address.slice(2), 'hex'))
    return [key?.notionalLeftQuote, key?.expiryS, key?.isRevoked, String(key?.markets)]
  })
}

/** As text first: a deep comparison after every command would take most of the test. */
function same(shown: unknown, expected: unknown, at: string): void {
  if (JSON.stringify(shown) !== JSON.stringify(expected)) expect(shown, at).toEqual(expected)
}

function play(profileName: string, firstSeed: number): void {
  const profile = streamProfiles[profileName]
  if (profile === undefined) throw new RangeError(profileName)
  const engine = createEngine(profile.limits)
  let view = new ExchangeView()
  const short = profileName.startsWith('tight') ? engine : undefined
  const stream = new CommandStream(firstSeed, profile)
  const buffer = new CommandBuffer(1)
  for (let seq = 1; seq <= commands; seq++) {
    const command = encodeCommand(stream.next(), seq, stream.timeMs)
    buffer.load(0, command)
    engine.events.clear()
    engine.apply(buffer, 0)
    const events = engine.events.bytes().slice()
    stream.observe(decodeEvents(events))
    view.apply({ entries: [{ seq, command, events }] })
    const at = `${profileName} seed ${firstSeed} seq ${seq}`
    for (const market of view.markets.keys())
      for (const of of [0, 1] as const)
        same(viewBook(view, market, of), engineBook(engine, market, of), at)
    if (seq % restoreEvery === 0) {
      const { view: stored } = decodeView(encodeView({ chainHash: none, view: view.snapshot() }))
      view = new ExchangeView()
      view.restore(stored)
    }
    if (seq % stateEvery !== 0 && seq !== commands) continue
    same(viewMarkets(view), engineMarkets(engine), at)
    const { isSettlementStopped } = engine.totals()
    const stoppedSince = view.settlement.stoppedSinceMs(stream.timeMs)
    same(stoppedSince !== undefined, isSettlementStopped, at)
    const keys = view.sessionKeys.memory
    same(
      keys.map((key) => [notionalLeft(key), key.expiryS, key.isRevoked, String(key.markets)]),
      engineKeys(
        engine,
        keys.map(({ address }) => address),
      ),
      at,
    )
    for (const id of view.accounts.keys())
      same(viewAccount(view, id, short), engineAccount(engine, id), `${at} account ${id}`)
  }
}

describe('the view has the engine’s books after every command, and its accounts and markets', () => {
  test.each(Object.keys(streamProfiles))(
    '%s',
    (profile) => {
      play(profile, seed)
    },
    120_000,
  )
})
