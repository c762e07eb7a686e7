// Risk parameters, modes, fees, transfers and clocks as stories; every outcome follows by hand from RULES.md.
import { describe, expect, test } from 'vitest'
import { restoreEngine } from './index.ts'
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
  // 1 BTC needs 3,000 at 5 %; from 60,000 USDC of notional on 10 %: 1.5 BTC = 90,000·10 % − 3,000 = 6,000, 2.1 BTC 9,600.
  'a tier raises initial margin from its bound on, and settleable with it': `
    risk tier=60_000:0.1
    place alice buy 2.2 @ 60_000 fee=200             => reject INSUFFICIENT_MARGIN
    place alice buy 2.1 @ 60_000 as o1               => rests
    place bob sell 2.1 @ 60_000                      => fill o1 2.1 @ 60000
    has alice                                        => -116018.9 USDC 2.1 BTC
  `,
  'tiers that fall, skip or halve below the listing are refused': `
    risk tier=60_000:0.04                            => reject INVALID_PARAMETER
    risk tier=60_000:0.1 tier=60_000:0.2             => reject INVALID_PARAMETER
    risk tier=0:0.1                                  => reject INVALID_PARAMETER
    risk tier=4_503_599_628:0.1                      => reject INVALID_PARAMETER
    risk tier=4_503_599_627:1                        =>
    risk oi=20:20                                    => reject INVALID_PARAMETER
    risk gain=1.000001                               => reject INVALID_PARAMETER
    risk scope=1                                     => reject INVALID_PARAMETER
  `,
  // Open interest 60,000 of 30,000 … 90,000 USDC: IMF = 5 % + 95 %/2 = 52.5 %; 0.3 BTC needs 9,450, and 56.7 of fees for it and its fill.
  'open interest scales initial margin, not what settleable asks': `
    place bob sell 1 @ 60_000 as s                   => rests
    place alice buy 1 @ 60_000                       => fill s 1 @ 60000
    risk oi=30_000:90_000
    place carol buy 0.32 @ 60_000                    => reject INSUFFICIENT_MARGIN
    place carol buy 0.31 @ 60_000 as c               => rests
    place bob sell 0.1 @ 60_000                      => reject INSUFFICIENT_MARGIN
    place alice sell 0.31 @ 60_000                   => fill c 0.31 @ 60000
  `,
  // 1 BTC bought 2,000 above mark and x more at 59,000: 3,000·(1 + x) + 0.00045·(122,000 + 119,000·x) + 2,000 of 10,000.
  'what open buys lose against mark counts for the next one': `
    place bob buy 0.1 @ 59_000                       => rests
    place alice buy 1 @ 62_000                       => rests
    place alice buy 1.62 @ 59_000                    => reject INSUFFICIENT_MARGIN
    place alice buy 1.61 @ 59_000                    => rests
  `,
  // And sold 2,000 below: 3,000·(1 + x) + 0.00045·(118,000 + 121,000·x) + 2,000.
  'what open sells lose against mark counts for the next one': `
    place bob sell 0.1 @ 61_000                      => rests
    place alice sell 1 @ 58_000                      => rests
    place alice sell 1.62 @ 61_000                   => reject INSUFFICIENT_MARGIN
    place alice sell 1.61 @ 61_000                   => rests
  `,
  'leverage is asked of the account itself, market by market, until it is changed': `
    leverage alice 2                                 =>
    place alice buy 0.34 @ 60_000                    => reject INSUFFICIENT_MARGIN
    place alice buy 0.33 @ 60_000 as o               => rests
    leverage alice 1                                 => reject INSUFFICIENT_MARGIN
    leverage alice 0                                 =>
    cancel alice o                                   => o closes user
    leverage alice 1                                 =>
    place alice buy 0.17 @ 60_000                    => reject INSUFFICIENT_MARGIN
    place alice buy 0.16 @ 60_000                    => rests
    leverage alice 255                               =>
    place alice buy 3 @ 60_000                       => rests
    leverage alice 256                               => reject INVALID_PARAMETER
    leverage alice -1                                => reject INVALID_PARAMETER
    leverage nobody 1                                => reject UNKNOWN_ACCOUNT
    leverage alice 1 1                               => reject UNKNOWN_MARKET
  `,
  'an account keeps its leverage while it has nothing in the market': `
    leverage alice 3                                 =>
    place alice buy 0.1 @ 60_000 as o                => rests
    cancel alice o                                   => o closes user
    place alice buy 0.5 @ 60_000                     => reject INSUFFICIENT_MARGIN
    place alice buy 0.49 @ 60_000                    => rests
  `,
  // 10,000 less 27 of fees and half of a gain of 1,000; x more at mark need 3,050(1 + x) + 27.45(1 + 2x): x < 2.3819.
  'gains count half where the market says so': `
    risk gain=0.5
    place bob sell 1 @ 60_000 as s                   => rests
    place alice buy 1 @ 60_000                       => fill s 1 @ 60000
    wait 301s
    index 61_000 0
    index 61_000 1
    tick                                             => mark 61000
    place alice buy 2.39 @ 61_000                    => reject INSUFFICIENT_MARGIN
    place alice buy 2.38 @ 61_000                    => rests
  `,
  // The mean of two marks, 60,000 and 61,000, is 60,500: a long counts that, so half of its gain until the first is forgotten.
  'what opens is measured at the worse of mark and five-minute mean': `
    place bob sell 1 @ 60_000 as s                   => rests
    place alice buy 1 @ 60_000                       => fill s 1 @ 60000
    wait 1s
    index 61_000 0
    index 61_000 1
    tick                                             => mark 61000
    place alice buy 2.39 @ 61_000                    => reject INSUFFICIENT_MARGIN
    place alice buy 2.38 @ 61_000 as a               => rests
    cancel alice a                                   => a closes user
    wait 300s
    index 61_000 0
    index 61_000 1
    tick                                             =>
    place alice buy 2.55 @ 61_000                    => reject INSUFFICIENT_MARGIN
    place alice buy 2.54 @ 61_000                    => rests
  `,
  'an order far on its own side is out of scope, unless it only reduces': `
    risk scope=0.4
    place bob sell 0.1 @ 60_000 as s                 => rests
    place alice buy 0.1 @ 60_000                     => fill s 0.1 @ 60000
    place carol buy 0.01 @ 35_999.9                  => reject PRICE_BAND
    place carol buy 0.01 @ 36_000                    => rests
    place carol sell 0.01 @ 84_000.1                 => reject PRICE_BAND
    place carol sell 0.01 @ 84_000                   => rests
    place alice sell 0.01 @ 90_000 reduce            => rests
    risk scope=0
    place carol buy 0.01 @ 30_000                    => rests
  `,
  // The seed gives ceil(5·√(30·1,999,023,437,500)/1000) = 38,721, up to 39,000 ppm; depth is the 5,990 USDC of the bids.
  // Beyond twice the depth it is three times that: 11.7 %, and 0.09 % of fees, so 10,000 USDC carry 1.4136 BTC.
  // A jump of 10 % in a minute makes the variance 6,880,859,851,837: 71,838, up to 72,000 ppm. The mark then is 120/1800 the
  // book's: its basis, clamped to −1,980, is halved with the index, so 66,000 − 990/15.
  'volatility raises initial margin, three times where the position is large against the depth': `
    risk vol=2000000000000
    place bob buy 0.1 @ 59_900                       => rests
    place bob sell 0.2 @ 60_100                      => rests
    place alice buy 1.5 @ 60_000 as a                => rests
    cancel alice a                                   => a closes user
    wait 60s
    index 60_000 0
    index 60_000 1
    tick                                             => volatility 39000
    place alice buy 1.414 @ 60_000                   => reject INSUFFICIENT_MARGIN
    place alice buy 1.413 @ 60_000 as a              => rests
    cancel alice a                                   => a closes user
    wait 60s
    index 66_000 0
    index 66_000 1
    tick                                             => mark 65934, volatility 72000
    risk
    place carol buy 2.9 @ 60_000                     => rests
  `,
  'a return counts over five minutes': `
    risk vol=2000000000000
    wait 60s
    index 60_000 0
    index 60_000 1
    tick                                             => volatility 39000
    wait 300s
    index 66_000 0
    index 66_000 1
    tick                                             => mark 66000, volatility 72000
  `,
  'and not over six': `
    risk vol=2000000000000
    wait 60s
    index 60_000 0
    index 60_000 1
    tick                                             => volatility 39000
    wait 360s
    index 66_000 0
    index 66_000 1
    tick                                             => mark 66000, volatility 39000
  `,
  // The minute leaves a variance of (150,000,001² − 1)/30, whose root is 150,000,000 and rounds to one more as a double.
  'a root is the integer below, also where doubles round up to the next': `
    risk vol=750366399843674
    wait 60s
    index 60_000 0
    index 60_000 1
    tick                                             => volatility 750000
  `,
  // 333,340,001 has the root 100,001 of thirty times it: five times that are 500.005 thousands, and 501 ppm are 1,000.
  'a unit more than a step asks for the next one': `
    risk vol=333502845
    wait 60s
    index 60_000 0
    index 60_000 1
    tick                                             => volatility 1000
  `,
  'an isolated account takes orders of its market only': `
    mode alice 0                                     =>
    place alice buy 0.1 @ 60_000                     => rests
    mode alice cross                                 =>
    mode alice 1                                     => reject UNKNOWN_MARKET
    mode alice -2                                    => reject UNKNOWN_MARKET
    mode nobody 0                                    => reject UNKNOWN_ACCOUNT
  `,
  // Taker 4.5 bps and maker 1.5 bps. A day later 6,000 USDC have faded to 5,800, which just reach the second tier.
  'volume earns a tier at the first fill of a new day': `
    fees 1_000:20:10 5_000:30:30
    place bob sell 0.1 @ 60_000 as s                 => rests
    place alice buy 0.1 @ 60_000                     => fill s 0.1 @ 60000
    has alice                                        => 3997.3 USDC 0.1 BTC
    wait 86400s
    index 60_000 0
    index 60_000 1
    tick
    place bob sell 0.1 @ 60_000 as s                 => rests
    place alice buy 0.1 @ 60_000                     => alice tier 2, bob tier 2, fill s 0.1 @ 60000
    has alice                                        => -2003.6 USDC 0.2 BTC
    has bob                                          => 22000 USDC -0.2 BTC
    place bob sell 0.1 @ 60_000 as s                 => rests
    place alice buy 0.1 @ 60_000                     => fill s 0.1 @ 60000
    wait 8640000s
    index 60_000 0
    index 60_000 1
    tick
    place bob sell 0.01 @ 60_000 as s                => rests
    place alice buy 0.01 @ 60_000                    => alice tier 0, bob tier 0, fill s 0.01 @ 60000
  `,
  'no rebate exceeds the least fee a taker pays': `
    fees 1:40:0 10:45:25
    place bob sell 0.1 @ 60_000 as s                 => rests
    place alice buy 0.1 @ 60_000                     => fill s 0.1 @ 60000
    wait 86400s
    index 60_000 0
    index 60_000 1
    tick
    place bob sell 0.1 @ 60_000 as s                 => rests
    place alice buy 0.1 @ 60_000                     => alice tier 2, bob tier 2, fill s 0.1 @ 60000
    has alice                                        => -2002.7 USDC 0.2 BTC
    has bob                                          => 21999.1 USDC -0.2 BTC
  `,
  'fee tiers must climb': `
    fees 10:1:1 10:1:1                               => reject INVALID_PARAMETER
    fees 0:1:1                                       => reject INVALID_PARAMETER
    fees 10:2:1 20:1:1                               => reject INVALID_PARAMETER
    fees 10:1:2 20:1:1                               => reject INVALID_PARAMETER
    fees 10:256:1                                    => reject INVALID_PARAMETER
    fees 10:1:256                                    => reject INVALID_PARAMETER
    fees 9_007_199_255:1:1                           => reject INVALID_PARAMETER
    fees 10:255:255                                  =>
    fees
  `,
  'a transfer opens the subaccount it goes to, and moves only what could be withdrawn': `
    transfer alice 1 4_000                           => booked
    has alice                                        => 6000 USDC
    has alice/1                                      => 4000 USDC
    transfer alice/1 0 1_000                         => booked
    has alice                                        => 7000 USDC
    transfer alice 1 7_000.000001                    => reject INSUFFICIENT_BALANCE
    transfer alice 0 1                               => reject INVALID_PARAMETER
    transfer alice 256 1                             => reject INVALID_PARAMETER
    transfer alice 1 0                               => reject INVALID_PARAMETER
    transfer nobody 1 1                              => reject UNKNOWN_ACCOUNT
    transfer alice 1 1 till=600                      => reject SIGNATURE_EXPIRED
    transfer alice 1 1 lane=7:5                      => booked
    transfer alice 1 1 lane=7:5                      => reject NONCE_USED
  `,
}

