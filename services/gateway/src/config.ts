//! The gateway's configuration.
import { addressField, integerField, loadConfig, serviceFields } from '@plumb/runtime'
import { z } from 'zod'
import type { GatewayConfig } from './gateway.ts'

const ADDRESS = /^0x[0-9a-fA-F]{40}$/
/** A bucket holds this many seconds of its flow. */
const BURST_S = 2
const BAD_SIGNATURES_PER_SECOND = 5

const flow = (perSecond: number) => ({ perSecond, burst: perSecond * BURST_S })
const rate = (perSecond: number) => integerField(1, 1_000_000).default(perSecond)
const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )

const schema = z.object({
  ...serviceFields,
  PLUMB_SEQUENCER: addressField,
  PLUMB_LISTEN: z
    .string()
    .regex(/^[^\s:]+:\d{1,5}$/, 'must be HOST:PORT')
    .default('127.0.0.1:8080'),
  PLUMB_CHAIN_ID: integerField(1, Number.MAX_SAFE_INTEGER),
  PLUMB_CONTRACT: z.string().regex(ADDRESS, 'must be an address'),
  PLUMB_TOKEN_SECRET: z.string().min(32, 'must have at least 32 characters'),
  DATABASE_URL: z.string().optional(),
  /** Status address of the margin service, for its risk reads; without it they answer RISK_UNAVAILABLE. */
  PLUMB_MARGIN_URL: z.url({ protocol: /^https?$/ }).optional(),
  PLUMB_VERIFY_THREADS: integerField(0, 64).default(1),
  /** Folder of the view's snapshot, for a fast start. */
  PLUMB_GATEWAY_DATA: z.string().min(1).optional(),
  PLUMB_GATEWAY_SNAPSHOT_COMMANDS: integerField(1, 1e12).default(500_000),
  PLUMB_DEVNET_FILE: z.string().optional(),
  /** Owners whose orders are not limited: market makers under contract, load tests, tape replays. */
  PLUMB_RATE_EXEMPT: list.pipe(z.array(z.string().regex(ADDRESS, 'must be addresses'))),
  PLUMB_ORIGINS: list,
  PLUMB_RATE_ORDERS: rate(100),
  PLUMB_RATE_CANCELS: rate(200),
  PLUMB_RATE_REQUESTS: rate(500),
  PLUMB_CONNECTIONS_PER_IP: integerField(1, 1_000_000).default(100),
  PLUMB_CONNECTIONS: integerField(1, 1_000_000).default(10_000),
})

/** Reads and judges the environment; throws ConfigError with every bad key. */
export function gatewayConfig(): GatewayConfig {
  const env = loadConfig(schema, process.env)
  const colon = env.PLUMB_LISTEN.lastIndexOf(':')
  return {
    logLevel: env.PLUMB_LOG_LEVEL,
    statusListen: env.PLUMB_HTTP,
    parentPid: env.PLUMB_PARENT_PID,
    faultFile: env.PLUMB_FAULT_FILE,
    sequencer: env.PLUMB_SEQUENCER,
    host: env.PLUMB_LISTEN.slice(0, colon),
    port: Number(env.PLUMB_LISTEN.slice(colon + 1)),
    chainId: env.PLUMB_CHAIN_ID,
    contract: env.PLUMB_CONTRACT,
    tokenSecret: env.PLUMB_TOKEN_SECRET,
    databaseUrl: env.DATABASE_URL,
    marginUrl: env.PLUMB_MARGIN_URL,
    verifyThreads: env.PLUMB_VERIFY_THREADS,
    devnetFile: env.PLUMB_DEVNET_FILE,
    dataDirectory: env.PLUMB_GATEWAY_DATA,
    snapshotCommands: env.PLUMB_GATEWAY_SNAPSHOT_COMMANDS,
    origins: env.PLUMB_ORIGINS,
    connectionsPerAddressMax: env.PLUMB_CONNECTIONS_PER_IP,
    connectionsMax: env.PLUMB_CONNECTIONS,
    traffic: {
      ordersPerAccount: flow(env.PLUMB_RATE_ORDERS),
      cancelsPerAccount: flow(env.PLUMB_RATE_CANCELS),
      requestsPerAddress: flow(env.PLUMB_RATE_REQUESTS),
      badSignaturesPerAddress: { perSecond: BAD_SIGNATURES_PER_SECOND, burst: 20 },
      exempt: new Set(env.PLUMB_RATE_EXEMPT.map((address) => address.toLowerCase())),
    },
  }
}
