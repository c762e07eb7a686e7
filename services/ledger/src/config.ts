//! What the ledger service reads from its environment.
import { addressField, integerField, loadConfig, serviceFields } from '@plumb/runtime'
import { z } from 'zod'

const schema = z.object({
  ...serviceFields,
  PLUMB_SEQUENCER: addressField,
  DATABASE_URL: z.string().min(1),
  PLUMB_RPC_URL: z.url({ protocol: /^https?$/ }),
  PLUMB_CONTRACT: z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'must be an address'),
  PLUMB_MARGIN_URL: z.url({ protocol: /^https?$/ }),
  /** What arrives within this time goes into one transaction. */
  PLUMB_LEDGER_LINGER_MS: integerField(0, 1_000).default(10),
  /** Commands received and not yet durable at most; a transaction has a quarter of them. */
  PLUMB_LEDGER_FRAMES_MAX: integerField(1, 100_000).default(20_000),
  PLUMB_RECONCILE_INTERVAL_MS: integerField(1_000, 86_400_000).default(60_000),
})

/** The ledger service's configuration. */
export type LedgerConfig = z.output<typeof schema>

/** @throws ConfigError with every bad key */
export const readConfig = (env: NodeJS.ProcessEnv = process.env): LedgerConfig =>
  loadConfig(schema, env)
