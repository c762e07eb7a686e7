import { type EngineEvent, side } from '@plumb/model'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRandomExchange } from '../testing/random-frames.ts'
import { ledgerAccount } from './ledger-account.ts'
import { postingsOf } from './postings-of.ts'

const trade: EngineEvent = {
  kind: 'TradeExecuted',
  seq: 9,
  timeMs: 1,
  leg: 2,
  takerAccountId: 4,
  makerAccountId: 7,
  market: 1,
  tradeId: 30,
  priceTicks: 100,
  sizeLots: 5,
  quote: 5_000,
  takerSide: side.sell,
  takerOrderId: 1,
  makerOrderId: 2,
  takerFee: 45,
  makerFee: -10,
  takerFeeQuote: 3,
  makerFeeQuote: -1,
  takerRealizedQuote: 0,
  makerRealizedQuote: 0,
  takerPositionLots: -5,
  makerPositionLots: 5,
  takerRemainingLots: 0,
  makerRemainingLots: 0,
}

test('a trade: the buyer pays the seller, the taker its fee, the maker gets its rebate', () => {
  const shared = { seq: 9, market: 1, reference: 30 }
  const { fees } = ledgerAccount
  expect(postingsOf(trade)).toEqual([
    { ...shared, leg: 8, debit: 7, credit: 4, amountQuote: 5_000, kind: 'trade' },
    { ...shared, leg: 9, debit: 4, credit: fees, amountQuote: 3, kind: 'fee' },
    { ...shared, leg: 10, debit: fees, credit: 7, amountQuote: 1, kind: 'rebate' },
  ])
})

const where = { seq: 7, timeMs: 1, leg: 1, market: 3 }

test('dust of a pool goes to the insurance of its market', () => {
  const dust: EngineEvent = { kind: 'DustCollected', ...where, amountQuote: 5, trancheQuote: 9 }
  expect(postingsOf(dust)).toMatchObject([
    {
      debit: ledgerAccount.fundingPool(3),
      credit: ledgerAccount.insurance(3),
      amountQuote: 5,
      market: 3,
    },
  ])
})

test('a liquidation on the book: the fee goes into the tranche, or the tranche pays', () => {
  const event: EngineEvent = {
    kind: 'LiquidationFilled',
    ...where,
    accountId: 2,
    makerAccountId: 5,
    tradeId: 8,
    priceTicks: 10,
    sizeLots: 3,
    quote: 30,
    side: side.sell,
    makerOrderId: 1,
    makerFee: 10,
    makerFeeQuote: 1,
    insuranceQuote: 4,
    realizedQuote: 0,
    makerRealizedQuote: 0,
    positionLots: 0,
    makerPositionLots: 3,
    makerRemainingLots: 0,
    trancheQuote: 4,
  }
  const shared = { seq: 7, market: 3, reference: 8 }
  const [tranche, { fees }] = [ledgerAccount.insurance(3), ledgerAccount]
  expect(postingsOf(event)).toEqual([
    { ...shared, leg: 4, debit: 5, credit: 2, amountQuote: 30, kind: 'liquidation' },
    { ...shared, leg: 5, debit: 2, credit: tranche, amountQuote: 4, kind: 'liquidation_fee' },
    { ...shared, leg: 6, debit: 5, credit: fees, amountQuote: 1, kind: 'fee' },
  ])
  expect(postingsOf({ ...event, insuranceQuote: -4, makerFeeQuote: 0 })[1]).toMatchObject({
    debit: tranche,
    credit: 2,
    amountQuote: 4,
    kind: 'insurance_payout',
  })
})

test('a deficit that is left: the tranche pays what it can, the rest is owed by nobody', () => {
  const debt = { amountQuote: 7, badDebtQuote: 9, insuranceQuote: 2, trancheQuote: 0 }
  expect(postingsOf({ kind: 'BadDebt', ...where, accountId: 2, ...debt })).toMatchObject([
    { debit: ledgerAccount.badDebt(3), credit: 2, amountQuote: 7, kind: 'bad_debt' },
    { debit: ledgerAccount.insurance(3), credit: 2, amountQuote: 2, kind: 'insurance_payout' },
  ])
})

test('funding that is received comes out of the pool; nothing moved is no posting', () => {
  const event: EngineEvent = {
    kind: 'FundingSettled',
    seq: 1,
    timeMs: 1,
    leg: 0,
    accountId: 4,
    market: 2,
    paymentQuote: -6,
    positionLots: 1,
    fundingIndex: 50,
    cashQuote: 6,
  }
  expect(postingsOf(event)).toMatchObject([
    { debit: ledgerAccount.fundingPool(2), credit: 4, amountQuote: 6, kind: 'funding' },
  ])
  expect(postingsOf({ ...event, paymentQuote: 0 })).toEqual([])
})

test('over any run: every seq sums to zero, keys are unique, accounts hold what the exchange says', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e9 }),
      fc.integer({ min: 1, max: 250 }),
      (seed, steps) => {
        const exchange = createRandomExchange({ seed })
        for (let i = 0; i < steps; i++) exchange.step()
        const postings = exchange.events.flatMap(postingsOf)
        const balances = new Map<number, number>()
        const add = (account: number, amount: number) =>
          balances.set(account, (balances.get(account) ?? 0) + amount)
        const sums = new Map<number, number>()
        for (const { seq, debit, credit, amountQuote } of postings) {
          expect(amountQuote).toBeGreaterThan(0)
          expect(debit).not.toBe(credit)
          add(debit, -amountQuote)
          add(credit, amountQuote)
          sums.set(seq, (sums.get(seq) ?? 0) - amountQuote + amountQuote)
        }
        expect([...sums.values()].every((sum) => sum === 0)).toBe(true)
        expect(new Set(postings.map(({ seq, leg }) => `${seq}:${leg}`)).size).toBe(postings.length)
        for (const [accountId, cash] of exchange.cash.entries())
          expect(balances.get(accountId)).toBe(cash)
        expect([...balances.values()].reduce((a, b) => a + b, 0)).toBe(0)
      },
    ),
    { numRuns: 60 },
  )
})
