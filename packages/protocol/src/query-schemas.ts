//! Query strings of REST reads. Their values are text, so numbers are parsed here (nothing of this was signed).
import { z } from 'zod'
import { addressField, clientOrderIdField, sideField, symbolField } from './fields.ts'
import { candleIntervalField } from './request-schemas.ts'

const integerText = (min: number, max: number) =>
  z
    .string()
    .max(16)
    .regex(/^(?:0|[1-9]\d*)$/, { error: 'not a whole number', abort: true })
    .transform(Number)
    .pipe(z.int().min(min).max(max))

const LIST_LIMIT_MAX = 1_000

/** Page of a list: oldest first from `since`, else the newest; both ascending. */
const pageQuery = {
  since: integerText(0, Number.MAX_SAFE_INTEGER).optional(),
  until: integerText(0, Number.MAX_SAFE_INTEGER).optional(),
  limit: integerText(1, LIST_LIMIT_MAX).optional(),
  cursor: z.string().min(1).max(256).optional(),
}
const account = {
  account: addressField.optional(),
  subaccount: integerText(0, 255).optional(),
}

export const emptyQuery = z.strictObject({})
export const listQuery = z.strictObject(pageQuery)
export const accountQuery = z.strictObject(account)
export const accountListQuery = z.strictObject({
  ...account,
  ...pageQuery,
  market: symbolField.optional(),
})
export const ordersQuery = z.strictObject({
  ...account,
  ...pageQuery,
  market: symbolField.optional(),
  status: z
    .enum(['open', 'closed', 'canceled'])
    .optional()
    .meta({ description: 'closed: no longer open, filled and canceled ones alike' }),
})
export const cancelAllQuery = z.strictObject({
  ...account,
  market: symbolField.optional(),
  side: sideField.optional(),
})
export const bookQuery = z.strictObject({
  depth: integerText(1, 1_000).optional(),
  level: z.enum(['2', '3']).optional(),
})
export const adlQuery = z.strictObject({ limit: pageQuery.limit })
export const candlesQuery = z.strictObject({
  ...pageQuery,
  interval: candleIntervalField.optional(),
  price: z.enum(['last', 'mark', 'index']).optional(),
})

export const exportParams = z.strictObject({
  file: z.enum(['fills.csv', 'orders.csv', 'funding.csv', 'ledger.csv', 'transfers.csv']),
})
export const exportQuery = z.strictObject({
  ...account,
  since: pageQuery.since,
  until: pageQuery.until,
})
export const marketParams = z.strictObject({ market: symbolField })
export const orderParams = z.strictObject({ id: z.string().min(1).max(20) })
export const agentParams = z.strictObject({ address: addressField })
export const clientOrderParams = z.strictObject({ clientOrderId: clientOrderIdField })

export type PageQuery = {
  since?: number | undefined
  until?: number | undefined
  limit?: number | undefined
  cursor?: string | undefined
}