describe('risk stories', () => {
  test.each(Object.entries(stories))('%s', (_, story) => {
    const scenario = new Scenario()
    scenario.play(opening)
    expect(scenario.play(story)).toEqual(asPlayed(story))
    checkInvariants(scenario.engine)
    const { engine } = scenario
    const again = restoreEngine(engine.snapshot())
    expect(again.stateHash()).toEqual(engine.stateHash())
  })
})

const depth = (scenario: Scenario) => scenario.engine.market(0)?.depthQuote

describe('the depth that scales volatility', () => {
  test.each([
    ['bids', 'buy 0.01 @ 59_400', 'buy 0.02 @ 59_399.9', 'sell 0.05 @ 60_600', 594],
    ['asks', 'sell 0.01 @ 60_600', 'sell 0.02 @ 60_600.1', 'buy 0.05 @ 59_400', 606],
  ])('counts %s as far as one per cent from mark', (_, within, beyond, otherSide, usdc) => {
    const scenario = new Scenario()
    scenario.play(opening)
    for (const order of [within, beyond, otherSide]) scenario.run(`place alice ${order}`)
    scenario.run('risk vol=1000')
    scenario.run('wait 60s')
    scenario.run('at 60_000')
    expect(depth(scenario)).toBe(usdc * 1e6)
  })

  test('is the lower median of the last 24 hours', () => {
    const scenario = new Scenario()
    scenario.play(opening)
    scenario.run('place alice sell 1 @ 60_100')
    scenario.run('risk vol=1000')
    for (let hour = 1; hour <= 26; hour++) {
      scenario.run('place bob buy 0.01 @ 59_900')
      scenario.run('wait 3600s')
      scenario.run('at 60_000')
    }
    // Of 3, 4 … 26 bids the twelfth.
    expect(depth(scenario)).toBe(14 * 599e6)
    // Switched off and on again it knows nothing: both engines have the same hash.
    scenario.play(`
      risk
      risk vol=1000
    `)
    expect(depth(scenario)).toBe(0)
  })
})

