//! The exchanges that command streams play on: ordinary, wide, poor, crowded, leveraged, deep, tight.
import type { Market } from '@plumb/model'
import type { EngineLimits } from '../engine-limits.ts'

/** What kind of exchange a stream plays on. */
export type StreamProfile = {
  owners: number
  markets: readonly Market[]
  lanes: number
  depositMax: number
  /** Largest size of an ordinary order, lots. */
  sizeMax: number
  /** Percent of the good-till-cancelled orders that are post-only; 15 if not given. */
  postOnly?: number
  /** Size of a rare order that clears a book, lots. */
  sweepLots?: number
  /** Ordinary prices are mark ± this, ticks. */
  spread: number
  /** One publisher's ordinary price step, ppm. */
  volatility: number
  /** Open orders the stream aims at. */
  depth: number
  /** Percent of the new orders that are advanced ones; none: neither they nor what is set for them. */
  advanced?: number
  /** Whether operators set risk parameters, tiers, groups and throttles in mid-stream. */
  risk?: boolean
  /** Whether liquidation is armed, prices crash, markets halt, reopen and are delisted. */
  liquidation?: boolean
  /** Percent of the commands at which a crash begins, and at which markets are guarded (backstops, halts); 0.3 and 1. */
  /** Percent of the orders that a session key signs; none if not given. */
  keys?: number
  crashes?: number
  guards?: number
  /** Percent of the commands that the contract gives: requests, cancels, what it has done already. */
  notices?: number
}
type LimitedProfile = StreamProfile & { limits: Partial<EngineLimits> }

const base: Market = {
  market: 0,
  symbol: 'BTC-PERP',
  tickE8: 10_000_000,
  lotE8: 100_000,
  quotePerTickLot: 100,
  imBps: 500,
  mmBps: 250,
  takerFee: 45,
  makerFee: 15,
  minOrderLots: 1,
  maxOrderLots: 100_000,
  maxPositionLots: 300,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 50_000,
  markBandPpm: 30_000,
  fixedIndexTicks: 0,
}
const rebate: Market = {
  ...base,
  market: 1,
  symbol: 'ETH-PERP',
  quotePerTickLot: 7,
  imBps: 1_000,
  mmBps: 333,
  takerFee: 50,
  makerFee: -20,
  minOrderLots: 3,
  minNotionalQuote: 2_000_000,
  maxOpenInterestLots: 250,
  priceBandPpm: 0,
  markBandPpm: 100_000,
}
const tape: Market = {
  ...base,
  market: 33,
  symbol: 'TAPE',
  quotePerTickLot: 1,
  imBps: 2,
  mmBps: 1,
  takerFee: 0,
  makerFee: 0,
  maxOrderLots: 1_099_511_627_775,
  maxPositionLots: 2 ** 44,
  priceBandPpm: 0,
  fixedIndexTicks: 23_550,
}
const liquid: Market = { ...base, maxPositionLots: 20_000 }
const thin: Market = {
  ...liquid,
  market: 2,
  symbol: 'SOL-PERP',
  imBps: 200,
  mmBps: 100,
  markBandPpm: 100_000,
  priceBandPpm: 30_000,
}

const roomy: Partial<EngineLimits> = {
  accounts: 32,
  openOrders: 1_024,
  pages: 512,
  pageDirectories: 64,
  positions: 256,
  lanePages: 512,
  clientIds: 1_500,
  pendingWithdrawals: 64,
  sessionKeys: 128,
}
const tight: Partial<EngineLimits> = {
  accounts: 10,
  markets: 40,
  openOrders: 48,
  ordersPerAccount: 3,
  pages: 6,
  pageDirectories: 3,
  positions: 18,
  lanePages: 12,
  clientIds: 60,
  pendingWithdrawals: 3,
  sessionKeys: 4,
}

const usual: LimitedProfile = {
  owners: 6,
  markets: [base, rebate, tape],
  lanes: 12,
  depositMax: 2_000_000_000,
  sizeMax: 30,
  spread: 5,
  volatility: 1_000,
  depth: 60,
  limits: roomy,
}
const everything = { advanced: 35, risk: true, liquidation: true }
const wide: LimitedProfile = {
  ...usual,
  markets: [tape, { ...tape, market: 2, fixedIndexTicks: 3_000_000_000 }, base],
  depositMax: 400_000_000_000_000,
  sizeMax: 20_000_000_000,
  spread: 3_000,
}

/** By name; every one is played in the short test, and any in `npm run fuzz`. */
export const streamProfiles: Record<string, LimitedProfile> = {
  plain: usual,
  usual: { ...usual, ...everything, keys: 40 },
  wide: { ...wide, ...everything },
  poor: {
    ...usual,
    ...everything,
    depositMax: 60_000_000,
    sizeMax: 12,
    volatility: 8_000,
  },
  crowded: {
    ...usual,
    ...everything,
    lanes: 300,
    spread: 4_000,
    depth: 200,
    owners: 9,
    keys: 40,
  },
  advanced: { ...usual, advanced: 80, lanes: 40, spread: 8, keys: 50 },
  risky: { ...usual, risk: true, volatility: 3_000 },
  leveraged: {
    ...usual,
    ...everything,
    advanced: 10,
    markets: [liquid, thin, rebate],
    owners: 12,
    depositMax: 200_000_000,
    sizeMax: 130,
    volatility: 4_000,
  },
  crashing: {
    ...usual,
    ...everything,
    advanced: 5,
    markets: [liquid, thin],
    owners: 5,
    depositMax: 150_000_000,
    sizeMax: 100,
    spread: 3,
    volatility: 4_000,
    depth: 100,
    crashes: 1.2,
    keys: 70,
    guards: 3,
  },
  deep: {
    ...usual,
    ...everything,
    markets: [liquid, tape],
    lanes: 120,
    depth: 900,
    owners: 9,
    sizeMax: 2,
    postOnly: 85,
    sweepLots: 1_500,
    depositMax: 20_000_000_000,
    limits: { ...roomy, openOrders: 1_400, clientIds: 2_000 },
  },
  // Accounts in many plain markets, near their margin: what their headroom (headroom.ts) is worth is asked for all the time.
  broad: {
    ...usual,
    markets: [liquid, thin, { ...liquid, market: 3 }, { ...liquid, market: 4, imBps: 300 }],
    owners: 10,
    depositMax: 500_000_000,
    sizeMax: 60,
    volatility: 2_000,
    depth: 150,
  },
  chained: {
    ...usual,
    ...everything,
    markets: [liquid, thin, rebate],
    advanced: 15,
    notices: 4,
    depositMax: 400_000_000,
    sizeMax: 60,
  },
  tight: { ...usual, ...everything, lanes: 40, notices: 1, limits: tight, keys: 20 },
  'tight-wide': { ...wide, ...everything, spread: 4_000_000, limits: tight },
}
