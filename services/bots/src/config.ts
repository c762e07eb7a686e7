//! What the bots read from their environment.
import { integerField, loadConfig, serviceFields } from '@plumb/runtime'
import { z } from 'zod'

const keyField = z.string().regex(/^0x[0-9a-fA-F]{64}$/, 'must be 0x and 64 hex digits')
const listField = z
  .string()
  .transform((text) => text.split(/[\s,]+/).filter((part) => part !== ''))
  .pipe(z.array(z.string()).min(1))

const schema = z.object({
  ...serviceFields,
  PLUMB_GATEWAY_URL: z.url(),
  /** Which bots this process runs. */
  PLUMB_BOT: z
    .enum(['market-maker', 'taker', 'funding-capture', 'liquidator', 'all'])
    .default('all'),
  PLUMB_MARKET_MAKER_KEY: keyField.optional(),
  PLUMB_TAKER_KEY: keyField.optional(),
  PLUMB_CAPTURE_KEY: keyField.optional(),
  PLUMB_LIQUIDATOR_KEY: keyField.optional(),
  /** Every active market with a price band unless given; those listed later are joined. */
  PLUMB_BOT_MARKETS: listField.optional(),
  /** What a bot deposits when its account is new, whole USDC (devnet: minted if the wallet lacks it). */
  PLUMB_BOT_DEPOSIT_USDC: integerField(1, 1_000_000_000).default(5_000_000),
  PLUMB_MAKER_PERIOD_MS: integerField(100, 3_600_000).default(2_000),
  PLUMB_MAKER_LEVELS: integerField(1, 50).default(5),
  /** Distance of the best bid and ask from each other, ppm of the price. */
  PLUMB_MAKER_SPREAD_PPM: integerField(1, 100_000).default(400),
  /** Distance of one level to the next. */
  PLUMB_MAKER_STEP_PPM: integerField(1, 100_000).default(300),
  /** Notional of one quote, whole USDC; each level further out holds as much more. */
  PLUMB_MAKER_QUOTE_USDC: integerField(1, 10_000_000).default(5_000),
  /** Position, whole USDC, at which one side is no longer quoted. */
  PLUMB_MAKER_INVENTORY_USDC: integerField(1, 100_000_000).default(250_000),
  PLUMB_TAKER_PERIOD_MS: integerField(100, 3_600_000).default(2_000),
  PLUMB_TAKER_ORDER_USDC: integerField(1, 10_000_000).default(1_500),
  PLUMB_CAPTURE_PERIOD_MS: integerField(100, 3_600_000).default(10_000),
  /** Notional of one market's position, whole USDC. */
  PLUMB_CAPTURE_USDC: integerField(1, 10_000_000).default(20_000),
  /** Hours over which the costs of a round trip must be earned back. */
  PLUMB_CAPTURE_HORIZON_HOURS: integerField(1, 100_000).default(720),
  /** Cost of the simulated spot leg, spread and fee, ppm of what it trades. */
  PLUMB_CAPTURE_SPOT_COST_PPM: integerField(0, 100_000).default(500),
  /** Where the books of the capture are kept; without it a restart begins new ones. */
  PLUMB_BOTS_DATA: z.string().min(1).optional(),
  PLUMB_LIQUIDATOR_PERIOD_MS: integerField(1_000, 3_600_000).default(30_000),
  /** Node and contract of the liquidator; those the gateway names unless given. */
  PLUMB_RPC_URL: z.url().optional(),
  PLUMB_CONTRACT: z.string().optional(),
  /** Block of the contract's deployment: where the liquidator begins to read. */
  PLUMB_DEPLOY_BLOCK: integerField(0, 1e12).default(0),
})

/** The bots' configuration. */
export type BotsConfig = z.output<typeof schema>

/** @throws ConfigError with every bad key */
export const readConfig = (env: NodeJS.ProcessEnv = process.env): BotsConfig =>
  loadConfig(schema, env)
