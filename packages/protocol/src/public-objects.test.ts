import {
  closeReason,
  type Market,
  orderFlags,
  orderStyle,
  rejectCode,
  side,
  timeInForce,
  triggerKind,
  triggerSource,
} from '@plumb/model'
import { describe, expect, test } from 'vitest'
import { fillObject, marketObject, orderObject, positionObject } from './object-schemas.ts'
import { publicMarket } from './public-market.ts'
import { fillIdOf, type OrderRecord, publicFill, publicOrder } from './public-order.ts'
import { type PositionRecord, publicPosition } from './public-position.ts'

// tick 0.5, lot 0.0001: 50 micro-USDC for one tick of one lot, contract size 1
const btc: Market = {
  market: 0,
  symbol: 'BTC-PERP',
  tickE8: 50_000_000,
  lotE8: 10_000,
  quotePerTickLot: 50,
  imBps: 500,
  mmBps: 300,
  takerFee: 45,
  makerFee: -5,
  minOrderLots: 1,
  maxOrderLots: 1_000_000,
  maxPositionLots: 5_000_000,
  minNotionalQuote: 10_000_000,
  maxOpenInterestLots: 0,
  priceBandPpm: 50_000,
  markBandPpm: 10_000,
  fixedIndexTicks: 0,
}
const account = `0x${'ab'.repeat(20)}`

test('a market', () => {
  const market = publicMarket(btc, 0, 5)
  expect(marketObject.parse(market)).toEqual(market)
  expect(market).toMatchObject({
    id: 'BTC-PERP',
    base: 'BTC',
    tickSize: '0.5',
    stepSize: '0.0001',
    contractSize: '1',
    maxLeverage: '20',
    takerFee: '0.00045',
    makerFee: '-0.00005',
    initialMarginRate: '0.05',
    priceBand: '0.05',
    openInterestLimit: null,
    minNotional: '10',
  })
  const tape = { ...btc, tickE8: 1_000_000, lotE8: 1, quotePerTickLot: 1 }
  expect(publicMarket(tape, 0, 5).contractSize).toBe('10000')
  const bases = ['TAPE-AAPL', 'TAPE-BTC', '-PERP'].map(
    (symbol) => publicMarket({ ...btc, symbol }, 0, 5).base,
  )
  expect(bases).toEqual(['TAPE-AAPL', 'TAPE-BTC', '-PERP'])
})

