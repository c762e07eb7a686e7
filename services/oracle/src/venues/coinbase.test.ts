//! Messages after Coinbase's documentation ("Exchange WebSocket Channels").
import { expect, test } from 'vitest'
import { play } from '../testing/play-venue.ts'
import { coinbase } from './coinbase.ts'

const ticker = (
  sequence: number,
  price: string,
  tradeId: number,
  time = '2022-10-19T23:28:22.061769Z',
) => ({
  type: 'ticker',
  sequence,
  product_id: 'ETH-USD',
  price,
  open_24h: '1310.79',
  best_bid: '1285.04',
  best_bid_size: '0.46688654',
  best_ask: '1285.27',
  side: 'buy',
  time,
  trade_id: tradeId,
  last_size: '11.4396987',
})
const heartbeat = (tradeId: number, time: string) => ({
  type: 'heartbeat',
  sequence: 90,
  last_trade_id: tradeId,
  product_id: 'ETH-USD',
  time,
})

test('tickers rise in sequence; a heartbeat of the same trade says that nothing was missed', () => {
  expect(
    play(
      coinbase,
      { type: 'subscriptions', channels: [{ name: 'ticker', product_ids: ['ETH-USD'] }] },
      heartbeat(7, '2022-10-19T23:28:21.000000Z'),
      ticker(100, '1285.22', 7),
      heartbeat(7, '2022-10-19T23:28:24.500000Z'),
      heartbeat(8, '2022-10-19T23:28:25.500000Z'),
      ticker(100, '1.00', 8),
      ticker(99, '1.00', 8),
      ticker(104, '1285.20', 8, '2022-10-19T23:28:26Z'),
      ticker(105, '-1285.20', 9),
      { type: 'error', message: 'Failed to subscribe', reason: 'XYZ-USD is not a valid product' },
    ),
  ).toEqual([
    '',
    '',
    'ETH-USD 1285.04 1285.27 1285.22 1666222102061',
    'ETH-USD 1285.04 1285.27 1285.22 1666222104500',
    '',
    '',
    '',
    'ETH-USD 1285.04 1285.27 1285.2 1666222106000',
    '?',
    'subscription_refused',
  ])
})
