//! The markets a devnet lists at genesis: four to trade, four to replay recorded tapes on.
import type { Market } from '@plumb/model'

type Scale = Pick<Market, 'symbol' | 'tickE8' | 'lotE8' | 'quotePerTickLot'>

const e8 = 100_000_000

const ordinary = (
  scale: Scale,
  sizes: Pick<Market, 'maxOrderLots' | 'maxPositionLots' | 'maxOpenInterestLots'>,
): Omit<Market, 'market'> => ({
  ...scale,
  ...sizes,
  imBps: 500,
  mmBps: 250,
  takerFee: 45,
  makerFee: 15,
  minOrderLots: 1,
  minNotionalQuote: 1_000_000,
  priceBandPpm: 50_000,
  markBandPpm: 10_000,
  fixedIndexTicks: 0,
})

/** No risk rule may touch a tape: constant index, no bands, no fees, limits that no tape meets. */
const tape = (
  scale: Scale,
  fixedIndexTicks: number,
  sizes: Pick<Market, 'maxOrderLots' | 'maxPositionLots'>,
): Omit<Market, 'market'> => ({
  ...scale,
  ...sizes,
  imBps: 100,
  mmBps: 50,
  takerFee: 0,
  makerFee: 0,
  minOrderLots: 1,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 0,
  markBandPpm: 0,
  fixedIndexTicks,
})

const share = (symbol: string): Scale => ({
  symbol,
  tickE8: e8 / 100,
  lotE8: e8,
  quotePerTickLot: 10_000,
})

const listed: Omit<Market, 'market'>[] = [
  ordinary(
    { symbol: 'BTC-PERP', tickE8: e8 / 10, lotE8: e8 / 10_000, quotePerTickLot: 10 },
    { maxOrderLots: 1_000_000, maxPositionLots: 5_000_000, maxOpenInterestLots: 50_000_000 },
  ),
  ordinary(
    { symbol: 'ETH-PERP', tickE8: e8 / 100, lotE8: e8 / 1_000, quotePerTickLot: 10 },
    { maxOrderLots: 2_000_000, maxPositionLots: 10_000_000, maxOpenInterestLots: 100_000_000 },
  ),
  ordinary(
    { symbol: 'SOL-PERP', tickE8: e8 / 1_000, lotE8: e8 / 100, quotePerTickLot: 10 },
    { maxOrderLots: 5_000_000, maxPositionLots: 20_000_000, maxOpenInterestLots: 200_000_000 },
  ),
  ordinary(
    { symbol: 'XAU-PERP', tickE8: e8 / 100, lotE8: e8 / 1_000, quotePerTickLot: 10 },
    { maxOrderLots: 1_000_000, maxPositionLots: 5_000_000, maxOpenInterestLots: 50_000_000 },
  ),
  tape(share('TAPE-AAPL'), 58_590, { maxOrderLots: 1_000_000, maxPositionLots: 5_000_000 }),
  tape(share('TAPE-AMZN'), 22_270, { maxOrderLots: 1_000_000, maxPositionLots: 10_000_000 }),
  tape(share('TAPE-ARL'), 1_400, { maxOrderLots: 1_000_000, maxPositionLots: 10_000_000 }),
  // A lot is one satoshi: a contract is 10,000 times the tape's amount, so that tick x lot is a whole micro-USDC.
  tape({ symbol: 'TAPE-BTC', tickE8: e8 / 100, lotE8: 1, quotePerTickLot: 1 }, 23_500, {
    maxOrderLots: 100_000_000_000,
    maxPositionLots: 190_000_000_000,
  }),
]

/** In the order of their numbers. */
export const devnetMarkets: readonly Market[] = listed.map((listing, market) =>
  Object.assign({ market }, listing),
)
