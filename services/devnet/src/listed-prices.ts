//! Prices of markets that were listed while the devnet ran: kept with its state, read by the oracle when it starts.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { DevnetPaths } from './devnet-paths.ts'
import type { DevnetPrices } from './devnet-prices.ts'
import { writeFileDurably } from './write-file.ts'

/** Simulated markets by symbol, as the oracle takes them. */
const pricesSchema = z.record(z.string(), z.unknown())
type SimulatedPrices = z.infer<typeof pricesSchema>

const readPrices = async (path: string): Promise<SimulatedPrices> =>
  existsSync(path) ? pricesSchema.parse(JSON.parse(await readFile(path, 'utf8'))) : {}

const write = (path: string, prices: SimulatedPrices) =>
  writeFileDurably(path, `${JSON.stringify(prices)}\n`)

/** The oracle's environment with its simulated prices in a file that a listing can add to. */
export const pricesInFile = async (
  paths: DevnetPaths,
  prices: DevnetPrices,
): Promise<DevnetPrices> => {
  const { PLUMB_ORACLE_PRICES: inline, ...others } = prices
  if (inline === undefined) return prices
  const listed = await readPrices(paths.listedPrices)
  await write(paths.oraclePrices, { ...pricesSchema.parse(JSON.parse(inline)), ...listed })
  return { ...others, PLUMB_ORACLE_PRICES_FILE: paths.oraclePrices }
}

/** Adds a simulated market: the running oracle knows it once it starts again. */
export const addListedPrice = async (
  paths: DevnetPaths,
  symbol: string,
  entry: object,
): Promise<void> => {
  for (const path of [paths.listedPrices, paths.oraclePrices])
    await write(path, { ...(await readPrices(path)), [symbol]: entry })
}
