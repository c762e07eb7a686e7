//! The services of the exchange, in starting order, and what each is told.
import type { DevnetDeployment } from './deployment.ts'
import type { DevnetPaths } from './devnet-paths.ts'
import type { DevnetPrices } from './devnet-prices.ts'
import { devnetChainId } from './local-chain.ts'
import { playerAddresses } from './tape-players.ts'

/** Everything the services' environments are made of. */
export type Wiring = {
  paths: DevnetPaths
  sequencer: string
  databaseUrl: string
  rpcUrl: string
  deployment: DevnetDeployment
  prices: DevnetPrices
  finalBlockFile: string
  gatewayPort: number
  /** Status ports (/health, /ready, /metrics) by service name. */
  statusPorts: ReadonlyMap<string, number>
  keyFiles: {
    relayer: string
    publishers: string
    marketMaker: string
    taker: string
    capture: string
    liquidator: string
    token: string
  }
  logLevel: string
  /** What ledger, relayer and chain have seen of the journal. */
  provenSeq: number
}

export type ServiceName =
  | 'sequencer'
  | 'margin'
  | 'ledger'
  | 'relayer'
  | 'gateway'
  | 'oracle'
  | 'bots'

export type ServiceEntry = {
  name: ServiceName
  env: (wiring: Wiring) => Record<string, string>
  /** How long the devnet waits for it before it says that it is ready. */
  readyWithinMs: number
  /** Whether the devnet gives up when it is not; else it goes on and says so. */
  needed: boolean
  /** Stopped together, the highest first: clients, the edge, followers, the sequencer. */
  stopStage: 0 | 1 | 2
}

const statusPort = (wiring: Wiring, name: ServiceName) => wiring.statusPorts.get(name) ?? 0
const statusUrl = (wiring: Wiring, name: ServiceName) =>
  `http://127.0.0.1:${statusPort(wiring, name)}`

const common = (wiring: Wiring, name: ServiceName) => ({
  PLUMB_LOG_LEVEL: wiring.logLevel,
  PLUMB_HTTP: String(statusPort(wiring, name)),
  PLUMB_PARENT_PID: String(process.pid),
  PLUMB_SEQUENCER: wiring.sequencer,
})

const chain = (wiring: Wiring) => ({
  PLUMB_RPC_URL: wiring.rpcUrl,
  PLUMB_CONTRACT: wiring.deployment.exchange,
  PLUMB_CHAIN_ID: String(devnetChainId),
})

const needed = { readyWithinMs: 60_000, needed: true } as const

/** In starting order; they stop in the opposite order. */
export const services: readonly ServiceEntry[] = [
  {
    name: 'sequencer',
    ...needed,
    stopStage: 0,
    env: (wiring) => ({
      ...common(wiring, 'sequencer'),
      PLUMB_SEQUENCER_DATA: wiring.paths.sequencer,
      PLUMB_GENESIS: wiring.paths.genesis,
      PLUMB_PROVEN_SEQ: String(wiring.provenSeq),
      // The engine's slabs on huge pages: an order touches a dozen of small ones.
      GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    }),
  },
  {
    name: 'ledger',
    ...needed,
    stopStage: 1,
    env: (wiring) => ({
      ...common(wiring, 'ledger'),
      ...chain(wiring),
      DATABASE_URL: wiring.databaseUrl,
      PLUMB_MARGIN_URL: statusUrl(wiring, 'margin'),
    }),
  },
  {
    name: 'margin',
    ...needed,
    stopStage: 1,
    env: (wiring) => ({ ...common(wiring, 'margin'), PLUMB_MARGIN_DATA: wiring.paths.witness }),
  },
  {
    name: 'relayer',
    ...needed,
    stopStage: 1,
    env: (wiring) => ({
      ...common(wiring, 'relayer'),
      ...chain(wiring),
      DATABASE_URL: wiring.databaseUrl,
      PLUMB_RELAYER_KEY_FILE: wiring.keyFiles.relayer,
      PLUMB_FINAL_BLOCK_FILE: wiring.finalBlockFile,
      PLUMB_DEPLOY_BLOCK: String(wiring.deployment.deployBlock),
    }),
  },
  {
    name: 'gateway',
    ...needed,
    stopStage: 2,
    env: (wiring) => ({
      ...common(wiring, 'gateway'),
      ...chain(wiring),
      PLUMB_LISTEN: `127.0.0.1:${wiring.gatewayPort}`,
      DATABASE_URL: wiring.databaseUrl,
      PLUMB_MARGIN_URL: statusUrl(wiring, 'margin'),
      PLUMB_TOKEN_SECRET_FILE: wiring.keyFiles.token,
      PLUMB_DEVNET_FILE: wiring.paths.description,
      PLUMB_GATEWAY_DATA: wiring.paths.gateway,
      PLUMB_RATE_EXEMPT: playerAddresses().join(','),
    }),
  },
  {
    name: 'oracle',
    ...needed,
    stopStage: 2,
    env: (wiring) => ({
      ...common(wiring, 'oracle'),
      PLUMB_PUBLISHER_KEYS_FILE: wiring.keyFiles.publishers,
      ...wiring.prices,
    }),
  },
  {
    name: 'bots',
    // Clients: a market in a bad state must not keep its operator from starting the house.
    readyWithinMs: 30_000,
    needed: false,
    stopStage: 2,
    env: (wiring) => ({
      ...common(wiring, 'bots'),
      PLUMB_GATEWAY_URL: `http://127.0.0.1:${wiring.gatewayPort}`,
      PLUMB_MARKET_MAKER_KEY_FILE: wiring.keyFiles.marketMaker,
      PLUMB_TAKER_KEY_FILE: wiring.keyFiles.taker,
      PLUMB_CAPTURE_KEY_FILE: wiring.keyFiles.capture,
      PLUMB_LIQUIDATOR_KEY_FILE: wiring.keyFiles.liquidator,
      PLUMB_BOTS_DATA: wiring.paths.bots,
      PLUMB_DEPLOY_BLOCK: String(wiring.deployment.deployBlock),
    }),
  },
]
