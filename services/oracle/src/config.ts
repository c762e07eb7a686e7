//! What the oracle reads from its environment.
import { addressField, integerField, loadConfig, serviceFields } from '@plumb/runtime'
import { z } from 'zod'
import { defaultFeeds } from './default-feeds.ts'
import { feedsSchema, marketSymbol } from './feed-config.ts'
import { replaySchema } from './replay-config.ts'
import { venues } from './venues/venues.ts'

const keyPattern = /^0x[0-9a-fA-F]{64}$/

/** One key for each publisher number, separated by commas or white space; `-` leaves a number to somebody else. */
const publisherKeys = z
  .string()
  .transform((text) => text.split(/[\s,]+/).filter((part) => part !== ''))
  .pipe(
    z
      .array(
        z.union([z.literal('-'), z.string().regex(keyPattern, 'must be 0x and 64 hex digits')]),
      )
      .min(1)
      .refine((keys) => keys.some((key) => key !== '-'), 'must have at least one key')
      .refine((keys) => {
        const own = keys.filter((key) => key !== '-').map((key) => key.toLowerCase())
        return new Set(own).size === own.length
      }, 'has the same key twice: k of n would be fewer'),
  )

/** A JSON document in a variable (or, as PLUMB_X_FILE, in a file). */
const jsonField = <S extends z.ZodType>(schema: S) =>
  z
    .string()
    .transform((text, check): unknown => {
      try {
        return JSON.parse(text)
      } catch {
        check.addIssue({ code: 'custom', message: 'must be JSON' })
        return z.NEVER
      }
    })
    .pipe(schema)

const ppm = (max: number) => z.int().min(0).max(max)
const startPrice = z.number().positive().max(10_000_000)

type SimulatedEntry = {
  price: number
  volatilityPpm?: number | undefined
  correlationPpm?: number | undefined
  jumpsPerDay?: number | undefined
  jumpPpm?: number | undefined
}

const simulatedSymbol = z.union([
  startPrice.transform((price): SimulatedEntry => ({ price })),
  z.strictObject({
    price: startPrice,
    volatilityPpm: ppm(100_000).optional(),
    correlationPpm: ppm(1_000_000).optional(),
    jumpsPerDay: z.number().min(0).max(86_400).optional(),
    jumpPpm: ppm(500_000).optional(),
  }),
])

const simulatedDefaults: Record<string, SimulatedEntry> = {
  'BTC-PERP': { price: 60_000 },
  'ETH-PERP': { price: 3_000 },
}

const schema = z
  .object({
    ...serviceFields,
    PLUMB_SEQUENCER: addressField,
    PLUMB_PUBLISHER_KEYS: publisherKeys,
    PLUMB_ORACLE_MODE: z.enum(['simulator', 'replay', 'live']).default('simulator'),
    PLUMB_ORACLE_INTERVAL_MS: integerField(50, 60_000).default(1_000),
    /** The venues' feeds of each market; see feed-config.ts, default-feeds.ts for an example. */
    PLUMB_ORACLE_FEEDS: jsonField(feedsSchema).optional(),
    /** Other hosts of venues: {"binance": "wss://data-stream.binance.vision"}. */
    PLUMB_ORACLE_VENUE_URLS: jsonField(
      z.partialRecord(z.enum([...venues.keys()]), z.url({ protocol: /^wss?$/ })),
    ).default({}),
    /** The recorded files; see replay-config.ts. */
    PLUMB_ORACLE_REPLAY: jsonField(replaySchema).optional(),
    /**
     * Simulated symbols: start price, or an object with `price`. In the other modes those without a feed there; then
     * there is no default, since a production market must never fall back to made-up prices.
     */
    PLUMB_ORACLE_PRICES: jsonField(z.record(marketSymbol, simulatedSymbol)).optional(),
    PLUMB_ORACLE_SEED: integerField(0, 4_294_967_295).default(1),
    /** Standard deviation of one second's move, ppm. 120 ppm/s is about 67 % a year. */
    PLUMB_ORACLE_VOLATILITY_PPM: integerField(0, 100_000).default(60),
    /** Part of each move that all simulated symbols share, ppm. */
    PLUMB_ORACLE_CORRELATION_PPM: integerField(0, 1_000_000).default(700_000),
    PLUMB_ORACLE_JUMPS_PER_DAY: integerField(0, 86_400).default(6),
    PLUMB_ORACLE_JUMP_PPM: integerField(0, 500_000).default(1_500),
    /** How far simulated venues scatter around the price, ppm; each publisher has venues of its own. */
    PLUMB_ORACLE_NOISE_PPM: integerField(0, 10_000).default(20),
  })
  .superRefine((config, check) => {
    if (config.PLUMB_ORACLE_MODE === 'replay' && config.PLUMB_ORACLE_REPLAY === undefined)
      check.addIssue({
        code: 'custom',
        path: ['PLUMB_ORACLE_REPLAY'],
        message: 'is required in mode replay',
      })
  })

/** The oracle's configuration. */
export type OracleConfig = ReturnType<typeof readConfig>

/** @throws ConfigError with every bad key */
export const readConfig = (env: NodeJS.ProcessEnv = process.env) => {
  const config = loadConfig(schema, env)
  const isSimulator = config.PLUMB_ORACLE_MODE === 'simulator'
  return {
    ...config,
    PLUMB_ORACLE_FEEDS: config.PLUMB_ORACLE_FEEDS ?? feedsSchema.parse(defaultFeeds),
    PLUMB_ORACLE_PRICES: config.PLUMB_ORACLE_PRICES ?? (isSimulator ? simulatedDefaults : {}),
  }
}
