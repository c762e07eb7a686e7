//! What the margin service reads from its environment.
import { addressField, booleanField, integerField, loadConfig, serviceFields } from '@plumb/runtime'
import { z } from 'zod'

const schema = z.object({
  ...serviceFields,
  PLUMB_SEQUENCER: addressField,
  /** Directory of its own snapshots; without one every start replays the feed from its beginning. */
  PLUMB_MARGIN_DATA: z.string().min(1).optional(),
  PLUMB_MARGIN_SNAPSHOT_COMMANDS: integerField(1, 1e12).default(200_000),
  /** The exchange's heartbeat. One margin service of a deployment keeps it. */
  PLUMB_TICK: booleanField.default(true),
  PLUMB_TICK_MS: integerField(50, 60_000).default(1_000),
})

/** The margin service's configuration. */
export type MarginConfig = z.output<typeof schema>

/** @throws ConfigError with every bad key */
export const readConfig = (env: NodeJS.ProcessEnv = process.env): MarginConfig =>
  loadConfig(schema, env)
