//! What the relayer reads from its environment.
import { addressField, integerField, loadConfig, serviceFields } from '@plumb/runtime'
import { z } from 'zod'

const addressPattern = /^0x[0-9a-fA-F]{40}$/
const keyPattern = /^0x[0-9a-fA-F]{64}$/

/** One node, or several separated by commas: deposits are credited only where all of them agree. */
const urls = z
  .string()
  .transform((text) => text.split(',').map((url) => url.trim()))
  .pipe(z.array(z.url({ protocol: /^https?$/ })).min(1))

/** `finalized` asks the node; a number counts blocks on top. */
const finality = z
  .string()
  .regex(/^(finalized|\d{1,4})$/, 'must be finalized or a number of confirmations')
  .default('finalized')

const schema = z.object({
  ...serviceFields,
  PLUMB_SEQUENCER: addressField,
  DATABASE_URL: z.string().min(1),
  PLUMB_RPC_URL: urls,
  PLUMB_CONTRACT: z.string().regex(addressPattern, 'must be an address'),
  PLUMB_CHAIN_ID: integerField(1, 2 ** 47),
  PLUMB_RELAYER_KEY: z.string().regex(keyPattern, 'must be 0x and 64 hex digits'),
  /** Block of the contract's deployment: deposits are looked for from there. */
  PLUMB_DEPLOY_BLOCK: integerField(0, 2 ** 47).default(0),
  PLUMB_FINALITY: finality,
  /** A local chain's keeper writes its last durable block here: final then means durable, whatever the node says. */
  PLUMB_FINAL_BLOCK_FILE: z.string().min(1).optional(),
  /** The contract's own constant; a smaller value only renews marks more often. */
  PLUMB_MARK_AGE_MAX_S: integerField(120, 86_400).default(600),
  PLUMB_BATCH_FILLS_MAX: integerField(1, 5_000).default(500),
  PLUMB_BATCH_GAS_MAX: integerField(200_000, 16_000_000).default(12_000_000),
  PLUMB_BATCH_AGE_MS: integerField(0, 300_000).default(2_000),
  /** While gas is dear a batch waits longer, at most so long. */
  PLUMB_BATCH_AGE_MAX_MS: integerField(0, 300_000).default(15_000),
  /** Gas the chain settles for us in a second, in the long run: what waits is measured against it. 0: no throttle. */
  PLUMB_GAS_PER_S: integerField(0, 1_000_000_000).default(6_000_000),
  PLUMB_BATCH_FUNDING_AGE_MS: integerField(0, 300_000).default(60_000),
  /** A transaction that waited this long is replaced by a dearer one. */
  PLUMB_BUMP_AFTER_MS: integerField(1_000, 3_600_000).default(15_000),
  PLUMB_MAX_FEE_GWEI: integerField(1, 100_000).default(500),
})

/** The relayer's configuration. */
export type RelayerConfig = z.output<typeof schema>

/** @throws ConfigError with every bad key */
export const readConfig = (env: NodeJS.ProcessEnv = process.env): RelayerConfig =>
  loadConfig(schema, env)
