//! For tests: the rules of ccxt's unified structures, as its manual and its own exchange tests state them.
import type { Exchange } from 'ccxt'
import { expect } from 'vitest'
import type { Raw } from '../src/ccxt-module.ts'

const number = expect.any(Number)
const text = expect.any(String)
const flag = expect.any(Boolean)
/** A key that must be there, and may be undefined. */
const maybe = (matcher: Raw) => ({ maybe: matcher })

const fee = { cost: number, currency: text }
const shapes: Record<string, Record<string, Raw>> = {
  market: {
    id: text,
    symbol: text,
    base: text,
    quote: text,
    settle: text,
    baseId: text,
    quoteId: text,
    settleId: text,
    type: 'swap',
    spot: false,
    margin: false,
    swap: true,
    future: false,
    option: false,
    contract: true,
    linear: true,
    inverse: false,
    active: flag,
    taker: number,
    maker: number,
    contractSize: number,
    expiry: undefined,
    expiryDatetime: undefined,
    strike: undefined,
    optionType: undefined,
  },
  ticker: {
    symbol: text,
    timestamp: number,
    datetime: text,
    bid: maybe(number),
    ask: maybe(number),
    last: maybe(number),
    close: maybe(number),
    high: maybe(number),
    low: maybe(number),
    vwap: maybe(number),
    change: maybe(number),
    percentage: maybe(number),
    average: maybe(number),
    baseVolume: number,
    quoteVolume: number,
    markPrice: maybe(number),
    indexPrice: maybe(number),
  },
  order: {
    id: text,
    clientOrderId: maybe(text),
    timestamp: number,
    datetime: text,
    lastTradeTimestamp: maybe(number),
    symbol: text,
    type: text,
    timeInForce: expect.stringMatching(/^(GTC|IOC|FOK|PO)$/),
    side: expect.stringMatching(/^(buy|sell)$/),
    price: number,
    average: maybe(number),
    amount: number,
    filled: number,
    remaining: number,
    cost: number,
    status: expect.stringMatching(/^(open|closed|canceled)$/),
    trades: expect.any(Array),
    fee: expect.objectContaining(fee),
    postOnly: flag,
    reduceOnly: flag,
    stopPrice: maybe(number),
    triggerPrice: maybe(number),
  },
  trade: {
    id: text,
    order: maybe(text),
    timestamp: number,
    datetime: text,
    symbol: text,
    type: maybe(text),
    side: expect.stringMatching(/^(buy|sell)$/),
    takerOrMaker: maybe(expect.stringMatching(/^(taker|maker)$/)),
    price: number,
    amount: number,
    cost: number,
    fee: maybe(expect.any(Object)),
  },
  position: {
    symbol: text,
    timestamp: number,
    datetime: text,
    side: expect.stringMatching(/^(long|short)$/),
    contracts: number,
    contractSize: number,
    entryPrice: number,
    markPrice: number,
    notional: number,
    leverage: number,
    collateral: number,
    initialMargin: number,
    initialMarginPercentage: number,
    maintenanceMargin: number,
    maintenanceMarginPercentage: number,
    marginMode: expect.stringMatching(/^(cross|isolated)$/),
    marginRatio: number,
    liquidationPrice: maybe(number),
    unrealizedPnl: number,
    percentage: number,
    hedged: false,
  },
  fundingRate: {
    symbol: text,
    markPrice: maybe(number),
    indexPrice: maybe(number),
    fundingRate: maybe(number),
    fundingTimestamp: number,
    fundingDatetime: text,
    interval: '1h',
    timestamp: number,
    datetime: text,
  },
  transaction: {
    id: text,
    txid: maybe(text),
    type: expect.stringMatching(/^(deposit|withdrawal)$/),
    currency: text,
    network: text,
    amount: number,
    status: expect.stringMatching(/^(ok|pending|failed|canceled)$/),
    timestamp: number,
    datetime: text,
    updated: number,
    address: maybe(text),
    fee: expect.objectContaining(fee),
  },
}

