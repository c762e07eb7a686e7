// What opens, fills and leaves at exactly the margin it needs: stories of two markets, and `settleable` as the engine has it
// against the formula (RULES 2.2, 2.3, 2.6).
import { describe, expect, test } from 'vitest'
import { checkInvariants } from './reference/invariants.ts'
import { asPlayed, Scenario, scenarioMarket } from './reference/scenario.ts'

const other = { ...scenarioMarket, market: 1, symbol: 'ETH-PERP' }
const free = { takerFee: 0, makerFee: 0 }
/** As a story writes them. */
const ticks = (count: number) => String(count / 10)
const lots = (count: number) => String(count / 1_000)

function played(scenario: Scenario, story: string): void {
  expect(scenario.play(story)).toEqual(asPlayed(story))
  checkInvariants(scenario.engine)
}

// Forty seconds of 0.01 % in eight hours on 60,000: the long pays 0.008334 at the hour, the short is paid 0.008333.
function afterFunding(alice: string, bob: string): Scenario {
  const scenario = new Scenario({}, [
    { ...scenarioMarket, ...free },
    { ...other, ...free },
  ])
  scenario.play(`
    wait 2760s
    deposit alice ${alice}
    deposit bob   ${bob}
    deposit carol 100_000
    index 60_000/60_000 0
    index 60_000/60_000 1
    tick
    place carol sell 1 @ 60_000 m=1
    place alice buy 1 @ 60_000 m=1
    place carol buy 1 @ 60_000 m=1
    place bob sell 1 @ 60_000 m=1
  `)
  for (let second = 0; second < 40; second++) scenario.run('at 60_000/60_000')
  return scenario
}

