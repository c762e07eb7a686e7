import { defaultExitTerms } from '@plumb/chain'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseExitOptions } from './exit-options.ts'
import { type ExitRoute, type ExitView, nextExitStep } from './exit-steps.ts'

const owner = `0x${'a1'.repeat(20)}`
const terms = defaultExitTerms
const startS = 1_800_000_000

/** A contract that does at once what the calls ask for: only what the steps depend on. */
class PretendExchange {
  view: ExitView
  sent: string[] = []

  constructor(cashQuote: number, sizes: readonly number[], lastBatchTimeS: number) {
    this.view = {
      nowS: startS,
      owner,
      subaccount: 0,
      terms,
      lastBatchTimeS,
      freeze: { frozenAtS: 0, assetsQuote: 0, claimedQuote: 0, payableAtS: 0 },
      cashQuote,
      positions: sizes.map((sizeLots, market) => ({
        market,
        sizeLots,
        fundingSnapshot: 0,
        reduce: { lots: 0, isLong: false, executableAtS: 0 },
      })),
      withdraw: { amountQuote: 0, claimableAtS: 0 },
      owedQuote: 0,
      claim: { equityQuote: 0, registered: false, paid: false },
    }
  }

  /** Walks the route to its end; the time it took, seconds. */
  run(route: ExitRoute): number {
    for (let i = 0; i < 200; i++) {
      const step = nextExitStep(this.view, route)
      if (step.kind === 'done') return this.view.nowS - startS
      if (step.kind === 'wait') {
        expect(step.untilS).toBeGreaterThan(this.view.nowS)
        this.view = { ...this.view, nowS: step.untilS }
      } else this.apply(step.call, step.values)
    }
    throw new Error(`no end: ${this.sent.slice(-5).join(', ')}`)
  }

  apply(call: string, values: readonly unknown[]): void {
    this.sent.push(call)
    const { view } = this
    const { nowS } = view
    if (call === 'forceReduce') {
      const [, market, lots] = values
      const positions = view.positions.map((position) =>
        position.market === market
          ? {
              ...position,
              reduce: {
                lots: Number(lots),
                isLong: position.sizeLots > 0,
                executableAtS: nowS + terms.forceDelayS,
              },
            }
          : position,
      )
      this.view = { ...view, positions }
    } else if (call === 'executeForceReduce') {
      const positions = view.positions.filter(({ market }) => market !== values[2])
      expect(positions.length, 'a request that is not due').toBe(view.positions.length - 1)
      // The last one pays everything out.
      this.view = { ...view, positions, cashQuote: positions.length === 0 ? 0 : view.cashQuote }
    } else if (call === 'requestWithdraw')
      this.view = {
        ...view,
        withdraw: { amountQuote: Number(values[1]), claimableAtS: nowS + terms.directDelayS },
      }
    else if (call === 'claimWithdraw') this.view = { ...view, cashQuote: 0 }
    else if (call === 'freeze') {
      expect(nowS).toBeGreaterThanOrEqual(view.lastBatchTimeS + terms.freezeDelayS)
      const freeze = { ...view.freeze, frozenAtS: nowS, payableAtS: nowS + terms.claimPeriodS }
      this.view = { ...view, freeze }
    } else if (call === 'claim')
      this.view = { ...view, claim: { equityQuote: 1, registered: true, paid: false } }
    else if (call === 'payout') this.view = { ...view, claim: { ...view.claim, paid: true } }
  }
}

describe('leaving', () => {
  test('any account is out within T1, or D without a position, with two transactions a position', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e12 }),
        fc.array(
          fc.integer({ min: -1e6, max: 1e6 }).filter((size) => size !== 0),
          { maxLength: 5 },
        ),
        (cashQuote, sizes) => {
          const exchange = new PretendExchange(cashQuote, sizes, startS)
          const tookS = exchange.run('leave')
          expect(exchange.view).toMatchObject({ cashQuote: 0, positions: [] })
          const wanted =
            sizes.length > 0 ? terms.forceDelayS : cashQuote > 0 ? terms.directDelayS : 0
          expect(tookS).toBe(wanted)
          const calls = sizes.length > 0 ? sizes.length * 2 : cashQuote > 0 ? 2 : 0
          expect(exchange.sent).toHaveLength(calls)
        },
      ),
    )
  })

  test('a request of the wrong side is asked for anew', () => {
    const exchange = new PretendExchange(5, [-10], startS)
    exchange.view = {
      ...exchange.view,
      positions: exchange.view.positions.map((position) => ({
        ...position,
        reduce: { lots: 10, isLong: true, executableAtS: startS },
      })),
    }
    expect(nextExitStep(exchange.view, 'leave')).toMatchObject({ call: 'forceReduce' })
  })

  test('what a limit holds up is collected', () => {
    const exchange = new PretendExchange(5, [], startS)
    exchange.view = { ...exchange.view, owedQuote: 7 }
    expect(nextExitStep(exchange.view, 'leave')).toMatchObject({ call: 'collect' })
  })

  test('a frozen exchange is left by claiming, whatever was wanted', () => {
    const exchange = new PretendExchange(5, [3], startS - terms.freezeDelayS)
    exchange.apply('freeze', [])
    expect(exchange.run('leave')).toBe(terms.claimPeriodS)
    expect(exchange.sent).toEqual(['freeze', 'claim', 'payout'])
  })
})

describe('freezing', () => {
  test('waits for T2 of silence, then claims and is paid', () => {
    const exchange = new PretendExchange(5, [3], startS - 100)
    expect(exchange.run('freeze')).toBe(terms.freezeDelayS - 100 + terms.claimPeriodS)
    expect(exchange.sent).toEqual(['freeze', 'claim', 'payout'])
  })

  test('does not wait where a request is overdue', () => {
    const exchange = new PretendExchange(5, [3], startS)
    exchange.apply('forceReduce', [0, 0, 3])
    exchange.view = {
      ...exchange.view,
      nowS: startS + terms.freezeDelayS - 1,
      lastBatchTimeS: startS + 60_000,
    }
    expect(nextExitStep(exchange.view, 'freeze')).toMatchObject({ kind: 'wait' })
    exchange.view = { ...exchange.view, nowS: startS + terms.freezeDelayS }
    expect(nextExitStep(exchange.view, 'freeze')).toMatchObject({ call: 'freezeOverdue' })
  })
})

describe('the command line', () => {
  const contract = `0x${'1'.repeat(40)}`
  const key = `0x${'2'.repeat(64)}`

  test('reads route and options', () => {
    expect(parseExitOptions(['leave', '--contract', contract, '--key', key])).toMatchObject({
      route: 'leave',
      contract,
      key,
      subaccount: 0,
      advanceTime: false,
    })
  })

  test.each([
    [['fly', '--contract', contract, '--key', key], 'no exit called fly'],
    [['leave', 'freeze'], 'no exit called leave freeze'],
    [['--key', key], '--contract needs an address'],
    [['--contract', contract], '--key or --key-file needs'],
    [['--contract', contract, '--key', '0x12'], '--key or --key-file needs'],
    [['--contract', contract, '--key-file', '/nowhere'], 'cannot be read'],
    [['--contract', contract, '--key', key, '--subaccount', '256'], 'from 0 to 255'],
    [['--what'], 'Unknown option'],
  ])('refuses %j', (args, why) => {
    expect(() => parseExitOptions(args)).toThrow(why)
  })
})
