//! Real captures of OKX, Kraken and dYdX (../shared/data/l2), where that folder is there.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { priceToText } from '../decimal.ts'
import { play, quoteLine } from '../testing/play-venue.ts'
import { kraken } from './kraken.ts'
import { okx } from './okx.ts'
import { VenueFault, type VenueQuote } from './venue.ts'
import { venues } from './venues.ts'

const captures = fileURLToPath(new URL('../../../../../shared/data/l2/', import.meta.url))
const linesOf = (file: string) =>
  gunzipSync(readFileSync(`${captures}${file}`))
    .toString()
    .split('\n')
    .flatMap((line) => /^\d+\.\d+: (.*)$/.exec(line)?.[1] ?? [])
const expected = () => {
  const text = readFileSync(`${captures}../EXPECTED.json`, 'utf8')
  return (JSON.parse(text) as { l2: { file: string; final_best: Record<string, string[]> }[] }).l2
}

const readAll = (lines: readonly string[]) => {
  const session = kraken.openSession(['XMR/USD'])
  for (const line of lines) session.receive(line)
}
/** How many of 40 changes, each at another place, the checksum finds. */
const noticed = (change: (at: number) => string[]) =>
  Array.from({ length: 40 }, (_, i) => 20 + i).filter((at) => {
    try {
      readAll(change(at))
      return false
    } catch (error) {
      return error instanceof VenueFault && error.code === 'checksum_wrong'
    }
  }).length
const plain = (text = '') => text.replace(/0+$/, '').replace(/\.$/, '')

describe.skipIf(!existsSync(captures))('real captures', { timeout: 60_000 }, () => {
  test('kraken: 4,269 checksums hold, and the last quote of each pair is the published final best', () => {
    const lines = linesOf('kraken_2021-04-17.jsonl.gz')
    const last = new Map<string, VenueQuote>()
    const pairs = new Set(lines.flatMap((line) => /"book-1000","([^"]+)"\]$/.exec(line)?.[1] ?? []))
    const session = kraken.openSession([...pairs])
    // The capture has no trades: one at 1 completes each pair's quote.
    for (const pair of pairs)
      session.receive(`[0,[["1.0","1","1618678000.000000","s","l",""]],"trade","${pair}"]`)
    let checked = 0
    for (const line of lines) {
      for (const quote of session.receive(line)) last.set(quote.symbol, quote)
      if (line.includes('"c":')) checked += 1
    }
    expect(checked).toBe(4_269)
    const best = expected().find(({ file }) => file.startsWith('kraken'))?.final_best ?? {}
    expect(last.size).toBe(10)
    for (const [pair, [bid, , ask]] of Object.entries(best)) {
      const quote = last.get(pair)
      expect([pair, priceToText(quote?.bid ?? 0n), priceToText(quote?.ask ?? 0n)]).toEqual([
        pair,
        plain(bid),
        plain(ask),
      ])
    }
  })

  test('kraken: a message lost, or one in the wrong order, is noticed by the checksum', () => {
    const lines = linesOf('kraken_2021-04-17.jsonl.gz').filter((line) =>
      line.endsWith('"XMR/USD"]'),
    )
    expect(lines.length).toBeGreaterThan(100)
    expect(() => readAll(lines)).not.toThrow()
    const swap = (at: number) => lines.with(at, lines[at + 1] ?? '').with(at + 1, lines[at] ?? '')
    // The checksum covers the ten best levels; what is lost below them shows once it gets there.
    expect([noticed((at) => lines.toSpliced(at, 1)), noticed(swap)]).toEqual([28, 38])
  })

  test('okx: 28 tickers are read to the last digit, everything else is passed over', () => {
    const session = okx.openSession([])
    const quotes: VenueQuote[] = []
    let passed = 0
    for (const line of linesOf('okx_2022-05-13.jsonl.gz')) {
      try {
        quotes.push(...session.receive(line))
      } catch (error) {
        expect(error).not.toBeInstanceOf(VenueFault)
        passed += 1
      }
    }
    expect(quotes).toHaveLength(28)
    expect(quotes.map(quoteLine)[2]).toBe('BTC-USDT 30228.6 30228.7 30236 1652459224956')
    // Trades and books are other channels: not ours, and never taken for a ticker.
    expect(passed).toBeGreaterThan(300)
  })

  test('no venue takes another’s real messages for its own', () => {
    const files = [
      'dydx_v3_2021-10-28.jsonl.gz',
      'kraken_2021-04-17.jsonl.gz',
      'okx_2022-05-13.jsonl.gz',
    ]
    for (const file of files) {
      const lines = linesOf(file).slice(0, 500)
      for (const venue of venues.values())
        if (!file.startsWith(venue.name))
          expect(
            play(venue, ...lines).filter((said) => !['', '?', 'sequence_broken'].includes(said)),
          ).toEqual([])
    }
  })
})
