import { accountRisk } from '@plumb/model'
import { describe, expect, test } from 'vitest'
import { followEngine } from './follow-engine.ts'
import { ideaPartsMax } from './read-idea.ts'
import { kept, RiskWatch } from './risk-watch.ts'
import { stateRoutes } from './state-routes.ts'
import { SmallExchange, smallEngine } from './testing/small-exchange.ts'

/** Account 1 is long 200 lots (1,200 USDC notional of 1,000 USDC… ten times that at 60,000), account 2 the other side. */
const leveraged = () => {
  const exchange = new SmallExchange()
  exchange.pass(0, 60_000)
  exchange.order(2, 1, 60_000, 2_000)
  exchange.order(1, 0, 60_000, 2_000)
  for (let i = 0; i < 14; i++) exchange.pass(5_000, 60_000)
  return exchange
}

const follow = (exchange: SmallExchange) => {
  const follower = followEngine(smallEngine())
  for (const group of exchange.groups) follower.take(group)
  const routes = stateRoutes(() => follower)
  const get = (url: string) => {
    const [path = '', query] = url.split('?')
    const answer = routes(path, new URLSearchParams(query))
    return {
      status: answer?.status,
      body: Object(JSON.parse(JSON.stringify(answer?.body ?? null))),
    }
  }
  return { follower, get }
}

describe('risk reads', () => {
  test('an account: the engine’s figures, its place in the queue, its slopes', () => {
    const exchange = leveraged()
    const { get } = follow(exchange)
    const { status, body } = get('/accounts/1/risk')
    expect(status).toBe(200)
    const view = exchange.engine.account(1)
    expect(body).toMatchObject({
      accountId: 1,
      equityQuote: view?.equityQuote,
      initialMarginQuote: view?.initialMarginQuote,
      maintenanceMarginQuote: view?.maintenanceMarginQuote,
      withdrawableQuote: view?.withdrawableQuote,
      level: 'safe',
      levelAtTick: 'safe',
      isolatedMarket: null,
    })
    expect(body.holdings).toMatchObject([
      {
        market: 0,
        lots: 2_000,
        liquidationTicks: view?.positions[0]?.liquidationTicks,
        adl: { rank: 1, of: 1, light: 5 },
        sensitivity: { equityPerTick: 200_000 },
      },
    ])
    expect(get(`/accounts?owner=0x${'01'.repeat(20)}`).body).toMatchObject({ accountId: 1 })
    expect(get(`/accounts?owner=0x${'77'.repeat(20)}`).status).toBe(404)
    expect(get('/accounts/9/risk')).toMatchObject({
      status: 404,
      body: { error: 'UNKNOWN_ACCOUNT' },
    })
  })

  test('what-if: a shock to the liquidation price, a trade back to flat', () => {
    const exchange = leveraged()
    const { get } = follow(exchange)
    const trigger = exchange.engine.account(1)?.positions[0]?.liquidationTicks ?? 0
    const level = (ticks: number) =>
      get(`/accounts/1/what-if?shock=BTC-PERP@${ticks}`).body.after.level
    expect(level(trigger)).toBe('liquidation')
    expect(level(trigger + 1)).toBe('danger')
    const flat = get('/accounts/1/what-if?trade=0:sell:2000&shock=all:-500000').body
    expect(flat).toMatchObject({ isAdmitted: true, after: { holdings: [], level: 'safe' } })
    const more = get('/accounts/1/what-if?trade=BTC-PERP:buy:200000').body
    expect(more.isAdmitted).toBe(false)
  })

  test.each([
    'trade=BTC-PERP:hold:1',
    'trade=NONE:buy:1',
    'trade=BTC-PERP:buy:0',
    'trade=BTC-PERP:buy:1.5',
    'shock=BTC-PERP',
    'shock=all@5',
    'shock=all:-1000000',
    'shock=all:1e9',
  ])('refuses what-if %s, naming what is wrong', (query) => {
    const { get } = follow(leveraged())
    const { status, body } = get(`/accounts/1/what-if?${query}`)
    expect(status).toBe(400)
    expect(body.error).toBe('INVALID_PARAMETER')
    expect(body.message.length).toBeGreaterThan(10)
  })

  test('a question may have so many parts, not one more', () => {
    const { get } = follow(leveraged())
    const ask = (parts: number) =>
      get(`/accounts/1/what-if?${Array.from({ length: parts }, () => 'shock=all:1').join('&')}`)
    expect([ideaPartsMax - 1, ideaPartsMax, ideaPartsMax + 1].map((n) => ask(n).status)).toEqual([
      200, 200, 400,
    ])
  })

  test('funding: the hour’s samples, their mean as predicted rate, the payment at the hour', () => {
    const exchange = leveraged()
    const { get } = follow(exchange)
    const { body } = get('/markets/0/funding')
    expect(body.samples.length).toBe(body.sampleCount)
    expect(body.sampleCount).toBeGreaterThan(10)
    const sum = body.samples.reduce(
      (all: number, { premium }: { premium: number }) => all + premium,
      0,
    )
    expect(sum).toBe(body.premiumSum)
    // An empty book has no premium: the interest of 0.01 % for eight hours is what is left.
    expect(body).toMatchObject({ predictedRate: 1_000_000, impactQuote: 10_000_000_000 })
    expect(body.predictedMove).toBe((1_000_000 * 60_000 * 100) / 80_000)
    exchange.pass(3_600_000, 60_000)
    const later = follow(exchange).get('/markets/0/funding').body
    expect(later.payments).toMatchObject([{ rate: 1_000_000, indexTicks: 60_000 }])
    // The hour's gap does not accrue: 70 s were sampled.
    expect(later.payments[0].intervalS).toBe(70)
    expect(later.samples.length).toBe(later.sampleCount)
  })

  test('a fall: warned on the way down, told of rising margin before it rises, ranked for ADL', () => {
    const exchange = leveraged()
    for (const index of [59_000, 58_000, 57_500, 57_000, 56_600, 56_000])
      exchange.pass(2_000, index)
    exchange.pass(60_000, 56_000)
    const { get } = follow(exchange)
    const { items } = get('/warnings?account=1').body
    expect(items.map((warning: { to: string }) => warning.to)).toEqual(
      expect.arrayContaining(['restricted', 'warning', 'danger', 'liquidation']),
    )
    expect(get(`/warnings?account=1&after=${items[0].seq}`).body.items).toEqual(items.slice(1))
    expect(get('/warnings?limit=1').body.items).toHaveLength(1)
    expect(get('/warnings?limit=0').status).toBe(400)
    expect(get('/warnings?after=x').status).toBe(400)
    const [notice] = get('/notices').body.items.slice(-1)
    const risk = get('/markets/0/risk').body
    expect(notice.toPpm).toBeGreaterThan(notice.fromPpm)
    expect(notice.timeMs).toBeLessThan(notice.effectiveMs)
    expect(risk.volatilityPpm).toBe(notice.toPpm)
    expect(risk.volatility.requirementPpm).toBe(notice.toPpm)
    const adl = get('/markets/0/adl').body
    expect(adl.shorts.entries).toMatchObject([{ rank: 1, accountId: 2, lots: 2_000 }])
  })
})

