//! What the reads about the exchange itself answer.
import { z } from 'zod'
import { addressField, amountField, timeMsField } from './fields.ts'

export const timeObject = z.object({ ts: timeMsField }).meta({ id: 'Time' })

const typedFields = z.array(z.object({ name: z.string(), type: z.string() }))
/** Everything a generic EIP-712 signer needs. */
export const signingObject = z
  .object({
    domain: z.object({
      name: z.string(),
      version: z.string(),
      chainId: z.int(),
      verifyingContract: addressField,
    }),
    types: z.record(z.string(), typedFields).meta({
      description: 'By primary type; a raw eth_signTypedData_v4 wants EIP712Domain among them',
    }),
    chainId: z.int(),
    contract: addressField.meta({ description: 'Where orders settle' }),
    scales: z.record(z.string(), z.int()).meta({
      description:
        'What a decimal is multiplied by to be signed, by field; what is not here is signed as it is',
    }),
    settlementLagS: z.int().nullable().meta({
      description: 'Seconds that a signed expiry must leave for settlement',
    }),
    lanesMax: z.int().meta({ description: 'Lanes of an account: 0 … lanesMax − 1' }),
  })
  .meta({ id: 'Signing' })

const transferLimits = {
  minDeposit: amountField.nullable(),
  maxDeposit: amountField.nullable().meta({ description: 'null: no limit' }),
  minWithdrawal: amountField.nullable(),
  maxWithdrawal: amountField.nullable().meta({ description: 'null: no limit' }),
  withdrawalFee: amountField.nullable(),
}
export const currencyObject = z
  .object({
    id: z.string(),
    code: z.string(),
    name: z.string(),
    type: z.enum(['crypto', 'other']),
    precision: amountField.nullable().meta({ description: 'A tick of it; null: never moved here' }),
    depositEnabled: z.boolean(),
    withdrawEnabled: z.boolean(),
    ...transferLimits,
    networks: z.array(
      z.object({
        id: z.string(),
        chainId: z.int(),
        contract: addressField.meta({
          description: 'Holds the deposits; its `token()` is the token it takes',
        }),
        confirmations: z.int().nullable().meta({
          description:
            'Blocks until a deposit is final, as the latest ones met it; null: none has waited yet. Each pending deposit tells its own',
        }),
        ...transferLimits,
      }),
    ),
  })
  .meta({ id: 'Currency' })

const total = amountField.nullable()
export const reconciliationObject = z
  .object({
    ok: z.boolean(),
    checkedAt: timeMsField.nullable().meta({ description: 'null: not compared yet' }),
    seq: z.int().nullable(),
    batchNo: z.int().nullable().optional(),
    accounts: z.int().nullable().optional(),
    totals: z
      .array(z.object({ name: z.string(), engine: total, ledger: total, chain: total }))
      .meta({ description: 'null: that side could not be asked' }),
    firstDifference: z.unknown().nullable(),
  })
  .meta({ id: 'Reconciliation' })
