//! Where prices come from: one interface for live venues, recorded files and the simulator.
import type { TimeMs } from '@plumb/model'
import type { PriceE18 } from './decimal.ts'

/** What a source says of one of its symbols, in the symbol's own quote currency. */
export type Quote = {
  source: string
  /** The source's own name of what is quoted (`BTCUSDT`); a feed says which market that prices. */
  symbol: string
  bid: PriceE18
  ask: PriceE18
  last: PriceE18
  /** The source's own time of it. */
  timeMs: TimeMs
}

/** How a source does, for the operator. Words are stable. */
export type SourceHealth = {
  name: string
  state: 'stopped' | 'connecting' | 'open' | 'waiting' | 'ended'
  /** Connections opened so far (0 where there is nothing to connect to). */
  connections: number
  quotes: number
  /** Messages that said nothing usable. */
  badMessages: number
  /** Why the last connection was given up. */
  lastFault?: string
}

/** A source of quotes of a fixed set of symbols. */
export type PriceSource = {
  readonly name: string
  /** Begins; `emit` hears each quote until `stop`. */
  start(emit: (quote: Quote) => void): void
  /**
   * Called before each publication with its time. Recorded and simulated sources quote then, so that the same times
   * give the same prices; live ones quote when their venue speaks.
   */
  advance(timeMs: TimeMs): void
  health(): SourceHealth
  stop(): Promise<void>
}
