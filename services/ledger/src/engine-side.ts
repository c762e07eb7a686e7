//! The engine's figures, from the margin service, which runs an engine of its own.
import type { Totals } from '@plumb/ledger'
import { z } from 'zod'

const quote = z.int()
const totals = z.object({
  cashQuote: quote,
  feesQuote: quote,
  poolsQuote: quote,
  pendingWithdrawalsQuote: quote,
  depositsQuote: quote,
  paidQuote: quote,
}) satisfies z.ZodType<Totals>

const state = z.object({
  seq: z.int(),
  totals,
  accounts: z.array(
    z.object({
      accountId: z.int(),
      owner: z.string().regex(/^0x[0-9a-fA-F]{40}$/),
      subaccount: z.int(),
      cashQuote: quote,
      positions: z.array(z.object({ market: z.int(), lots: z.int() })),
    }),
  ),
  markets: z
    .array(
      z.object({
        market: z.int(),
        fundingPoolQuote: quote,
        insuranceQuote: quote,
        badDebtQuote: quote,
      }),
    )
    .optional(),
})

/** Everything the engine holds right after `seq`. */
export type EngineSide = z.output<typeof state>

const TIMEOUT_MS = 10_000

/** @throws when the service does not answer or answers something else */
export async function readEngineSide(marginUrl: string): Promise<EngineSide> {
  const response = await fetch(new URL('/state', marginUrl), {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (!response.ok) throw new Error(`margin service answers ${response.status}`)
  return state.parse(await response.json())
}