test('a rise of volatility’s margin is known before its minute comes', () => {
  const scenario = new Scenario()
  scenario.play(opening)
  expect(scenario.engine.volatilityRises()).toEqual([])
  scenario.play(`
    risk vol=2000000000000
    wait 60s
    at 60_000
    wait 30s
    at 60_000
  `)
  expect(scenario.engine.volatilityRises()).toEqual([])
  scenario.run('wait 1s')
  scenario.run('index 66_000 0')
  scenario.run('index 66_000 1')
  const minute = Math.floor(scenario.timeMs / 60_000) + 1
  const rise = { market: 0, fromPpm: 39_000, toPpm: 72_000, minute }
  expect(scenario.engine.volatilityRises()).toEqual([rise])
  scenario.run('wait 30s')
  expect(scenario.run('at 66_000')).toContain('volatility 72000')
  expect(scenario.engine.volatilityRises()).toEqual([])
})

/** Ticks each second, with an index, until the hour is over. */
function anHour(scenario: Scenario): string[] {
  const said: string[] = []
  const hour = Math.floor(scenario.timeMs / 3_600_000)
  while (Math.floor(scenario.timeMs / 3_600_000) === hour) {
    scenario.timeMs += 1_000
    scenario.run('index 60_000 0')
    scenario.run('index 60_000 1')
    said.push(scenario.run('tick'))
  }
  return said.filter((words) => words.includes('dust'))
}