describe('exactly enough', () => {
  // 5 % of 60,000, 4.5 bps of 122,000 and the 2,000 above mark: 5,054.9 a coin.
  test('what an order itself loses against mark is part of its margin', () => {
    const scenario = new Scenario()
    played(
      scenario,
      `
      deposit alice 10_000
      deposit bob   10_000
      index 60_000 0
      index 60_000 1
      tick                                     => mark 60000
      place alice buy 1.979 @ 62_000           => reject INSUFFICIENT_MARGIN
      place alice buy 1.978 @ 62_000 as a      => rests
      cancel alice a                           => a closes user
      // And 5,053.1 sold 2,000 below.
      place bob sell 1.979 @ 58_000            => reject INSUFFICIENT_MARGIN
      place bob sell 1.978 @ 58_000            => rests
    `,
    )
  })

  // Bought at 60,000 for a fee of 9, worth 59,950 with 2,997.5 to hold: 3,056.5 are needed.
  test('a fill leaves equity of no less than initial margin', () => {
    const scenario = new Scenario()
    played(
      scenario,
      `
      deposit alice 3_056.499999
      deposit bob   3_056.5
      deposit carol 10_000
      index 60_000 0
      index 60_000 1
      tick                                     => mark 60000
      place alice buy 1 @ 60_000 as a          => rests
      place bob buy 1 @ 60_000 as b            => rests
      at 59_950                                => mark 59950
      place carol sell 1 @ 59_950              => a closes notSettleable, fill b 1 @ 60000
    `,
    )
  })

  // Sold at 60,000 for a fee of 9, 50 lost, 3,002.5 to hold. Tiers far above it take the market off the common path.
  test('and so does a sale', () => {
    const scenario = new Scenario()
    played(
      scenario,
      `
      deposit alice 3_061.499999
      deposit bob   3_061.5
      deposit carol 10_000
      risk tier=1_000_000:0.1
      index 60_000 0
      index 60_000 1
      tick                                     => mark 60000
      place alice sell 1 @ 60_000 as a         => rests
      place bob sell 1 @ 60_000 as b           => rests
      at 60_050                                => mark 60050
      place carol buy 1 @ 60_050               => a closes notSettleable, fill b 1 @ 60000
    `,
    )
  })

  test('an account worth nothing may still reduce, one that owes may not', () => {
    const scenario = new Scenario({}, [{ ...scenarioMarket, ...free }])
    played(
      scenario,
      `
      deposit alice 3_000
      deposit bob   2_999.999999
      deposit carol 100_000
      index 57_000 0
      index 57_000 1
      tick                                     => mark 57000
      place alice buy 1 @ 57_000 as a          => rests
      place bob buy 1 @ 57_000 as b            => rests
      place carol sell 2 @ 57_000              => fill a 1 @ 57000, fill b 1 @ 57000
      at 54_000                                => mark 54000
      place carol buy 2 @ 54_000 as c          => rests
      place bob sell 1 @ 54_000 ioc reduce     => notSettleable
      place alice sell 0.4 @ 54_000 ioc reduce => fill c 0.4 @ 54000
      place alice sell 0.6 @ 54_000 ioc reduce => fill c 0.6 @ 54000
      has alice                                => 0 USDC
    `,
    )
  })

  test('funding due in another market counts for an order', () => {
    played(
      afterFunding('6_000.008333', '5_999.991667'),
      `
      place alice buy 1 @ 60_000               => reject INSUFFICIENT_MARGIN
      place bob buy 1 @ 60_000                 => rests
      deposit alice 0.000001
      place alice buy 1 @ 60_000               => rests
    `,
    )
  })

  // Both buy a coin at 60,000 that is worth 59,850 then, and must hold 3,000 and 2,992.5: 6,142.5 are needed.
  test('and for a fill', () => {
    played(
      afterFunding('6_142.508333', '6_142.491667'),
      `
      place alice buy 1 @ 60_000 as a          => rests
      place bob buy 1 @ 60_000 as b            => rests
      at 59_850/60_000                         => mark 59850
      place carol sell 1 @ 59_850              => a closes notSettleable, fill b 1 @ 60000
    `,
    )
  })

  // Two coins must hold 5,985 at 59,850, after 150 lost on each; two short 6,015 at 60,150.
  test('and in the market itself', () => {
    played(
      afterFunding('6_285.008333', '6_314.991667'),
      `
      place alice buy 1 @ 60_000 m=1 as a      => rests
      at 60_000/59_850                         => mark 59850
      place carol sell 1 @ 59_850 m=1 ioc      => a closes notSettleable, ioc
      at 60_000/60_000                         => mark 60000
      place bob sell 1 @ 60_000 m=1 as b       => rests
      at 60_000/60_150                         => mark 60150
      place carol buy 1 @ 60_150 m=1           => bob pays -0.008333, fill b 1 @ 60000
    `,
    )
  })

  // A tenth of 60,000 stays; the long pays its funding first.
  test('and for a withdrawal', () => {
    played(
      afterFunding('7_000', '7_000'),
      `
      withdraw alice 999.991667                => reject INSUFFICIENT_BALANCE
      withdraw alice 999.991666                => alice pays 0.008334, accepted
      withdraw alice 0.000001                  => reject INSUFFICIENT_BALANCE
      withdraw bob 1_000.008334                => reject INSUFFICIENT_BALANCE
      withdraw bob 1_000.008333                => bob pays -0.008333, accepted
    `,
    )
  })

  test('a mark of exactly L is still one: later its holders only reduce, and take nothing out', () => {
    const scenario = new Scenario({}, [scenarioMarket, other])
    played(
      scenario,
      `
      deposit alice 10_000
      deposit bob   10_000
      deposit carol 10_000
      index 60_000/60_000 0
      index 60_000/60_000 1
      tick                                     => mark 60000, mark 60000
      place bob sell 0.1 @ 60_000 m=1 as b     => rests
      place alice buy 0.1 @ 60_000 m=1         => fill b 0.1 @ 60000
      wait 599s
      at 60_000
      place carol sell 1 @ 60_000 as c         => rests
      place alice buy 0.1 @ 60_000             => fill c 0.1 @ 60000
      withdraw alice 1                         => accepted
      at 60_000
      place alice buy 0.1 @ 60_000 ioc         => notSettleable
      withdraw alice 1                         => reject INSUFFICIENT_BALANCE
    `,
    )
  })

  test('a market that has ended holds nobody, however old its mark', () => {
    const scenario = new Scenario({ accounts: 300, positions: 600 })
    played(
      scenario,
      `
      deposit hub 10_000_000
      index 60_000 0
      index 60_000 1
      tick                                     => mark 60000
    `,
    )
    // A tick closes 256 positions: of 261 five wait for the next one.
    for (let n = 0; n < 260; n++) {
      scenario.run(`deposit t${n} 1_000`)
      scenario.run('place hub sell 0.1 @ 60_000 as s')
      scenario.run(`place t${n} buy 0.1 @ 60_000`)
    }
    scenario.play(`
      index 60_000 0
      index 60_000 1
      state 2
      settle
      tick
    `)
    const open = (n: number) => (scenario.engine.account(n + 2)?.positions.length ?? 0) > 0
    const waiting = Array.from({ length: 260 }, (_, n) => n).filter(open)
    expect(waiting.length).toBeGreaterThan(0)
    expect(waiting.length).toBeLessThan(6)
    scenario.run('wait 601s')
    expect(scenario.run(`withdraw t${waiting[0]} 1`)).toBe('accepted')
  })
})

