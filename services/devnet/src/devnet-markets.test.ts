import { limits } from '@plumb/model'
import { expect, test } from 'vitest'
import { devnetMarkets } from './devnet-markets.ts'

test.each(devnetMarkets)(
  '$symbol fits the numbers of engine, signed order and contract',
  (market) => {
    const { tickE8, lotE8, quotePerTickLot, maxOrderLots, maxPositionLots, imBps, mmBps } = market
    // A tick times a lot is a whole number of micro-USDC, times the contract size of a tape.
    const contractSize = (quotePerTickLot * 1e10) / (tickE8 * lotE8)
    expect(contractSize).toBe(market.symbol === 'TAPE-BTC' ? 10_000 : 1)
    expect(maxOrderLots).toBeLessThanOrEqual(limits.sizeLotsMax)
    expect(BigInt(maxOrderLots) * BigInt(lotE8)).toBeLessThan(2n ** 64n)
    expect(maxPositionLots).toBeGreaterThanOrEqual(maxOrderLots)
    expect(mmBps * 2).toBe(imBps)
    if (market.fixedIndexTicks > 0)
      expect(market.fixedIndexTicks * maxPositionLots * quotePerTickLot).toBeLessThanOrEqual(
        limits.notionalQuoteMax,
      )
  },
)
