import { createMetrics, silentLogger } from '@plumb/runtime'
import type { NewOrder, Position, Ticker } from '@plumb/sdk'
import { beforeEach, expect, test } from 'vitest'
import { type CaptureAccount, type CaptureRecord, FundingCapture } from './funding-capture.ts'

const market = {
  id: 'X-PERP',
  takerFeePpm: 450,
  lotUsdcPerTick: 0.001,
  maxOrderLots: 1_000_000,
  minNotionalUsdc: 1,
  ticks: (price: string) => Math.round(Number(price) * 100),
  lots: Number,
  price: (ticks: number) => String(ticks / 100),
  amount: String,
}
const style = { notionalUsdc: 10_000, horizonHours: 100, roundTripPpm: 1_000 }

/** An exchange that fills everything at the order's price, at no fee. */
class Exchange implements Pick<CaptureAccount, 'ticker' | 'position'> {
  rate = 0
  lots = 0
  isQuoted = true
  payments: { market: string; amount: string; ts: number }[] = []
  placed = 0
  saved: CaptureRecord = {}
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the capture reads these fields only
  ticker = () =>
    this.isQuoted
      ? ({ bid: '99.99', ask: '100.01', mark: '100', index: '100' } as Ticker)
      : undefined
  position = () =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
    ({ side: this.lots < 0 ? 'short' : 'long', contracts: String(Math.abs(this.lots)) }) as Position

  open(saved: CaptureRecord = {}): FundingCapture {
    const trader = {
      place: (order: NewOrder) => {
        this.placed += 1
        this.lots += order.side === 'buy' ? Number(order.amount) : -Number(order.amount)
        const fill = { amount: order.amount, price: order.price ?? '0', fee: { cost: '0' } }
        return Promise.resolve({ fills: [fill] } as never)
      },
      read: {
        fundingPayments: ({ since = 0 } = {}) =>
          Promise.resolve({ items: this.payments.filter(({ ts }) => ts >= since) } as never),
      },
    }
    return new FundingCapture({
      client: { funding: () => Promise.resolve({ rate: String(this.rate) } as never) },
      account: { ticker: this.ticker, position: this.position, trader },
      markets: [market],
      style,
      spotCostPpm: 0,
      saved,
      save: (record) => {
        this.saved = record
        return Promise.resolve()
      },
      logger: silentLogger,
      metrics: createMetrics('test'),
    })
  }
}

let exchange: Exchange
beforeEach(() => {
  exchange = new Exchange()
})
const rounds = async (capture: FundingCapture, count: number) => {
  for (let i = 0; i < count; i++) await capture.round()
}
// 10,000 USDC at 100 a contract of 0.1 … one lot is 10 USDC: 1,000 lots.
const whole = 1_000

test('goes short in parts where longs pay, hedged all the way, and back when the rate turns', async () => {
  const capture = exchange.open()
  await rounds(capture, 2)
  expect(exchange.placed).toBe(0)
  exchange.rate = 0.0002 // eight hours: 25 ppm an hour, 100 hours pay 2,500 ppm
  await capture.round()
  expect(exchange.lots).toBe(-whole / 5)
  expect(capture.report()['X-PERP']).toMatchObject({ perpLots: -200, spotLots: 200 })
  await rounds(capture, 8)
  expect(exchange.lots).toBe(-whole)
  exchange.rate = -0.00001
  await rounds(capture, 8)
  expect(exchange.lots).toBe(0)
  expect(capture.report()['X-PERP']).toMatchObject({ perpLots: 0, spotLots: 0 })
})

test('books each funding payment once, whatever is read again', async () => {
  const capture = exchange.open({})
  const ts = Date.now() + 1_000
  exchange.payments = [
    { market: 'X-PERP', amount: '1.25', ts },
    { market: 'Y-PERP', amount: '9', ts },
  ]
  await rounds(capture, 3)
  expect(capture.report()['X-PERP']).toMatchObject({ fundingQuote: 1_250_000 })
})

test('a restart goes on from what was saved; what happened in between is adopted, then hedged', async () => {
  exchange.rate = 0.0002
  await rounds(exchange.open(), 3)
  exchange.lots -= 7 // filled, and killed before it was saved
  const again = exchange.open(exchange.saved)
  const placed = exchange.placed
  await again.round()
  expect(exchange.placed).toBe(placed) // the stream may only be late
  await again.round()
  expect(again.report()['X-PERP']?.spotLots).toBe(-exchange.lots)
})

test('without a fresh price nothing is traded', async () => {
  exchange.rate = 0.01
  exchange.isQuoted = false
  await rounds(exchange.open(), 5)
  expect(exchange.placed).toBe(0)
})
