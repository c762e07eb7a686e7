//! Made-up prices for the scenario that needs no data: three venues that agree, one that lies for five seconds.
import { writeFileSync } from 'node:fs'

const startS = Date.UTC(2026, 0, 1) / 1_000
const seconds = 60
const startPrice = 60_000

/** Part of the start price: level, a fall by a quarter from second 8 to 28, a fifth of it back until 34. */
const shapeAt = (second: number): number => {
  if (second < 8) return 1
  if (second < 28) return 1 - 0.25 * ((second - 8) / 20)
  return second < 34 ? 0.75 + 0.05 * ((second - 28) / 6) : 0.8
}

const venues = [
  { venue: 'one', offset: 0 },
  { venue: 'two', offset: 12 },
  { venue: 'three', offset: -9 },
  { venue: 'liar', offset: 4 },
] as const

/** Writes the file and answers its path. */
export const writeSyntheticPrices = (path: string): string => {
  const rows = ['venue,pair,timestamp,price']
  for (let second = 0; second < seconds; second++)
    for (const { venue, offset } of venues) {
      const lies = venue === 'liar' && second >= 18 && second < 23
      const price = startPrice * (lies ? 1 / 3 : shapeAt(second)) + offset
      rows.push(`${venue},BTC-USD,${startS + second},${price.toFixed(2)}`)
    }
  writeFileSync(path, `${rows.join('\n')}\n`)
  return path
}
