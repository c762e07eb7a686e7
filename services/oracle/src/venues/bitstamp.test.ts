//! Messages after Bitstamp's documentation ("WebSocket API v2"); trades and book rows as in public captures (cryptofeed's
//! sample_data).
import { expect, test } from 'vitest'
import { play } from '../testing/play-venue.ts'
import { bitstamp } from './bitstamp.ts'

const book = (bid: string, ask: string, microtimestamp: string) => ({
  data: {
    timestamp: microtimestamp.slice(0, 10),
    microtimestamp,
    bids: [
      [bid, '0.12391066'],
      ['1.00', '1'],
    ],
    asks: [
      [ask, '0.34836429'],
      ['99999.00', '1'],
    ],
  },
  channel: 'order_book_ltcusd',
  event: 'data',
})
const trade = {
  channel: 'live_trades_ltcusd',
  data: {
    amount: 6.331_712_83,
    amount_str: '6.33171283',
    buy_order_id: 1_351_035_776_413_697,
    id: 164_507_734,
    microtimestamp: '1618677693509000',
    price: 312.88,
    price_str: '312.88',
    type: 0,
  },
  event: 'trade',
}

test('the book’s snapshot and the trades make the quote; older ones change nothing', () => {
  expect(
    play(
      bitstamp,
      { event: 'bts:subscription_succeeded', channel: 'order_book_ltcusd', data: {} },
      trade,
      book('312.58', '312.99', '1618677693591089'),
      book('1.58', '2.99', '1618677693590999'),
      book('312.58', '312.87', '1618677693691089'),
      { event: 'bts:heartbeat', channel: '', data: { status: 'success' } },
      { event: 'bts:error', channel: '', data: { code: 4_001, message: 'Bad subscription' } },
      { event: 'bts:request_reconnect', channel: '', data: '' },
      { ...book('312.58', '312.87', '1618677693791089'), data: { bids: [], asks: [] } },
    ),
  ).toEqual([
    '',
    '',
    'ltcusd 312.58 312.99 312.88 1618677693591',
    '',
    'ltcusd 312.58 312.87 312.88 1618677693691',
    '',
    'subscription_refused',
    'reconnect_requested',
    '?',
  ])
})