// 2^41 lots bought at 1,000 by somebody with 150·2^41 micro-USDC: cash is −850·2^41, so at a mark of 1,198 gross is 2,048·2^41 = 2^52.
describe('beyond exact arithmetic', () => {
  const wide = {
    ...scenarioMarket,
    ...free,
    quotePerTickLot: 1,
    imBps: 2,
    mmBps: 1,
    maxOrderLots: 2 ** 39,
    maxPositionLots: 2 ** 44,
    priceBandPpm: 0,
  }
  const half = lots(2 ** 39)

  /** Alice is long and bob short of 2^41 lots at 1,000 ticks. */
  function laden(markets = [wide]): Scenario {
    const scenario = new Scenario({}, markets)
    scenario.play(`
      wait 2759s
      deposit alice ${(150 * 2 ** 41) / 1e6}
      deposit bob   ${2 ** 41 / 1e6}
      deposit carol ${2 ** 50 / 1e6}
      at ${ticks(1_000)}
    `)
    for (let n = 0; n < 4; n++) {
      scenario.run(`place bob sell ${half} @ ${ticks(1_000)} as b`)
      expect(scenario.run(`place alice buy ${half} @ ${ticks(1_000)}`)).toContain('fill b')
    }
    return scenario
  }

  test.each([
    [1_197, 'fill c 0.001 @ 119.7'],
    [1_198, 'notSettleable'],
  ])('at a mark of %i a holder who reduces: %s', (mark, outcome) => {
    const scenario = laden()
    scenario.run(`at ${ticks(mark)}`)
    scenario.run(`place carol buy 0.001 @ ${ticks(mark)} as c`)
    expect(scenario.run(`place alice sell 0.001 @ ${ticks(mark)} ioc reduce`)).toBe(outcome)
    checkInvariants(scenario.engine)
  })

  // At 1,197 gross is 2,047·2^41: a lot bought at 851 and worth 1,197 adds 2,048.
  test.each([
    [2 ** 30 - 1, 'fill c 1073741.823 @ 85.1'],
    [2 ** 30, 'notSettleable'],
  ])('a purchase of %i lots that ends there: %s', (size, outcome) => {
    const scenario = laden()
    scenario.run(`at ${ticks(1_197)}`)
    scenario.run(`place carol sell ${lots(2 ** 30)} @ ${ticks(851)} as c`)
    const buy = `place alice buy ${lots(size)} @ ${ticks(851)} ioc`
    expect(scenario.run(buy)).toBe(outcome)
    checkInvariants(scenario.engine)
  })

  test('nothing opens and nothing leaves, until it is back', () => {
    played(
      laden(),
      `
      at ${ticks(1_198)}                       => mark 119.8
      place alice buy 1 @ 1                    => reject INSUFFICIENT_MARGIN
      withdraw alice 0.000001                  => reject INSUFFICIENT_BALANCE
      at ${ticks(1_197)}                       => mark 119.7
      wait 300s
      at ${ticks(1_197)}
      place alice buy 1 @ 1                    => rests
      withdraw alice 0.000001                  => accepted
    `,
    )
  })

  // 104 millionths a lot are due at the hour: 228,698,419. A deposit of as much and `spare` more brings gross to 2^52 − spare,
  // and a lot of another market at a price of 1 adds 2.
  test.each([
    [3, 'fill c 0.001 @ 0.1'],
    [2, 'notSettleable'],
    [1, 'notSettleable'],
    [0, 'reject INSUFFICIENT_MARGIN'],
  ])('funding due in another market counts: with %i to spare %s', (spare, outcome) => {
    const small = { ...wide, market: 1, symbol: 'SMALL', fixedIndexTicks: 1 }
    const scenario = laden([wide, small])
    scenario.play(`at ${ticks(1_000)}`)
    for (let second = 0; second < 39; second++) scenario.run(`at ${ticks(1_000)}`)
    scenario.run(`at ${ticks(1_198)}`)
    scenario.run(`deposit alice ${(228_698_419 + spare) / 1e6}`)
    scenario.run('place carol sell 0.001 @ 0.1 m=1 as c')
    const { equityQuote, maintenanceMarginQuote } = scenario.engine.account(1) ?? {}
    expect(Number.isFinite(equityQuote)).toBe(spare > 0)
    expect(Number.isFinite(maintenanceMarginQuote)).toBe(spare > 0)
    expect(scenario.run('place alice buy 0.001 @ 0.1 m=1 ioc')).toBe(outcome)
    expect(scenario.run('withdraw alice 0.000001')).toMatch(spare > 0 ? /accepted/ : /reject/)
    checkInvariants(scenario.engine)
  })

  test('whoever holds all the money there can be opens nothing and takes nothing out', () => {
    const all = 2 ** 52 / 1e6
    played(
      new Scenario({}, [wide]),
      `
      deposit alice ${all - 0.000001}
      deposit bob 0.000001
      at 100                                   => mark 100
      place alice buy 1 @ 100 as a             => rests
      cancel alice a                           => a closes user
    `,
    )
    const scenario = new Scenario({}, [wide])
    played(
      scenario,
      `
      deposit alice ${all}
      at 100                                   => mark 100
      place alice buy 1 @ 100                  => reject INSUFFICIENT_MARGIN
      withdraw alice 1                         => reject INSUFFICIENT_BALANCE
    `,
    )
    expect(scenario.engine.account(1)?.maintenanceMarginQuote).toBe(Infinity)
    expect(scenario.engine.account(1)?.equityQuote).toBe(-Infinity)
  })
})
