import { limits } from '@plumb/model'
import { describe, expect, test } from 'vitest'
import { checkInvariants } from './reference/invariants.ts'
import { asPlayed, Scenario, scenarioMarket } from './reference/scenario.ts'

const opening = `
  deposit alice 10_000
  deposit bob   10_000
  deposit carol 10_000
  index 60_000 0
  index 60_000 1
  tick => mark 60000
`

const stories: Record<string, string> = {
  'a trade moves cash by price and fee, to the micro-USDC': `
    place alice buy 0.1 @ 60_000 as o1       => rests
    place bob sell 0.04 @ 59_990 as o2       => fill o1 0.04 @ 60000
    has alice                                => 7599.64 USDC 0.04 BTC
    has bob                                  => 12398.92 USDC -0.04 BTC
  `,
  'a reduce-only maker leaves with the position it reduces': `
    place alice buy 0.05 @ 60_000 as a       => rests
    place bob sell 0.05 @ 60_000             => fill a 0.05 @ 60000
    place alice sell 0.1 @ 60_000 reduce as r => rests
    place carol buy 0.05 @ 60_000            => fill r 0.05 @ 60000, r closes reduceOnly
  `,
  'price, then time': `
    place alice buy 0.01 @ 59_990 as a       => rests
    place bob buy 0.01 @ 60_000 as b         => rests
    place carol buy 0.01 @ 60_000 as c       => rests
    deposit dave 10_000
    place dave sell 0.03 @ 59_000 ioc        => fill b 0.01 @ 60000, fill c 0.01 @ 60000, fill a 0.01 @ 59990
  `,
  'initial margin counts open orders; what does not raise it passes': `
    place alice buy 3.2 @ 60_000 as o1       => rests
    place alice buy 0.2 @ 60_000             => reject INSUFFICIENT_MARGIN
    place alice sell 1 @ 60_010              => rests
    place alice buy 0.1 @ 60_000 lane=900    => reject INSUFFICIENT_MARGIN
    cancel alice o1                          => o1 closes user
    place alice buy 0.1 @ 60_000 lane=900    => rests
  `,
  'bands, stale and dead index': `
    place alice buy 0.1 @ 63_000             => rests
    place alice buy 0.1 @ 63_000.1           => reject PRICE_BAND
    place bob sell 0.1 @ 56_999.9            => reject PRICE_BAND
    wait 5s
    place bob buy 0.01 @ 60_000              => rests
    wait 1s
    place bob buy 0.01 @ 60_000              => reject CLOSE_ONLY
    wait 25s
    place bob buy 0.01 @ 60_000              => reject MARKET_HALTED
    index 60_000 0
    place bob buy 0.01 @ 60_000              => reject MARKET_HALTED
    index 60_000 1
    place bob buy 0.01 @ 60_000              => rests
  `,
  'a lane takes one live order and only higher numbers; a refusal does not use the number': `
    place alice buy 0.1 @ 59_000 lane=7:5 as o1  => rests
    place alice buy 0.1 @ 59_000 lane=7:6        => reject LANE_BUSY
    place alice buy 0.1 @ 59_000 lane=7:5        => reject NONCE_USED
    cancel alice o1                              => o1 closes user
    place alice buy 9_000 @ 59_000 lane=7:6      => reject MAX_SIZE
    place alice buy 0.1 @ 59_000 lane=7:6        => rests
    place alice buy 0.1 @ 59_000 lane=1024:1     => reject INVALID_LANE
    withdraw alice 1 lane=8:9                    => accepted
    place alice buy 0.1 @ 59_000 lane=8:9        => reject NONCE_USED
  `,
  'a client id names one request': `
    place alice buy 0.1 @ 59_000 id=x lane=1:1 as o1  => rests
    place alice buy 0.1 @ 59_000 id=x lane=1:1        => same as o1
    place alice buy 0.2 @ 59_000 id=x lane=1:1        => reject DUPLICATE_CLIENT_ORDER_ID
    place bob buy 0.1 @ 59_000 id=x lane=1:1          => rests
    cancel alice x                                    => o1 closes user
    cancel alice x                                    => reject ORDER_NOT_FOUND
    place alice buy 0.1 @ 59_000 id=x lane=1:1        => same as o1
  `,
  'an amend keeps its place only at the same price and no larger': `
    place alice buy 0.2 @ 59_000 as a        => rests
    place bob buy 0.2 @ 59_000 as b          => rests
    amend alice a 0.1 @ 59_000               => keeps
    place carol sell 0.05 @ 59_000           => fill a 0.05 @ 59000
    amend alice a 0.06 @ 59_000              => requeues, rests
    place carol sell 0.25 @ 59_000           => fill b 0.2 @ 59000, fill a 0.05 @ 59000
    amend alice a 0.01 @ 59_000              => keeps
  `,
  'an amend that is refused leaves the old order; one that crosses trades': `
    place alice buy 0.1 @ 59_000 as a        => rests
    place bob sell 0.1 @ 60_000 as b         => rests
    amend alice a 0.1 @ 64_000               => reject PRICE_BAND
    amend alice a 9 @ 59_000                 => reject INSUFFICIENT_MARGIN
    amend alice a 0.1 @ 60_000 post          => reject POST_ONLY_WOULD_CROSS
    amend bob a 0.1 @ 59_000                 => reject ORDER_NOT_FOUND
    place carol sell 0.05 @ 59_000           => fill a 0.05 @ 59000
    amend alice a 0.1 @ 60_000               => requeues, fill b 0.1 @ 60000
    cancel alice a                           => reject ORDER_NOT_FOUND
  `,
  'reduce-only is judged at the match and trimmed to the position': `
    place alice buy 0.1 @ 59_000 reduce      => reject REDUCE_ONLY
    place alice buy 0.1 @ 60_000 as a        => rests
    place bob sell 0.1 @ 60_000              => fill a 0.1 @ 60000
    place bob buy 0.3 @ 59_000 reduce as r   => rests
    place carol sell 0.2 @ 59_000 as c       => fill r 0.1 @ 59000, r closes reduceOnly, rests
    place alice sell 0.05 @ 58_900 reduce ioc => reject NOT_FILLABLE
    place bob buy 0.2 @ 58_000 as d          => rests
    place alice sell 0.15 @ 58_000 reduce    => fill d 0.1 @ 58000, reduceOnly
    has alice                                => 9796.49 USDC
  `,
  'no owner trades with himself, over subaccounts too': `
    deposit alice/1 10_000
    place alice buy 0.1 @ 60_000 as a        => rests
    place bob buy 0.1 @ 60_000 as b          => rests
    place alice/1 sell 0.15 @ 60_000         => selfTrade
    place alice/1 sell 0.15 @ 60_000 stp-maker as s => a closes selfTrade, fill b 0.1 @ 60000, rests
    place alice buy 0.1 @ 60_000 stp-both    => s closes selfTrade, selfTrade
  `,
  'fill-or-kill fills whole or leaves no trace; immediate-or-cancel takes what there is': `
    place alice sell 0.1 @ 60_000 as a       => rests
    place alice sell 0.1 @ 60_100 as b       => rests
    place bob buy 0.21 @ 60_100 fok lane=3:1 => reject NOT_FILLABLE
    place bob buy 0.2 @ 60_050 fok lane=3:1  => reject NOT_FILLABLE
    place bob buy 0.15 @ 60_100 fok lane=3:1 => fill a 0.1 @ 60000, fill b 0.05 @ 60100
    place bob buy 0.1 @ 60_100 ioc           => fill b 0.05 @ 60100, ioc
    place bob buy 0.1 @ 60_100 ioc           => reject NOT_FILLABLE
    place bob buy 0.1 @ 60_100 post as p     => rests
    place alice sell 0.1 @ 60_100 post       => reject POST_ONLY_WOULD_CROSS
  `,
  'a withdrawal leaves ten percent of the notional and pays when the batch is confirmed': `
    withdraw alice 10_000.000001             => reject INSUFFICIENT_BALANCE
    withdraw alice 4_000                     => accepted
    place alice buy 0.1 @ 60_000 as a        => rests
    place bob sell 0.1 @ 60_000              => fill a 0.1 @ 60000
    has alice                                => -0.9 USDC 0.1 BTC
    withdraw alice 5_400                     => reject INSUFFICIENT_BALANCE
    withdraw alice 5_399.1                   => accepted
    confirm 1                                => paid 4000, paid 5399.1
    confirm 1                                => reject NOTHING_TO_CONFIRM
  `,
  'an order leaves the book a settlement lag before its signature expires': `
    place alice buy 0.1 @ 59_000 till=600    => reject SIGNATURE_EXPIRED
    place alice buy 0.1 @ 59_000 till=602 as a  => rests
    place bob buy 0.1 @ 58_990 till=603 as b => rests
    wait 2s
    place carol sell 0.1 @ 58_000            => a closes expired, fill b 0.1 @ 58990
    place bob buy 0.1 @ 58_990 till=602 as c => rests
    wait 2s
    tick                                     => c closes expired
  `,
  'what each market state takes': `
    place alice buy 0.1 @ 59_000 as a        => rests
    state 1
    place bob sell 0.1 @ 59_000              => reject POST_ONLY_STATE
    place bob sell 0.1 @ 59_001 post as b    => rests
    state 2
    place bob sell 0.1 @ 59_000              => reject CLOSE_ONLY
    state 3
    place bob sell 0.1 @ 59_000              => reject CANCEL_ONLY
    amend alice a 0.05 @ 59_000              => reject CANCEL_ONLY
    cancel alice a                           => a closes user
    state 4
    place bob sell 0.1 @ 59_000              => reject MARKET_HALTED
    cancelAll bob                            => b closes user
    state 0
    place bob sell 0.1 @ 59_000              => rests
  `,
  'a maker who could no longer settle is taken off, and matching goes on': `
    deposit poor 400
    place poor buy 0.06 @ 60_000 as p        => rests
    place alice sell 0.06 @ 60_000           => fill p 0.06 @ 60000
    place poor buy 0.06 @ 57_500 as q        => rests
    place bob buy 0.06 @ 57_400 as r         => rests
    wait 1s
    index 57_600 0
    index 57_600 1
    tick                                     => mark 57600
    place carol sell 0.06 @ 57_400           => q closes notSettleable, fill r 0.06 @ 57400
  `,
  'a taker who could not settle stops': `
    deposit poor 400
    place poor buy 0.1 @ 60_000 as p         => rests
    place alice sell 0.1 @ 60_000            => fill p 0.1 @ 60000
    place alice buy 0.05 @ 55_300 as d       => rests
    wait 1s
    index 58_200 0
    index 58_200 1
    tick                                     => mark 58200
    place poor sell 0.05 @ 55_300 reduce     => notSettleable
    has poor                                 => -5600.9 USDC 0.1 BTC
    cancel alice d                           => d closes user
  `,
  'fees stay within the signed cap, strangers are refused': `
    place alice buy 0.1 @ 60_000 fee=44      => reject FEE_ABOVE_MAX
    place alice buy 0.1 @ 59_000 fee=15 post => rests
    place mallory buy 0.1 @ 60_000           => reject UNKNOWN_ACCOUNT
    cancel mallory x                         => reject UNKNOWN_ACCOUNT
    withdraw mallory 1                       => reject UNKNOWN_ACCOUNT
    place alice buy 0.0001 @ 60_000          => reject INVALID_STEP
    place alice buy 0.1 @ 430_000_000        => reject INVALID_TICK
    place alice buy 150 @ 60_000             => reject POSITION_LIMIT
  `,
}

