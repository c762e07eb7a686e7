//! A genesis and markets for tests.
import type { Genesis, Market } from '@plumb/model'

/** Publishers' keys in the order of their numbers, and the addresses they belong to. */
export const publisherKeys = ['01', '02', '03'].map((end) => `0x${end.padStart(64, '0')}`)
const addresses = [
  '7e5f4552091a69125d5dfcb7b8c2659029395bdf',
  '2b5ad5c4795c026514f8317c7a215e218dccd6cf',
  '6813eb9362372eef6200f3b1dbc3f819671cba69',
]

export const genesis: Genesis = {
  kind: 'Genesis',
  chainId: 1337,
  settlementLagS: 600,
  publisherCount: 3,
  publisherQuorum: 2,
  contract: new Uint8Array(20).fill(0xc0),
  publishers: new Uint8Array(Buffer.from(addresses.join('').padEnd(200, '0'), 'hex')),
}

export const market = (id: number, symbol: string, fixedIndexTicks = 0): Market => ({
  market: id,
  symbol,
  tickE8: 10_000_000,
  lotE8: 100_000,
  quotePerTickLot: 100,
  imBps: 200,
  mmBps: 100,
  takerFee: 45,
  makerFee: -5,
  minOrderLots: 1,
  maxOrderLots: 1_000_000,
  maxPositionLots: 10_000_000,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 0,
  markBandPpm: 10_000,
  fixedIndexTicks,
})
