//! The configured feeds of live venues: which venue's symbol prices which market, at what weight.
import { z } from 'zod'
import { parsePrice } from './decimal.ts'
import { dollar, type FeedPlan, type InstrumentPlan } from './index/feed-plan.ts'
import { venues } from './venues/venues.ts'

/** Sources that an index must rest on (risk.md 1.1). */
const SOURCES_MIN = 3
/** Furthest move of an index from one publication to the next unless configured: no market's second was ever wilder. */
const STEP_MAX_PPM = 50_000

export const marketSymbol = z.string().regex(/^[\x21-\x7e]{1,16}$/, 'must be a market symbol')

/** A price written as a decimal string, exact. */
export const priceText = z.string().transform((text, check) => {
  const price = parsePrice(text)
  if (price !== undefined) return price
  check.addIssue({ code: 'custom', message: 'must be a positive decimal string' })
  return z.NEVER
})

const weight = z.int().min(1).max(1_000)
const currency = z.string().regex(/^[A-Z0-9]{2,10}$/, 'must be a currency code')

/** Hard bounds and limits that live and replayed instruments share. */
export const boundFields = {
  min: priceText.optional(),
  max: priceText.optional(),
  stepMaxPpm: z.int().min(1).max(1_000_000).optional(),
}

const feed = z.strictObject({
  source: z.enum([...venues.keys()]),
  symbol: z.string().min(1).max(32),
  quote: currency.default(dollar),
  weight: weight.default(1),
})

const instrument = z
  .strictObject({
    ...boundFields,
    sourcesMin: z.int().min(SOURCES_MIN).max(16).default(SOURCES_MIN),
    feeds: z.array(feed).min(1).max(32),
  })
  .superRefine(({ feeds, sourcesMin, min, max }, check) => {
    const complain = (message: string) => check.addIssue({ code: 'custom', message })
    const weights = new Map<string, number>()
    for (const { source, weight: w } of feeds) weights.set(source, (weights.get(source) ?? 0) + w)
    if (weights.size < sourcesMin)
      complain(`has ${weights.size} different sources, needs ${sourcesMin}`)
    const all = [...weights.values()].reduce((sum, w) => sum + w, 0)
    for (const [source, w] of weights)
      if (2 * w > all) complain(`${source} has more than half of the weight`)
    const names = feeds.map(({ source, symbol }) => `${source}/${symbol}`)
    for (const name of names.filter((n, i) => names.indexOf(n) !== i))
      complain(`${name} is there twice`)
    if (min !== undefined && max !== undefined && min >= max) complain('min must be below max')
  })

const boundless = { min: 1n, max: 10n ** 33n }

/** A configured instrument as a plan. */
export const instrumentPlan = (
  configured: Omit<z.output<typeof instrument>, 'sourcesMin' | 'feeds'> &
    Pick<InstrumentPlan, 'feeds' | 'sourcesMin'>,
  stepMaxPpm: number | undefined,
): InstrumentPlan => ({
  feeds: configured.feeds,
  sourcesMin: configured.sourcesMin,
  priceMin: configured.min ?? boundless.min,
  priceMax: configured.max ?? boundless.max,
  stepMaxPpm: configured.stepMaxPpm ?? stepMaxPpm,
})

/** The document of PLUMB_ORACLE_FEEDS. */
export const feedsSchema = z
  .strictObject({
    markets: z.record(marketSymbol, instrument),
    currencies: z.record(currency, instrument).default({}),
  })
  .superRefine(({ markets, currencies }, check) => {
    const complain = (path: string[], message: string) =>
      check.addIssue({ code: 'custom', path, message })
    for (const [symbol, { feeds }] of Object.entries(markets))
      for (const { quote } of feeds)
        if (quote !== dollar && currencies[quote] === undefined)
          complain(['markets', symbol], `${quote} has no entry under currencies`)
    for (const [name, { feeds }] of Object.entries(currencies))
      if (name === dollar || feeds.some(({ quote }) => quote !== dollar))
        complain(['currencies', name], `a currency is priced in ${dollar}, and is not it`)
  })
  .transform(
    ({ markets, currencies }): FeedPlan => ({
      markets: new Map(
        Object.entries(markets).map(([s, m]) => [s, instrumentPlan(m, STEP_MAX_PPM)]),
      ),
      currencies: new Map(
        Object.entries(currencies).map(([c, m]) => [c, instrumentPlan(m, STEP_MAX_PPM)]),
      ),
    }),
  )