/** Asserts that `entry` has every key of the structure with a value of its kind, and that its dates agree. */
export function expectStructure(exchange: Exchange, name: string, entry: Raw): void {
  for (const [key, kind] of Object.entries(shapes[name] ?? {})) {
    expect(Object.keys(entry), `${name}.${key}`).toContain(key)
    const optional = kind?.maybe !== undefined
    if (!optional || entry[key] !== undefined)
      expect(entry[key], `${name}.${key}`).toEqual(optional ? kind.maybe : kind)
  }
  expect(entry.info, `${name}.info`).toEqual(expect.any(Object))
  if (entry.timestamp !== undefined)
    expect(entry.datetime, name).toBe(exchange.iso8601(entry.timestamp))
  if (entry.symbol !== undefined) expect(exchange.symbols).toContain(entry.symbol)
  relations[name]?.(entry, exchange)
}

const relations: Record<string, (entry: Raw, exchange: Exchange) => void> = {
  market({ precision, limits, marginModes, baseId, base, quoteId, quote }, exchange) {
    expect(precision).toMatchObject({ amount: number, price: number })
    for (const of of ['amount', 'price', 'cost'])
      expect(limits[of].max).toBeGreaterThanOrEqual(limits[of].min)
    expect(limits.leverage.max).toBeGreaterThanOrEqual(1)
    expect(marginModes).toEqual({ cross: flag, isolated: flag })
    for (const [id, code] of [
      [baseId, base],
      [quoteId, quote],
    ])
      expect(exchange.currency(code).id).toBe(id)
  },
  ticker({ bid, ask, last, close, high, low }) {
    if (bid !== undefined && ask !== undefined) expect(bid).toBeLessThan(ask)
    expect(close).toBe(last)
    if (high !== undefined) expect(high).toBeGreaterThanOrEqual(low)
  },
  order({ amount, filled, remaining, average, price, cost, trades, status, id, symbol }) {
    expect(filled + remaining).toBeCloseTo(amount, 12)
    expect(price).toBeGreaterThan(0)
    expect(average === undefined).toBe(filled === 0)
    if (average !== undefined) expect(cost / (average * filled)).toBeCloseTo(1, 9)
    if (status === 'closed') expect(remaining).toBe(0)
    for (const trade of trades) expect(trade).toMatchObject({ order: id, symbol })
  },
  trade({ price, amount, cost }) {
    expect(price).toBeGreaterThan(0)
    expect(amount).toBeGreaterThan(0)
    expect(cost / (price * amount)).toBeCloseTo(1, 9)
  },
  position(entry) {
    for (const key of ['contracts', 'notional', 'entryPrice', 'markPrice', 'collateral'])
      expect(entry[key], key).toBeGreaterThan(0)
    expect(entry.leverage).toBeGreaterThan(0)
    expect(entry.leverage).toBeLessThanOrEqual(200)
    expect(entry.maintenanceMargin).toBeLessThanOrEqual(entry.initialMargin)
    if (entry.liquidationPrice !== undefined) expect(entry.liquidationPrice).toBeGreaterThan(0)
  },
}

/** Asserts ccxt's rules of a balance: by currency and by kind the same, total = free + used. */
export function expectBalance(balance: Raw): void {
  for (const code of Object.keys(balance.total)) {
    const { free, used, total } = balance[code]
    expect({ free, used, total }).toEqual({
      free: balance.free[code],
      used: balance.used[code],
      total: balance.total[code],
    })
    expect(Math.min(free, used, total)).toBeGreaterThanOrEqual(0)
    expect(free + used).toBeCloseTo(total, 6)
  }
}

const falls = (side: Raw[]) =>
  side.every(([price, size], i) => size > 0 && (i === 0 || price < side[i - 1][0]))

/** Asserts ccxt's rules of a book. */
export function expectBook({ bids, asks, symbol, nonce, timestamp }: Raw): void {
  expect({ symbol, nonce, timestamp }).toEqual({ symbol: text, nonce: number, timestamp: number })
  expect(falls(bids)).toBe(true)
  expect(falls(asks.map(([price, size]: Raw) => [-price, size]))).toBe(true)
  if (bids.length > 0 && asks.length > 0) expect(bids[0][0]).toBeLessThan(asks[0][0])
}
