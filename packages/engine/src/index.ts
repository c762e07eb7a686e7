export { createEngine, Engine, restoreEngine } from './engine.ts'
export { defaultLimits, type EngineLimits } from './engine-limits.ts'
export type {
  AccountView,
  AdvancedView,
  EngineTotals,
  LaneView,
  MarketView,
  OrderView,
  PositionView,
} from './engine-reads.ts'
export type { EventBuffer } from './event-buffer.ts'
export type { SessionKeyView } from './read-session-key.ts'
export { ReferenceBook, type RestingOrder } from './reference/reference-book.ts'
export type { FundingClockView, MarketRiskView, VolatilityView } from './risk-reads.ts'
export { warmUp } from './warm-up.ts'
