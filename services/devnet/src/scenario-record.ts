//! What happened, from the journal: every price, every liquidation with its explanation, insurance, and whether money stayed whole.
import { createEngine, type Engine } from '@plumb/engine'
import { readBatches } from '@plumb/journal'
import {
  type AdlExecuted,
  type AdlRound,
  CommandBuffer,
  decodeEvents,
  type EngineEvent,
  type EventHeader,
  type LiquidationExplained,
  type LiquidationFilled,
  type PositionTakenOver,
} from '@plumb/model'

type Found<T> = EventHeader & T
export type Outcome = Found<LiquidationFilled> | Found<PositionTakenOver> | Found<AdlRound>

/** One action of liquidation: why, and what came of it. */
export type Liquidation = {
  why: Found<LiquidationExplained>
  outcomes: Outcome[]
  /** Who was deleveraged for it. */
  deleveraged: Found<AdlExecuted>[]
}

export type PricePoint = { timeMs: number; indexTicks: number; markTicks: number }
export type MoneyPoint = { timeMs: number; insuranceQuote: number; backstopEquityQuote: number }

export type AccountEnd = {
  accountId: number
  cashQuote: number
  equityQuote: number
  lots: number
}

export type ScenarioRecord = {
  lastSeq: number
  commands: number
  prices: PricePoint[]
  money: MoneyPoint[]
  liquidations: Liquidation[]
  /** Ticks after which sums were compared, and the first where they differed. */
  sumsCompared: number
  firstLeak: string | undefined
  /** Accounts as they were when the play began, and as they are at the end. */
  before: ReadonlyMap<number, AccountEnd>
  after: ReadonlyMap<number, AccountEnd>
  insuranceQuote: number
  badDebtQuote: number
  depositsQuote: number
  /** Accounts below maintenance margin after the last command, the backstop aside. */
  unhealthy: number[]
}

const outcomeKinds = new Set<string>(['LiquidationFilled', 'PositionTakenOver', 'AdlRound'])

const isOutcome = (event: EngineEvent): event is Outcome => outcomeKinds.has(event.kind)

/** Deposits less payouts, against everything that is held; undefined when equal. */
const leakOf = (engine: Engine): string | undefined => {
  const t = engine.totals()
  const held =
    t.cashQuote + t.feesQuote + t.fundingPoolsQuote + t.insuranceQuote + t.pendingWithdrawalsQuote
  const owed = t.depositsQuote - t.paidQuote
  const unsettled = t.unsettledQuote
  // Cash carries the cost of positions, which sum to zero lots: unsettled ones are counted at their price.
  const difference = held + unsettled - t.badDebtQuote - owed
  return difference === 0 ? undefined : `seq ${engine.seq}: ${difference} micro-USDC too much`
}

const accountsOf = (engine: Engine, market: number): Map<number, AccountEnd> =>
  new Map(
    Array.from({ length: engine.accounts }, (_, i) => {
      const view = engine.account(i + 1)
      const lots = view?.positions.find((position) => position.market === market)?.lots ?? 0
      const { cashQuote = 0, equityQuote = 0 } = view ?? {}
      return [i + 1, { accountId: i + 1, cashQuote, equityQuote, lots }]
    }),
  )

/** Groups a command's liquidation events by the explanation before them. */
const liquidationsIn = (events: readonly EngineEvent[]): Liquidation[] => {
  const found: Liquidation[] = []
  for (const event of events) {
    const last = found.at(-1)
    if (event.kind === 'LiquidationExplained')
      found.push({ why: event, outcomes: [], deleveraged: [] })
    else if (event.kind === 'AdlExecuted') last?.deleveraged.push(event)
    else if (isOutcome(event)) last?.outcomes.push(event)
  }
  return found
}

/** Replays the journal up to `toSeq`; `beginMs` is when the play began. */
export const readRecord = (
  journalDir: string,
  market: number,
  toSeq: number,
  beginMs: number,
): ScenarioRecord => {
  const engine = createEngine()
  const slots = new CommandBuffer(1)
  const health = new Float64Array(3)
  const prices: PricePoint[] = []
  const money: MoneyPoint[] = []
  const liquidations: Liquidation[] = []
  let before: Map<number, AccountEnd> | undefined
  let sumsCompared = 0
  let firstLeak: string | undefined
  const take = (events: readonly EngineEvent[]) => {
    liquidations.push(...liquidationsIn(events))
    const marks = events.filter((event) => event.kind === 'MarkUpdated')
    const isTick = events.some((event) => event.kind === 'PremiumSampled') || marks.length > 0
    for (const { timeMs, market: of, indexTicks, markTicks } of marks)
      if (of === market) prices.push({ timeMs, indexTicks, markTicks })
    if (!isTick && liquidationsIn(events).length === 0) return
    sumsCompared += 1
    firstLeak ??= leakOf(engine)
    const view = engine.market(market)
    const backstop = engine.account(view?.backstopAccountId ?? 0)
    money.push({
      timeMs: engine.timeMs,
      insuranceQuote: view?.insuranceQuote ?? 0,
      backstopEquityQuote: backstop?.equityQuote ?? 0,
    })
  }
  for (const batch of readBatches(journalDir, 1, toSeq))
    for (const { payload } of batch.records()) {
      slots.load(0, payload)
      engine.events.clear()
      engine.apply(slots, 0)
      if (before === undefined && engine.timeMs >= beginMs) before = accountsOf(engine, market)
      take(decodeEvents(engine.events.bytes()))
    }
  const totals = engine.totals()
  const after = accountsOf(engine, market)
  return {
    lastSeq: engine.seq,
    commands: engine.seq,
    prices,
    money,
    liquidations,
    sumsCompared,
    firstLeak: firstLeak ?? leakOf(engine),
    before: before ?? after,
    after,
    insuranceQuote: totals.insuranceQuote,
    badDebtQuote: totals.badDebtQuote,
    depositsQuote: totals.depositsQuote,
    // A backstop is never liquidated: it holds what it took over.
    unhealthy: [...after.keys()].filter(
      (id) =>
        id !== engine.market(market)?.backstopAccountId &&
        engine.health(id, health) &&
        (health[0] ?? 0) < (health[2] ?? 0),
    ),
  }
}
