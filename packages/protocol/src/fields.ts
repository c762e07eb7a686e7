//! The leaves every schema is made of.
import { limits } from '@plumb/model'
import { z } from 'zod'
import { canonicalDecimal } from './decimal.ts'

const u32Max = 4_294_967_295
const DECIMAL_LENGTH_MAX = 40

/** Canonical decimal text; may be negative. */
export const decimalField = z
  .string()
  .max(DECIMAL_LENGTH_MAX)
  .regex(canonicalDecimal, { error: 'not a canonical decimal string', abort: true })
  .meta({ description: 'Canonical decimal string', examples: ['60000.5'] })

/** Canonical decimal text, not negative. */
export const amountField = z
  .string()
  .max(DECIMAL_LENGTH_MAX)
  .regex(/^(?:0|[1-9]\d{0,19})(?:\.\d{0,17}[1-9])?$/, {
    error: 'not a canonical non-negative decimal string',
  })
  .meta({ description: 'Canonical decimal string, not negative', examples: ['0.1'] })

export const addressField = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, { error: 'not an address: 0x and 40 hex digits' })
  .meta({ description: 'Address of the owner', examples: [`0x${'ab'.repeat(20)}`] })

export const signatureField = z
  .string()
  .max(132)
  .regex(/^0x(?:[0-9a-fA-F]{128}|[0-9a-fA-F]{130})$/, {
    error: 'not a signature: 0x and 65 bytes (r, s, v) or 64 bytes (EIP-2098) in hex',
  })
  .meta({ description: 'EIP-712 signature, 65 bytes r s v or 64 bytes EIP-2098' })

export const hashField = z.string().regex(/^0x[0-9a-f]{64}$/)

export const clientOrderIdField = z
  .string()
  .min(1)
  .max(limits.clientOrderIdLengthMax)
  .regex(/^[\x21-\x7e]*$/, { error: 'printable ASCII without spaces' })
  .meta({ description: 'Your own id of the order, unique in the account' })

/** Market symbol as asked for: whether it exists is the gateway's to say. */
export const symbolField = z
  .string()
  .min(1)
  .max(limits.symbolLengthMax)
  .meta({ description: 'Market symbol', examples: ['BTC-PERP'] })

export const subaccountField = z.int().min(0).max(255)
export const laneField = z
  .int()
  .min(0)
  .max(65_535)
  .meta({ description: `Lane, 0 … ${limits.lanesPerAccountMax - 1}` })
export const laneSeqField = z
  .int()
  .min(1)
  .max(u32Max)
  .meta({ description: 'Sequence number within the lane, rising' })
export const expiryField = z.int().min(1).max(u32Max).meta({ description: 'Unix seconds' })
export const maxFeeField = z
  .int()
  .min(0)
  .max(limits.maxFeeMax)
  .meta({ description: 'Highest fee accepted, units of 10 ppm' })
export const timeMsField = z
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .meta({ description: 'Milliseconds since 1970-01-01 UTC' })
export const sideField = z.enum(['buy', 'sell'])
export const timeInForceField = z.enum(['GTC', 'IOC', 'FOK'])
export const orderStyleField = z
  .enum(['slide', 'peg', 'trailing', 'twap', 'iceberg', 'scale'])
  .meta({ description: 'What the engine does with the order within its signed limit' })
export const triggerKindField = z.enum(['stop', 'take_profit'])
export const triggerByField = z
  .enum(['mark', 'index', 'last'])
  .meta({ description: 'Only a trigger on mark is signed and proven on-chain' })

/** Id of an order, trade …: decimal digits. */
export const idField = z
  .string()
  .max(16)
  .regex(/^(?:0|[1-9]\d{0,15})$/, { error: 'not an id: decimal digits' })
  .meta({ description: 'Id' })
export const seqField = z.int().min(0).meta({ description: 'Engine sequence number' })
