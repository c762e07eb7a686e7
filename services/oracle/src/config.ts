//! What the oracle reads from its environment.
import { addressField, integerField, loadConfig, serviceFields } from '@plumb/runtime'
import { z } from 'zod'

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
      .min(1),
  )

/** Symbol to start price, as JSON: {"BTC-PERP": 60000}. */
const startPrices = z
  .string()
  .transform((text, check): unknown => {
    try {
      return JSON.parse(text)
    } catch {
      check.addIssue({ code: 'custom', message: 'must be a JSON object of symbol: price' })
      return z.NEVER
    }
  })
  .pipe(z.record(z.string(), z.number().positive()))

const schema = z.object({
  ...serviceFields,
  PLUMB_SEQUENCER: addressField,
  PLUMB_PUBLISHER_KEYS: publisherKeys,
  PLUMB_ORACLE_SEED: integerField(0, 4_294_967_295).default(1),
  PLUMB_ORACLE_PRICES: startPrices.default({ 'BTC-PERP': 60_000, 'ETH-PERP': 3_000 }),
  /** Standard deviation of one second's move, ppm. 120 ppm/s is about 67 % a year. */
  PLUMB_ORACLE_VOLATILITY_PPM: integerField(0, 100_000).default(60),
  /** How far publishers scatter around the price, ppm. */
  PLUMB_ORACLE_NOISE_PPM: integerField(0, 10_000).default(20),
  PLUMB_ORACLE_INTERVAL_MS: integerField(50, 60_000).default(1_000),
})

/** The oracle's configuration. */
export type OracleConfig = z.output<typeof schema>

/** @throws ConfigError with every bad key */
export const readConfig = (env: NodeJS.ProcessEnv = process.env): OracleConfig =>
  loadConfig(schema, env)
