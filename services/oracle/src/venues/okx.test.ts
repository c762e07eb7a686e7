//! Messages after OKX's documentation ("Tickers channel"); the real capture is in captures.test.ts.
import { expect, test } from 'vitest'
import { play } from '../testing/play-venue.ts'
import { okx } from './okx.ts'

test('the tickers channel is the quote', () => {
  const ticker = {
    instType: 'SPOT',
    instId: 'BTC-USDT',
    last: '30236',
    askPx: '30228.7',
    bidPx: '30228.6',
    ts: '1652459224956',
  }
  const arg = { channel: 'tickers', instId: 'BTC-USDT' }
  expect(
    play(
      okx,
      'pong',
      { event: 'subscribe', arg },
      { arg, data: [ticker] },
      { arg, data: [{ ...ticker, bidPx: '' }] },
      { arg, data: [] },
      { event: 'error', msg: 'channel does not exist', code: '60018', connId: 'a4d3ae55' },
      { event: 'notice', code: '64008', msg: 'The connection will soon be closed', connId: 'a' },
    ),
  ).toEqual([
    '',
    '',
    'BTC-USDT 30228.6 30228.7 30236 1652459224956',
    '?',
    '?',
    'subscription_refused',
    'reconnect_requested',
  ])
})
