//! Messages after Binance's documentation ("Individual Symbol Ticker Streams"); the combined stream's wrapper as in public
//! captures (cryptofeed's sample_data).
import { expect, test } from 'vitest'
import { play } from '../testing/play-venue.ts'
import { binance } from './binance.ts'

const ticker = (fields: object) => ({
  stream: 'btcusdt@ticker',
  data: {
    e: '24hrTicker',
    E: 1_672_515_782_136,
    s: 'BTCUSDT',
    p: '0.0015',
    c: '60000.01000000',
    b: '60000.00000000',
    a: '60000.02000000',
    Q: '10',
    O: 0,
    ...fields,
  },
})

test('the ticker is the quote', () => {
  expect(
    play(
      binance,
      ticker({}),
      ticker({ b: '0.00000000' }),
      ticker({ b: 60_000 }),
      ticker({ E: '1672515782137' }),
      ticker({ E: 1_672_515_782 }),
      { e: 'serverShutdown', E: 1_770_123_456_789 },
      { error: { code: 2, msg: 'Invalid request' }, id: 1 },
      { result: null, id: 1 },
    ),
  ).toEqual([
    'BTCUSDT 60000 60000.02 60000.01 1672515782136',
    '?',
    '?',
    'BTCUSDT 60000 60000.02 60000.01 1672515782137',
    '?',
    'reconnect_requested',
    'subscription_refused',
    '?',
  ])
})

test('the streams stand in the address', () => {
  expect(binance.url(['BTCUSDT', 'ETHUSDT'])).toBe(
    'wss://stream.binance.com:9443/stream?streams=btcusdt@ticker/ethusdt@ticker',
  )
})
