//! What risk reads remember of the past: the hour's premium samples, funding payments, warnings, notices of rising margin.
// A fold over the feed, so that a snapshot and the events after it give the same as all events: nothing is lost by a kill.
import type { Engine } from '@plumb/engine'
import {
  type AccountId,
  commandKind,
  decodeEvent,
  EVENT_STRIDE,
  eventHeader,
  eventKind,
  type MarketId,
  type Ppm,
  type Quote,
  type RiskLevel,
  riskLevel,
  type Seq,
  type TimeMs,
} from '@plumb/model'

/** An account came nearer to liquidation, or went further from it, at a tick. */
export type RiskWarning = {
  seq: Seq
  timeMs: TimeMs
  accountId: AccountId
  from: RiskLevel
  to: RiskLevel
  equityQuote: Quote
  /** With open orders; null: beyond exact arithmetic. */
  initialMarginQuote: Quote | null
  maintenanceMarginQuote: Quote
}
/** A market's volatility requirement will rise at `effectiveMs` unless its index comes back before. */
export type MarginNotice = {
  seq: Seq
  timeMs: TimeMs
  market: MarketId
  fromPpm: Ppm
  toPpm: Ppm
  effectiveMs: TimeMs
}
/** Premium in 1e-10 of the index. */
export type PremiumSample = { timeMs: TimeMs; premium: number }
/** Rate in 1e-10 of eight hours. */
export type FundingPayment = {
  timeMs: TimeMs
  rate: number
  deltaIndex: number
  fundingIndex: number
  indexTicks: number
  intervalS: number
}

/** What a snapshot keeps. */
export type WatchRecord = {
  levels: [AccountId, RiskLevel][]
  warnings: RiskWarning[]
  notices: MarginNotice[]
  premiums: [MarketId, PremiumSample[]][]
  payments: [MarketId, FundingPayment[]][]
}

/** Newest entries kept of each list. */
export const kept = { warnings: 10_000, notices: 1_000, payments: 168 } as const

const MINUTE_MS = 60_000

const keep = <T>(list: T[], entry: T, most: number) => {
  list.push(entry)
  // Cut seldom, so that a full list costs nothing at each entry.
  if (list.length >= 2 * most) list.splice(0, list.length - most)
}
const listOf = <T>(lists: Map<MarketId, T[]>, market: MarketId): T[] => {
  const known = lists.get(market)
  if (known !== undefined) return known
  const fresh: T[] = []
  lists.set(market, fresh)
  return fresh
}

export class RiskWatch {
  readonly #levels: Map<AccountId, RiskLevel>
  readonly #warnings: RiskWarning[]
  readonly #notices: MarginNotice[]
  readonly #premiums: Map<MarketId, PremiumSample[]>
  readonly #payments: Map<MarketId, FundingPayment[]>
  readonly #health = new Float64Array(3)

  /** @param record of a snapshot; nothing known by default */
  constructor(record?: WatchRecord) {
    this.#levels = new Map(record?.levels)
    this.#warnings = record?.warnings ?? []
    this.#notices = record?.notices ?? []
    this.#premiums = new Map(record?.premiums)
    this.#payments = new Map(record?.payments)
  }

  /** Takes note of a command that `engine` has just applied, and of its events. */
  take(engine: Engine, kind: number, events: Uint8Array): void {
    if (kind !== commandKind.Tick) return
    this.#noteFunding(events)
    this.#noteNotices(engine)
    for (let id = 1; id <= engine.accounts; id++) this.#noteLevel(engine, id)
  }

  /** Level of an account at the last tick. */
  level(accountId: AccountId): RiskLevel {
    return this.#levels.get(accountId) ?? 'safe'
  }

  /** Warnings after a command, oldest first. */
  warnings(afterSeq: Seq, limit: number, accountId?: AccountId): RiskWarning[] {
    const wanted = (warning: RiskWarning) =>
      warning.seq > afterSeq && (accountId === undefined || warning.accountId === accountId)
    return this.#warnings.slice(-kept.warnings).filter(wanted).slice(0, limit)
  }

  notices(afterSeq: Seq, limit: number): MarginNotice[] {
    return this.#notices
      .slice(-kept.notices)
      .filter(({ seq }) => seq > afterSeq)
      .slice(0, limit)
  }

  /** Samples of the present hour, oldest first. */
  premiums(market: MarketId): readonly PremiumSample[] {
    return this.#premiums.get(market) ?? []
  }

  /** Last week's payments, oldest first. */
  payments(market: MarketId): readonly FundingPayment[] {
    return (this.#payments.get(market) ?? []).slice(-kept.payments)
  }

  record(): WatchRecord {
    return {
      levels: [...this.#levels],
      warnings: this.#warnings.slice(-kept.warnings),
      notices: this.#notices.slice(-kept.notices),
      premiums: [...this.#premiums],
      payments: [...this.#payments].map(([market, list]) => [market, list.slice(-kept.payments)]),
    }
  }

  #noteFunding(events: Uint8Array): void {
    const view = new DataView(events.buffer, events.byteOffset, events.byteLength)
    for (let at = 0; at < events.length; at += EVENT_STRIDE) {
      const kind = view.getInt32(at + eventHeader.kindI32 * 4, true)
      if (kind !== eventKind.PremiumSampled && kind !== eventKind.FundingApplied) continue
      const event = decodeEvent(events, at)
      if (event.kind === 'PremiumSampled')
        listOf(this.#premiums, event.market).push({ timeMs: event.timeMs, premium: event.premium })
      else if (event.kind === 'FundingApplied') {
        const { market, timeMs, rate, deltaIndex, fundingIndex, indexTicks, intervalS } = event
        const payment = { timeMs, rate, deltaIndex, fundingIndex, indexTicks, intervalS }
        keep(listOf(this.#payments, market), payment, kept.payments)
        this.#premiums.set(market, [])
      }
    }
  }

  #noteNotices(engine: Engine): void {
    for (const { market, fromPpm, toPpm, minute } of engine.volatilityRises()) {
      const effectiveMs = minute * MINUTE_MS
      const last = this.#notices.findLast((notice) => notice.market === market)
      // Once a minute, and again when it gets worse.
      if (last !== undefined && last.effectiveMs === effectiveMs && last.toPpm >= toPpm) continue
      const { seq, timeMs } = engine
      keep(this.#notices, { seq, timeMs, market, fromPpm, toPpm, effectiveMs }, kept.notices)
    }
  }

  #noteLevel(engine: Engine, accountId: AccountId): void {
    const [equityQuote = 0, initial = 0, maintenanceMarginQuote = 0] = this.#healthOf(
      engine,
      accountId,
    )
    const from = this.level(accountId)
    const to = riskLevel(equityQuote, initial, maintenanceMarginQuote)
    if (from === to) return
    if (to === 'safe') this.#levels.delete(accountId)
    else this.#levels.set(accountId, to)
    const { seq, timeMs } = engine
    const initialMarginQuote = Number.isFinite(initial) ? initial : null
    const money = { equityQuote, initialMarginQuote, maintenanceMarginQuote }
    keep(this.#warnings, { seq, timeMs, accountId, from, to, ...money }, kept.warnings)
  }

  /** E, ΣIM, ΣMM; zeros for an account that holds nothing. */
  #healthOf(engine: Engine, accountId: AccountId): Float64Array {
    if (!engine.health(accountId, this.#health)) this.#health.fill(0)
    return this.#health
  }
}
