//! Where a devnet's index prices come from: `--prices`, as the oracle's environment.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { DevnetError } from './devnet-error.ts'

/** The oracle's part of the environment. Markets that the choice has no feed for stay simulated. */
export type DevnetPrices = Readonly<Record<string, string>>

/** Start prices of the simulator, dollars. Gold moves less than coins do, and by itself. */
const startPrices = {
  'BTC-PERP': 60_000,
  'ETH-PERP': 3_000,
  'SOL-PERP': 150,
  'XAU-PERP': { price: 2_400, volatilityPpm: 20, correlationPpm: 100_000, jumpsPerDay: 1 },
}

const simulated = { PLUMB_ORACLE_PRICES: JSON.stringify(startPrices) }

/**
 * `simulator` (the default), `live` (six venues; needs the internet), or `replay:FILE[@SPEED]`: a CSV or .csv.gz file,
 * played from its beginning, again and again, SPEED times as fast as it was recorded.
 *
 * @throws DevnetError BAD_OPTION for another word, a file that is not there, or a speed that is none
 */
export const devnetPrices = (choice = 'simulator'): DevnetPrices => {
  if (choice === 'simulator') return simulated
  if (choice === 'live') return { ...simulated, PLUMB_ORACLE_MODE: 'live' }
  const [, path, speedText = '1'] = /^replay:(.+?)(?:@([\d.]+))?$/.exec(choice) ?? []
  if (path === undefined)
    throw new DevnetError(
      'BAD_OPTION',
      `--prices is simulator, live or replay:FILE[@SPEED], not ${choice}`,
    )
  const speed = Number(speedText)
  if (!(speed > 0)) throw new DevnetError('BAD_OPTION', `--prices: ${speedText} is no speed`)
  const file = resolve(path)
  if (!existsSync(file)) throw new DevnetError('BAD_OPTION', `--prices: there is no file ${file}`)
  const replay = { files: [{ file }], speed, loop: true }
  return {
    ...simulated,
    PLUMB_ORACLE_MODE: 'replay',
    PLUMB_ORACLE_REPLAY: JSON.stringify(replay),
  }
}
