//! A devnet for a scenario: its own folder and ports, prices standing still until the play begins.
import { join } from 'node:path'
import { DevnetError } from './devnet-error.ts'
import type { ScenarioPlan } from './scenario-plan.ts'
import { type Devnet, startDevnet } from './start-devnet.ts'
import { writeFileDurably } from './write-file.ts'

/** The recording holds its first moment until then: a time that does not come. */
const notYet = '2100-01-01T00:00:00Z'

const replayOf = (plan: ScenarioPlan, anchor: string | number) => ({
  files: plan.files,
  speed: plan.speed,
  startAt: plan.startAt,
  anchor,
  ...(plan.holdMs === undefined ? {} : { holdMs: plan.holdMs }),
  markets: {
    [plan.market.symbol]: {
      sourcesMin: 1,
      feeds: plan.feeds.map(({ series, weight }) => ({ series, weight, quote: 'USD' })),
    },
  },
})

export type ScenarioHouse = { devnet: Devnet; replayFile: string }

/** Starts the house; bots quote the scenario's market with what the plan says. */
export const startScenarioHouse = async (
  plan: ScenarioPlan,
  stateDir: string,
  say: (line: string) => void,
): Promise<ScenarioHouse> => {
  const replayFile = join(stateDir, 'replay.json')
  await writeFileDurably(replayFile, JSON.stringify(replayOf(plan, notYet)))
  const devnet = await startDevnet({
    stateDir,
    gatewayPort: 0,
    rpcPort: 0,
    postgresPort: 0,
    prices: {
      PLUMB_ORACLE_MODE: 'replay',
      PLUMB_ORACLE_REPLAY_FILE: replayFile,
      PLUMB_ORACLE_INTERVAL_MS: '250',
    },
    settings: {
      PLUMB_TICK_MS: '500',
      PLUMB_BOT_MARKETS: plan.market.symbol,
      PLUMB_MAKER_PERIOD_MS: '500',
      PLUMB_MAKER_QUOTE_USDC: String(plan.makerQuoteUsdc),
      PLUMB_MAKER_INVENTORY_USDC: '2000000',
      PLUMB_TAKER_PERIOD_MS: '1000',
    },
    markets: [plan.market],
    armed: false,
    onProgress: say,
  })
  return { devnet, replayFile }
}

/** Lets the recording run from now on; answers our time of its beginning. */
export const beginPlay = async (plan: ScenarioPlan, house: ScenarioHouse): Promise<number> => {
  const anchorMs = Date.now() + 3_000
  await writeFileDurably(house.replayFile, JSON.stringify(replayOf(plan, anchorMs)))
  const pid = house.devnet.pid('oracle')
  if (pid === undefined) throw new DevnetError('NOT_RUNNING', 'The oracle is not running.')
  process.kill(pid, 'SIGTERM')
  return anchorMs
}
