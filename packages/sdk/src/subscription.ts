//! One subscription: which events belong to it, and whether one is missing.
import {
  type CandleInterval,
  type Channel,
  privateChannels,
  type StreamEvent,
} from '@plumb/protocol'

/** What to listen to. Private channels name an account that is authenticated on the stream. */
export type Topic = {
  channel: Channel
  market?: string
  /** Candles only; 1m by default. */
  interval?: CandleInterval
  account?: string
  subaccount?: number
}

/** Hears the events of a subscription. */
export type EventHandler = (event: StreamEvent) => void

const privateNames: ReadonlySet<string> = new Set(privateChannels)

/** What the stream does after an event was judged. */
export type Verdict = 'deliver' | 'drop' | 'gap'

/** Keeps the chain of `seq` and `prevSeq` of one topic. */
export class Subscription {
  readonly topic: Topic
  readonly handler: EventHandler
  readonly isPrivate: boolean
  // One chain for each market: a topic without a market carries several.
  readonly #lastSeqs = new Map<string | null, number>()
  /** Whether a snapshot must come before deltas count. */
  #waiting = true

  constructor(topic: Topic, handler: EventHandler) {
    this.topic = topic
    this.handler = handler
    this.isPrivate = privateNames.has(topic.channel)
  }

  /** Sequence number to resume from; undefined before the first event. */
  get lastSeq(): number | undefined {
    return this.#lastSeqs.size === 0 ? undefined : Math.max(...this.#lastSeqs.values())
  }

  /** Whether an event is of this topic. */
  matches(event: StreamEvent): boolean {
    const { channel, market, interval = '1m', account, subaccount } = this.topic
    return (
      channel === event.channel &&
      (channel !== 'candles' || interval === event.interval) &&
      (market === undefined || market === event.market) &&
      (account === undefined || account.toLowerCase() === event.account?.toLowerCase()) &&
      (subaccount === undefined || subaccount === event.subaccount)
    )
  }

  /** The connection was lost or a gap seen: deltas are dropped until a snapshot comes. */
  restart(): void {
    this.#waiting = true
    if (!this.isPrivate) this.#lastSeqs.clear()
  }

  /** The exchange resumed after `lastSeq`: what comes continues the chain. */
  resumed(): void {
    this.#waiting = false
  }

  /** What to do with an event; keeps the chain. */
  judge(event: StreamEvent): Verdict {
    const last = this.#lastSeqs.get(event.market)
    if (event.type === 'snapshot') this.#waiting = false
    else if (event.type === 'delta' && this.#waiting) return 'drop'
    else if (last !== undefined) {
      if (event.seq <= last) return 'drop' // seen before a resume
      if (event.prevSeq !== last) return 'gap'
    }
    this.#lastSeqs.set(event.market, event.seq)
    return 'deliver'
  }
}