describe('stories', () => {
  test.each(Object.entries(stories))('%s', (_, table) => {
    const scenario = new Scenario()
    scenario.play(opening)
    expect(scenario.play(table)).toEqual(asPlayed(table))
    checkInvariants(scenario.engine)
  })
})

test('an hour of funding: longs pay shorts what the pool can give, dust stays in the pool', () => {
  const scenario = new Scenario()
  scenario.play(opening)
  scenario.play(`
    place alice buy 0.333 @ 60_000 as a
    place bob sell 0.1 @ 60_000
    place carol sell 0.233 @ 60_000
    place bob buy 1 @ 60_600 as deep
  `)
  for (let second = 0; second < 3_700; second++) {
    scenario.timeMs += 1_000
    scenario.run('index 60_000 0')
    scenario.run('index 60_000 1')
    scenario.run('tick')
  }
  const market = scenario.engine.market(0)
  expect(market?.fundingIndex).toBeGreaterThan(0)
  checkInvariants(scenario.engine)
  const due = [1, 2, 3].map((id) => scenario.engine.account(id)?.positions[0]?.fundingDueQuote ?? 0)
  expect(due[0]).toBeGreaterThan(0)
  expect(due[1]).toBeLessThan(0)
  const dust = due.reduce((sum, x) => sum + x, 0)
  expect(dust).toBeGreaterThanOrEqual(0)
  expect(dust).toBeLessThan(3)
  expect(scenario.run('withdraw alice 100')).toMatch(/^alice pays [\d.]+, accepted$/)
  checkInvariants(scenario.engine)
})

