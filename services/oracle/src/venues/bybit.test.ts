//! Messages after Bybit's documentation ("Orderbook", "Trade", "Connect").
import { expect, test } from 'vitest'
import { play } from '../testing/play-venue.ts'
import { bybit } from './bybit.ts'

const book = (type: string, u: number, b: string[][], a: string[][], ts = 1_672_304_484_978) => ({
  topic: 'orderbook.1.BTCUSDT',
  type,
  ts,
  data: { s: 'BTCUSDT', b, a, u, seq: 7_961_638_724 },
  cts: ts - 2,
})
const trade = (p: string, ts = 1_672_304_486_868) => ({
  topic: 'publicTrade.BTCUSDT',
  type: 'snapshot',
  ts,
  data: [
    {
      T: ts - 3,
      s: 'BTCUSDT',
      S: 'Buy',
      v: '0.001',
      p: '1',
      L: 'PlusTick',
      i: '20f4',
      BT: false,
    },
    { T: ts - 3, s: 'BTCUSDT', S: 'Buy', v: '0.001', p, L: 'PlusTick', i: '20f5', BT: false },
  ],
})

test('the book of depth 1 and the trades make the quote', () => {
  expect(
    play(
      bybit,
      { success: true, ret_msg: 'subscribe', conn_id: '2324d924', op: 'subscribe' },
      book('snapshot', 18_521_288, [['16493.50', '0.006']], [['16611.00', '0.029']]),
      trade('16578.50'),
      book(
        'delta',
        18_521_289,
        [],
        [
          ['16611.00', '0'],
          ['16600.00', '1'],
        ],
        1_672_304_487_000,
      ),
      book('delta', 18_521_290, [['16493.50', '0']], [], 1_672_304_487_100),
      book('snapshot', 1, [['16500', '1']], [['16501', '1']], 1_672_304_487_200),
      trade('1', 1_672_304_486_000),
      book('delta', 2, [['16500.5', '1']], [], 1_672_304_487_300),
      { success: true, ret_msg: 'pong', conn_id: '0970e817', op: 'ping' },
    ),
  ).toEqual([
    '',
    '',
    'BTCUSDT 16493.5 16611 16578.5 1672304486868',
    'BTCUSDT 16493.5 16600 16578.5 1672304487000',
    '',
    'BTCUSDT 16500 16501 16578.5 1672304487200',
    '',
    'BTCUSDT 16500.5 16501 16578.5 1672304487300',
    '',
  ])
})

test('a delta out of order, or without its snapshot, ends the connection', () => {
  const snapshot = book('snapshot', 10, [['1', '1']], [['2', '1']])
  expect(play(bybit, snapshot, book('delta', 9, [['1.5', '1']], []))).toEqual([
    '',
    'sequence_broken',
  ])
  expect(play(bybit, book('delta', 9, [['1.5', '1']], []))).toEqual(['sequence_broken'])
  expect(
    play(bybit, {
      success: false,
      ret_msg: 'error:handler not found',
      conn_id: '',
      op: 'subscribe',
    }),
  ).toEqual(['subscription_refused'])
})