test('what rounding leaves in the pool of an empty market goes to its insurance tranche', () => {
  const scenario = new Scenario()
  scenario.play(opening)
  scenario.play(`
    place alice buy 0.333 @ 60_000
    place bob sell 0.1 @ 60_000
    place carol sell 0.233 @ 60_000
    place bob buy 1 @ 60_600 as deep
  `)
  expect(anHour(scenario)).toEqual([])
  scenario.play(`
    cancel bob deep
    place alice sell 0.333 @ 60_000
    place bob buy 0.1 @ 60_000
    place carol buy 0.233 @ 60_000
  `)
  const dust = scenario.engine.market(0)?.fundingPoolQuote ?? 0
  expect(dust).toBeGreaterThan(0)
  expect(anHour(scenario)).toEqual([`dust ${dust / 1e6}`])
  expect(scenario.engine.market(0)?.fundingPoolQuote).toBe(0)
  expect(scenario.engine.totals().insuranceQuote).toBe(dust)
  checkInvariants(scenario.engine)
})

test('an account shows its mode, tier, maintenance, leverage and where it is liquidated', () => {
  const scenario = new Scenario()
  scenario.play(opening)
  scenario.play(`
    leverage alice 10
    mode alice 0
    place bob sell 1 @ 60_000
    place alice buy 1 @ 60_000
  `)
  // 10,000 less 27 of fees: E = p − 50,027 falls below 2.5 % of p where p < 51,309.74.
  expect(scenario.engine.account(1)).toMatchObject({
    isolatedMarket: 0,
    feeTier: 0,
    volumeQuote: 60_000_000_000,
    maintenanceMarginQuote: 1_500_000_000,
    positions: [{ leverage: 10, liquidationTicks: 513_097 }],
  })
  // 10,000 less 9: 69,991 − p falls below 2.5 % of p where p > 68,283.90.
  expect(scenario.engine.account(2)).toMatchObject({
    isolatedMarket: -1,
    positions: [{ leverage: 0, liquidationTicks: 682_840 }],
  })
})

test('an isolated account is refused other markets, and the mode while it is in one', () => {
  const eth = { ...scenarioMarket, market: 1, symbol: 'ETH-PERP' }
  const scenario = new Scenario({}, [scenarioMarket, eth])
  scenario.play(opening)
  scenario.run('place alice buy 0.1 @ 60_000 as o')
  expect(scenario.run('mode alice 1')).toBe('reject ISOLATED_MARKET')
  scenario.run('cancel alice o')
  expect(scenario.run('mode alice 1')).toBe('')
  expect(scenario.run('place alice buy 0.1 @ 60_000')).toBe('reject ISOLATED_MARKET')
})
