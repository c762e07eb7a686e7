import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { priceToText } from '../decimal.ts'
import type { Quote } from '../price-source.ts'
import { type RecordedSeries, readRecording } from './read-recording.ts'
import { recordedColumnsSchema } from './recorded-columns.ts'
import { createRecordedSource, type RecordedSourceOptions } from './recorded-source.ts'

const folder = mkdtempSync(join(tmpdir(), 'plumb-recording-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const read = (
  text: string,
  columns: object = {},
  barPath: 'ohlc' | 'close' = 'ohlc',
  zip = false,
) => {
  const path = join(folder, `${++files}.csv${zip ? '.gz' : ''}`)
  writeFileSync(path, zip ? gzipSync(text) : text)
  return readRecording(path, { columns: recordedColumnsSchema.parse(columns), barPath })
}
const shown = (series: RecordedSeries | undefined, fromMs = 0) =>
  series?.points.map(({ timeMs, bid, ask, last }) =>
    [timeMs - fromMs, ...[bid, ask, last].map(priceToText)].join(' '),
  )
const t0 = 1_600_000_000

describe('a recording', { timeout: 60_000 }, () => {
  test('of bars, newest first, is played along each bar’s path', async () => {
    const text = `time,open,high,low,close\n${t0 + 60},11,12,8,9\n${t0},10,15,9,11\n`
    const series = (await read(text, {}, 'ohlc', true)).get('file')
    expect(series?.barMs).toBe(60_000)
    expect(shown(series, t0 * 1_000)).toEqual([
      // Closed higher: down first, then up.
      '0 10 10 10',
      '20000 9 9 9',
      '40000 15 15 15',
      '59999 11 11 11',
      '60000 11 11 11',
      '80000 12 12 12',
      '100000 8 8 8',
      '119999 9 9 9',
    ])
    expect(shown((await read(text, {}, 'close')).get('file'), t0 * 1_000)).toEqual([
      '59999 11 11 11',
      '119999 9 9 9',
    ])
  })

  test('of trades keeps their order within a microsecond and every digit', async () => {
    const text = `exchange,symbol,timestamp,price\na,X,${t0}000001,0.1000000000000000055\nb,X,${t0}000001,2\na,X,${t0}000002,0.3\n`
    await expect(read(text)).rejects.toThrow('line 2: price is no price: 0.1000000000000000055')
    const series = await read(text.replace('55\n', '\n'))
    expect([...series.keys()]).toEqual(['a/X', 'b/X'])
    expect(shown(series.get('a/X'), t0 * 1_000)).toEqual(['0 0.1 0.1 0.1', '0 0.3 0.3 0.3'])
  })

  test('of bars of quotes and trades in one file joins them; an old book does not outvote the trades', async () => {
    const rows = [0, 60, 120, 180, 240].map(
      (s) => `v,spot,X,trade,${t0 + s},10,10,10,${10 + s / 60}`,
    )
    const text = [
      'venue,market,symbol,type,open_time_s,open,high,low,close,size,ask_open,ask_high,ask_low,ask_close',
      ...rows,
      `v,spot,X,quote,${t0},9,9,9,9,1,11,11,11,11`,
    ].join('\n')
    const series = (await read(text, {}, 'close')).get('v/spot/X')
    expect(shown(series, t0 * 1_000)).toEqual([
      '59999 10 10 10',
      '59999 9 11 10',
      '119999 9 11 11',
      '179999 9 11 12',
      '239999 13 13 13',
      '299999 14 14 14',
    ])
  })

  test('quoted fields, a byte order mark and Windows line ends are CSV', async () => {
    const series = await read(
      `\uFEFF"time","note, with comma","price"\r\n${t0},"a ""b""\r\nc",7.5\r\n`,
    )
    expect(shown(series.get('file'), t0 * 1_000)).toEqual(['0 7.5 7.5 7.5'])
  })

  test.each([
    ['time,price\n', 'has no row'],
    ['', 'has no row'],
    ['time,price\nnoon,1\n', 'line 2: time is no time: noon'],
    [`time,price\n${t0},1\n${t0},\n`, 'line 3: price is no price: '],
    [`time,price\n${t0},-1\n`, 'line 2: price is no price: -1'],
    [`time,price\n${t0},NaN\n`, 'line 2: price is no price: NaN'],
    [`time,price\n${t0},"1\n`, 'Quote'],
    [`time,price\n${t0},1,2,3\n`, 'Record'],
    ['time,volume\n1,1\n', 'no column a price column'],
  ])('%j is refused: %s', async (text, message) => {
    await expect(read(text)).rejects.toThrow(message)
  })

  test('what is no gzip, and what is not there, is refused', async () => {
    const path = join(folder, 'broken.csv.gz')
    writeFileSync(path, 'time,price\n')
    const options = { columns: recordedColumnsSchema.parse({}), barPath: 'close' } as const
    await expect(readRecording(path, options)).rejects.toThrow('incorrect header check')
    const cut = gzipSync(`time,price\n${t0},1\n`.repeat(1_000))
    writeFileSync(path, cut.subarray(0, cut.length - 20))
    await expect(readRecording(path, options)).rejects.toThrow()
    await expect(readRecording(join(folder, 'none.csv'), options)).rejects.toThrow('ENOENT')
  })
})

const series = new Map<string, RecordedSeries>([
  [
    'a',
    {
      barMs: undefined,
      points: [0, 1_000, 100_000].map((ms) => ({
        timeMs: t0 * 1_000 + ms,
        bid: 1n,
        ask: 3n,
        last: BigInt(2 + ms),
      })),
    },
  ],
  ['b', { barMs: 1_000, points: [{ timeMs: t0 * 1_000 + 500, bid: 1n, ask: 3n, last: 7n }] }],
])

const play = (options: Partial<RecordedSourceOptions>, ...timesMs: number[]) => {
  const said: Quote[] = []
  const source = createRecordedSource({
    name: 'replay',
    series,
    speed: 1,
    startAtMs: undefined,
    anchorMs: undefined,
    loop: false,
    holdMs: undefined,
    ...options,
  })
  source.start((quote) => said.push(quote))
  const words = timesMs.map((timeMs) => {
    said.length = 0
    source.advance(timeMs)
    return said.map((q) => `${q.source} ${q.last} ${q.timeMs === timeMs}`).join(', ')
  })
  return { words, health: source.health() }
}

describe('a recorded source', () => {
  const now = 1_790_000_000_000

  test('says what each series said last, at our time, while it stands', () => {
    const { words, health } = play(
      {},
      now,
      now + 500,
      now + 999,
      now + 2_500,
      now + 2_501,
      now + 61_000,
      now + 61_001,
    )
    expect(words).toEqual([
      'a 2 true',
      'a 2 true, b 7 true',
      'a 2 true, b 7 true',
      'a 1002 true, b 7 true',
      'a 1002 true',
      'a 1002 true',
      '',
    ])
    expect(health).toMatchObject({ state: 'open', quotes: 9 })
  })

  test('runs faster, starts where it is told, ends or begins again', () => {
    expect(play({ speed: 100 }, now, now + 10, now + 1_000).words).toEqual([
      'a 2 true',
      'a 1002 true, b 7 true',
      'a 100002 true',
    ])
    expect(play({ startAtMs: t0 * 1_000 + 1_000 }, now).words).toEqual(['a 1002 true, b 7 true'])
    const ended = play({ speed: 1_000 }, now, now + 200)
    expect([ended.words[1], ended.health.state]).toEqual(['', 'ended'])
    const looped = play({ speed: 1_000, loop: true }, now, now + 102)
    expect([looped.words[1], looped.health.state]).toEqual(['a 1002 true, b 7 true', 'open'])
  })

  test('with one anchor, two processes that began at different times say the same', () => {
    const options = { anchorMs: now - 1_000 }
    expect(play(options, now).words).toEqual(['a 1002 true, b 7 true'])
    expect(play(options, now + 100, now + 200).words[1]).toEqual(play(options, now + 200).words[0])
  })
})