describe('an order', () => {
  const record: OrderRecord = {
    orderId: 12,
    clientOrderId: '',
    digest: null,
    account,
    subaccount: 0,
    createdAtMs: 1,
    updatedAtMs: 2,
    lastTradeAtMs: null,
    side: side.buy,
    flags: orderFlags({ timeInForce: timeInForce.gtc }),
    priceTicks: 120_000,
    filledLots: 0,
    remainingLots: 1_000,
    filledQuote: 0,
    feeQuote: 0,
    maxFee: 45,
    lane: 3,
    laneSeq: 9,
    expiryS: 1_790_000_000,
    closeReason: null,
    rejectCode: 0,
    isMarketOrder: false,
    waiting: false,
    stopLossTicks: null,
    takeProfitTicks: null,
    advanced: null,
  }

  test('resting', () => {
    const order = publicOrder(record, btc)
    expect(orderObject.parse(order)).toEqual(order)
    expect(order).toMatchObject({
      id: '12',
      price: '60000',
      amount: '0.1',
      filled: '0',
      remaining: '0.1',
      average: null,
      status: 'open',
      reason: null,
      timeInForce: 'GTC',
      expiresAt: 1_790_000_000_000,
    })
  })

  test('a trailing stop that was refused when its trigger came', () => {
    const order = publicOrder(
      {
        ...record,
        waiting: false,
        rejectCode: rejectCode.INSUFFICIENT_MARGIN,
        closeReason: closeReason.triggerRefused,
        stopLossTicks: 110_000,
        advanced: {
          style: orderStyle.trailing,
          triggerKind: triggerKind.stop,
          triggerSource: triggerSource.last,
          triggerTicks: 0,
          limitTicks: 121_000,
          offsetTicks: 200,
          count: 0,
          seconds: 0,
          slippagePpm: 5_000,
          displayLots: 300,
          oco: { lane: 3, seq: 4 },
          parent: null,
        },
      },
      btc,
    )
    expect(orderObject.parse(order)).toEqual(order)
    expect(order).toMatchObject({
      style: 'trailing',
      price: '60000',
      limitPrice: '60500',
      triggerKind: 'stop',
      triggerBy: 'last',
      triggerPrice: null,
      stopLossPrice: '55000',
      offset: '100',
      count: null,
      slippage: '0.005',
      displayAmount: '0.03',
      oco: { lane: 3, seq: 4 },
      status: 'canceled',
      reason: 'trigger_refused',
      rejectCode: 'INSUFFICIENT_MARGIN',
    })
  })

  test('filled in parts at two prices, then canceled', () => {
    const order = publicOrder(
      {
        ...record,
        filledLots: 400,
        remainingLots: 600,
        filledQuote: 300 * 120_000 * 50 + 100 * 119_999 * 50,
        feeQuote: 1_080_000,
        lastTradeAtMs: 2,
        closeReason: closeReason.user,
        flags: orderFlags({ timeInForce: timeInForce.gtc, postOnly: true }),
      },
      btc,
    )
    expect(order).toMatchObject({
      amount: '0.1',
      filled: '0.04',
      remaining: '0.06',
      average: '59999.875',
      cost: '2399.995',
      status: 'canceled',
      reason: 'user',
      timeInForce: 'PO',
      fee: { cost: '1.08', currency: 'USDC' },
    })
  })

  test('fills of one trade have ids of their own, taker first', () => {
    const fill = publicFill(
      {
        tradeId: 7,
        seq: 99,
        timeMs: 3,
        orderId: 12,
        clientOrderId: 'mine',
        account,
        subaccount: 0,
        side: side.sell,
        liquidity: 'maker',
        liquidation: false,
        priceTicks: 120_000,
        sizeLots: 1,
        quote: 6_000_000,
        feeQuote: -300,
        fee: -5,
        realizedQuote: -1,
        settlement: 'matched',
        txHash: null,
      },
      btc,
    )
    expect(fillObject.parse(fill)).toEqual(fill)
    expect(fill).toMatchObject({
      id: '15',
      side: 'sell',
      amount: '0.0001',
      cost: '6',
      fee: { cost: '-0.0003', rate: '-0.00005' },
      realizedPnl: '-0.000001',
    })
    expect(fillIdOf(7, 'taker')).toBe('14')
  })
})

describe('a position', () => {
  const record: PositionRecord = {
    account,
    subaccount: 0,
    timeMs: 3,
    sizeLots: -1_000,
    costQuote: -6_000_000_000,
    realizedQuote: 0,
    fundingPaidQuote: -5,
    markTicks: 121_000,
    equityQuote: 950_000_000,
    initialQuote: 302_500_000,
    maintenanceQuote: 181_500_000,
    chosenLeverage: 0,
    isIsolated: false,
    liquidationTicks: null,
    adlRank: null,
  }

  test('short and losing', () => {
    const position = publicPosition(record, btc)
    expect(positionObject.parse(position)).toEqual(position)
    expect(position).toMatchObject({
      side: 'short',
      contracts: '0.1',
      entryPrice: '60000',
      markPrice: '60500',
      notional: '6050',
      unrealizedPnl: '-50',
      initialMargin: '302.5',
      maintenanceMargin: '181.5',
      percentage: '-16.52892561',
      marginRatio: '0.19105263',
      collateral: '950',
    })
  })

  test('closed: every key is still there', () => {
    const closed = publicPosition({ ...record, sizeLots: 0, costQuote: 0 }, btc)
    expect(positionObject.parse(closed)).toMatchObject({ contracts: '0', entryPrice: null })
  })
})
