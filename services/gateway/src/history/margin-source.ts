//! What only the margin service remembers: queues of auto-deleveraging, early warnings, notices of rising margin.
import { PlumbError } from '@plumb/protocol'
import type { Logger } from '@plumb/runtime'
import { z } from 'zod'

const TIMEOUT_MS = 2_000
/** Rows it gives at once. */
const PAGE_MAX = 1_000

const integer = z.int()
const adlSide = z.object({
  accounts: integer,
  lots: integer,
  entries: z.array(z.object({ rank: integer, lots: integer, leverageE3: integer })),
})
const adlAnswer = z.object({ seq: integer, timeMs: integer, longs: adlSide, shorts: adlSide })
const level = z.enum(['safe', 'restricted', 'warning', 'danger', 'liquidation'])
const warning = z.object({
  seq: integer,
  timeMs: integer,
  accountId: integer,
  from: level,
  to: level,
  equityQuote: integer,
  initialMarginQuote: integer.nullable(),
  maintenanceMarginQuote: integer,
})
const notice = z.object({
  seq: integer,
  timeMs: integer,
  market: integer,
  fromPpm: integer,
  toPpm: integer,
  effectiveMs: integer,
})

/** Answers of services/margin/READS.md, in the engine's integers. */
export type AdlAnswer = z.infer<typeof adlAnswer>
export type WarningRow = z.infer<typeof warning>
export type MarginNoticeRow = z.infer<typeof notice>

export class MarginSource {
  readonly #url: string | undefined
  readonly #logger: Logger

  /** @param url undefined: there is none, and every read throws RISK_UNAVAILABLE */
  constructor(url: string | undefined, logger: Logger) {
    this.#url = url
    this.#logger = logger
  }

  /** The first `limit` of each side. */
  adl(market: number, limit: number): Promise<AdlAnswer> {
    return this.#read(`/markets/${market}/adl?limit=${limit}`, adlAnswer)
  }

  /** What it remembers of an account, oldest first. */
  warnings(accountId: number): Promise<WarningRow[]> {
    return this.#all(`/warnings?account=${accountId}`, warning)
  }

  /** What it remembers, oldest first. */
  notices(): Promise<MarginNoticeRow[]> {
    return this.#all('/notices?', notice)
  }

  async #all<T extends { seq: number }>(path: string, row: z.ZodType<T>): Promise<T[]> {
    const answer = z.object({ items: z.array(row), after: integer })
    const rows: T[] = []
    for (let from = 0; ; ) {
      const { items, after } = await this.#read(`${path}&after=${from}&limit=${PAGE_MAX}`, answer)
      rows.push(...items)
      if (items.length < PAGE_MAX) return rows
      from = after
    }
  }

  async #read<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    if (this.#url === undefined) throw new PlumbError('RISK_UNAVAILABLE')
    try {
      const answer = await fetch(`${this.#url}${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
      if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
      return schema.parse(await answer.json())
    } catch (error) {
      this.#logger.warn({ err: error }, 'margin service does not answer')
      throw new PlumbError('RISK_UNAVAILABLE')
    }
  }
}
