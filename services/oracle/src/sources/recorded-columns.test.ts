import { describe, expect, test } from 'vitest'
import {
  RecordedFileError,
  recordedColumnsSchema,
  resolveColumns,
  timeMsOf,
} from './recorded-columns.ts'

const resolve = (header: string, wanted: object = {}) =>
  resolveColumns(header.split(','), recordedColumnsSchema.parse(wanted))

describe('a header', () => {
  test.each([
    [
      'venue,pair,open_time_s,open,high,low,close',
      { time: 'open_time_s', series: ['venue', 'pair'], close: 'close' },
    ],
    [
      'exchange,symbol,timestamp,local_timestamp,id,side,price,amount',
      { time: 'timestamp', series: ['exchange', 'symbol'], price: 'price' },
    ],
    [
      'open_time,open,high,low,close,volume,close_time',
      { time: 'open_time', series: [], close: 'close' },
    ],
    ['time,bid,ask', { time: 'time', bid: 'bid', ask: 'ask' }],
    [
      'venue,market,symbol,type,open_time_s,open,high,low,close,volume_or_bid_size,ask_open,ask_high,ask_low,ask_close,ask_size',
      {
        series: ['venue', 'market', 'symbol'],
        bid: 'close',
        ask: 'ask_close',
        quoteRows: { column: 'type', value: 'quote' },
      },
    ],
  ])('%s maps itself', (header, expected) => {
    expect(resolve(header)).toMatchObject(expected)
  })

  test('a mapping names columns of any name', () => {
    const columns = { time: 'Zeit', timeUnit: 'ms', series: ['Boerse'], price: 'Kurs' }
    expect(resolve('Zeit,Boerse,Kurs,price', columns)).toMatchObject(columns)
  })

  test.each([
    ['a,b', {}, 'no column a time column; the header has a, b'],
    ['time,volume', {}, 'no column a price column (price, close, or bid and ask)'],
    ['time,close', { price: 'Kurs', series: ['venue'] }, 'no column venue, Kurs'],
  ])('%s with %j is refused', (header, wanted, message) => {
    expect(() => resolve(header, wanted)).toThrow(RecordedFileError)
    expect(() => resolve(header, wanted)).toThrow(message)
  })
})

describe('a time', () => {
  test.each([
    ['1678406400', 'auto', 1_678_406_400_000],
    ['1760054400123', 'auto', 1_760_054_400_123],
    ['1760128201882999', 'auto', 1_760_128_201_882],
    ['1760128201882999999', 'auto', 1_760_128_201_882],
    ['1678406400.75', 's', 1_678_406_400_750],
    ['1618678133.0205', 's', 1_618_678_133_020],
    ['1.005', 's', 1_005],
    ['9999999999999999999', 's', undefined],
    ['999999', 'ns', 0],
    ['2020-03-13 02:00:00', 'auto', 1_584_064_800_000],
    ['2020-03-13', 'auto', 1_584_057_600_000],
    ['2020-03-13T03:00:00+01:00', 'iso', 1_584_064_800_000],
    ['2020-03-13T02:00:00.5Z', 'auto', 1_584_064_800_500],
    ['12345', 'auto', undefined],
    ['12345', 's', 12_345_000],
    ['', 'auto', undefined],
    ['yesterday', 'auto', undefined],
    ['-5', 's', undefined],
  ] as const)('%j read as %s is %s', (text, unit, expected) => {
    expect(timeMsOf(text, unit)).toBe(expected)
  })
})