test('what does not fit is refused, and the state stays as it was', () => {
  const scenario = new Scenario(
    {
      openOrders: 4,
      ordersPerAccount: 3,
      pages: 2,
      pageDirectories: 2,
      accounts: 3,
      lanePages: 4,
      pendingWithdrawals: 1,
      positions: 3,
    },
    [{ ...scenarioMarket, priceBandPpm: 0 }],
  )
  scenario.play(opening)
  scenario.play('place alice buy 0.001 @ 50_000')
  scenario.play('place alice buy 0.001 @ 40_000')
  const before = scenario.engine.stateHash()
  // A third page of prices, a fourth account, prices outside the window.
  expect(scenario.run('place bob buy 0.001 @ 30_000')).toBe('reject CAPACITY')
  expect(scenario.run('deposit dave 10')).toBe('reject CAPACITY')
  expect(scenario.run('place bob buy 0.001 @ 429_496_729.6')).toBe('reject INVALID_TICK')
  expect(scenario.run('place bob buy 0.001 @ 0')).toBe('reject INVALID_TICK')
  expect(scenario.engine.stateHash()).toEqual(before)
  scenario.play('place alice buy 0.001 @ 50_000')
  expect(scenario.run('place alice buy 0.001 @ 50_000')).toBe('reject OPEN_ORDERS_LIMIT')
  scenario.play('place bob buy 0.001 @ 50_000')
  expect(scenario.run('place carol buy 0.001 @ 50_000')).toBe('reject CAPACITY')
  scenario.play('withdraw carol 1')
  expect(scenario.run('withdraw carol 1')).toBe('reject CAPACITY')
  checkInvariants(scenario.engine)
})