describe('the watch', () => {
  test('from a snapshot anywhere and what follows it, remembers the same as from the beginning', () => {
    const exchange = leveraged()
    for (const index of [59_000, 58_000, 57_000, 56_000]) exchange.pass(20_000, index)
    exchange.pass(3_600_000, 60_000)
    const whole = followEngine(smallEngine())
    const expected = () => JSON.stringify(whole.watch.record())
    const records = exchange.groups.map((group) => {
      whole.take(group)
      return expected()
    })
    const final = expected()
    for (const at of [0, 7, 20, records.length - 2]) {
      const watch = new RiskWatch(JSON.parse(records[at] ?? ''))
      const replay = followEngine(smallEngine())
      for (const [i, group] of exchange.groups.entries()) {
        replay.take(group)
        const [entry] = group.entries
        if (i > at && entry !== undefined)
          watch.take(
            replay.engine,
            new DataView(entry.command.buffer).getInt32(16, true),
            entry.events,
          )
      }
      expect(JSON.stringify(watch.record()), `snapshot after ${at + 1}`).toBe(final)
    }
  })

  test('keeps so many warnings, not more', () => {
    const record = new RiskWatch().record()
    const warning = { timeMs: 0, accountId: 1, from: 'safe', to: 'danger', equityQuote: 0 } as const
    const money = { initialMarginQuote: 0, maintenanceMarginQuote: 0 }
    for (let seq = 1; seq <= kept.warnings + 5; seq++)
      record.warnings.push({ seq, ...warning, ...money })
    const watch = new RiskWatch(record)
    expect(watch.warnings(0, 1)[0]?.seq).toBe(6)
    expect(watch.record().warnings).toHaveLength(kept.warnings)
  })
})

test('the reads agree with the model’s function on the engine’s own account', () => {
  const exchange = leveraged()
  const { get } = follow(exchange)
  const own = exchange.engine.riskAccount(2)
  const market = exchange.engine.marketRisk(0)
  if (own === undefined || market === undefined) throw new Error('no account')
  const { cashQuote, marginRatioPpm } = accountRisk(own, new Map([[0, market]]))
  expect(get('/accounts/2/risk').body).toMatchObject({ cashQuote, marginRatioPpm })
})