test('one command makes a bounded number of fills, the rest of the order closes', () => {
  const most = limits.fillsPerCommandMax
  const scenario = new Scenario()
  scenario.play(opening)
  scenario.play('deposit dave 100_000')
  const makers = ['alice', 'bob']
  for (let n = 0; n <= most; n++)
    scenario.run(`place ${makers[n % 2]} sell 0.001 @ 60_000 lane=${Math.floor(n / 2)}`)
  const size = (most + 1) / 1_000
  expect(scenario.run(`place dave buy ${size} @ 60_000 fok lane=0:1`)).toBe('reject NOT_FILLABLE')
  const said = scenario.run(`place dave buy ${size} @ 60_000 lane=0:1`).split(', ')
  expect(said.length).toBe(most + 1)
  expect(said.at(-1)).toBe('fillLimit')
  checkInvariants(scenario.engine)
})

test('the caller is held to the order of things', () => {
  const { engine } = new Scenario()
  const seq = engine.seq
  const scenario = new Scenario()
  scenario.timeMs -= 1
  expect(() => scenario.run('tick')).toThrow('time fell')
  expect(engine.seq).toBe(seq)
})

// Levels are found by bits of a page of 1,024 prices, and pages by ranges of 2^21: every border on the way must be crossed.
test.each([
  ['bids, from above', 'buy', 'sell', -1],
  ['asks, from below', 'sell', 'buy', 1],
])(
  '%s: levels at the borders of pages and ranges are met in order of price',
  (_, rest, take, sign) => {
    const scenario = new Scenario({ pages: 64, pageDirectories: 8 }, [
      { ...scenarioMarket, quotePerTickLot: 1, priceBandPpm: 0, fixedIndexTicks: 2_097_152 },
    ])
    scenario.play('deposit alice 100_000_000\ndeposit bob 100_000_000')
    const range = 2 ** 21
    const borders = [
      1_024,
      32 * 1_024,
      range - 1_024,
      range,
      range + 1_024,
      range + 32 * 1_024,
      2 * range,
    ]
    const prices = borders.flatMap((border) => [border - 1, border, border + 1, border + 1_023])
    const wanted = [...new Set(prices)].toSorted((a, b) => sign * (a - b))
    // Alternately from both ends, so that levels come between others.
    for (const [i, ticks] of wanted.entries())
      scenario.run(
        `place alice ${rest} 0.001 @ ${(wanted[i % 2 === 0 ? i : wanted.length - i] ?? ticks) / 10}`,
      )
    const side = rest === 'buy' ? 0 : 1
    expect([...scenario.engine.book(0, side)].map((order) => order.priceTicks)).toEqual(wanted)
    const limit = take === 'sell' ? 0.1 : 429_496_729.5
    for (const ticks of wanted)
      expect(scenario.run(`place bob ${take} 0.001 @ ${limit} ioc`)).toContain(`@ ${ticks / 10}`)
    checkInvariants(scenario.engine)
  },
)
