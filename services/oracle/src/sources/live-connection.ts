//! One WebSocket connection to a venue, from its opening to its end: bounded in everything, trusts nothing.
import type { Clock } from '@plumb/runtime'
import { type RawData, WebSocket } from 'ws'
import type { Quote } from '../price-source.ts'
import { type Venue, VenueFault, type VenueFaultCode, type VenueSession } from '../venues/venue.ts'

/** Every limit of a live connection, milliseconds unless the name says otherwise. */
export type LiveLimits = {
  handshakeMs: number
  /** No message at all for this long: the connection is dead. */
  silentMs: number
  /** Messages but no quote for this long: the subscription is dead. */
  quoteSilentMs: number
  /** A larger message ends the connection. */
  messageBytesMax: number
  messagesPerSecondMax: number
  /** Messages in a row that nobody understands. */
  badInRowMax: number
  /** Pauses between connections: doubled from the first to the last, less a random part of up to half. */
  pauseMinMs: number
  pauseMaxMs: number
  /** A venue that refuses a symbol is asked again by a new connection after this long; the others go on until then. */
  refusedMs: number
  /** A connection that lived this long begins the pauses anew; one that the venue drops at once does not. */
  stableMs: number
  /** How long a goodbye may take. */
  closeMs: number
}

export const liveLimits: LiveLimits = {
  handshakeMs: 10_000,
  silentMs: 15_000,
  quoteSilentMs: 60_000,
  messageBytesMax: 1_048_576,
  messagesPerSecondMax: 5_000,
  badInRowMax: 20,
  pauseMinMs: 500,
  pauseMaxMs: 60_000,
  refusedMs: 600_000,
  stableMs: 60_000,
  closeMs: 1_000,
}

/** Why a connection was given up. Words are stable. */
export type LiveFault =
  | VenueFaultCode
  | 'closed_by_venue'
  | 'connect_failed'
  | 'http_refused'
  | 'silent'
  | 'no_quotes'
  | 'message_too_large'
  | 'too_many_messages'
  | 'not_understood'

/** What a connection tells its owner. */
export type ConnectionEvents = {
  opened(): void
  quoted(quote: Omit<Quote, 'source'>): void
  misunderstood(): void
  /** The venue refuses a symbol; the connection goes on. */
  refused(detail: string): void
  /** Once, last. */
  ended(fault: LiveFault, detail: string): void
}

/** One WebSocket connection, from its opening to its end. */
export class LiveConnection {
  readonly #venue: Venue
  readonly #limits: LiveLimits
  readonly #clock: Clock
  readonly #events: ConnectionEvents
  readonly #session: VenueSession
  readonly #socket: WebSocket
  readonly #timers: NodeJS.Timeout[] = []
  readonly #gone: Promise<void>
  #ended = false
  #isRefused = false
  #heardMs: number
  #quotedMs: number
  #secondStartMs = 0
  #messagesThisSecond = 0
  #badInRow = 0

  constructor(
    venue: Venue,
    url: string,
    symbols: readonly string[],
    limits: LiveLimits,
    clock: Clock,
    events: ConnectionEvents,
  ) {
    this.#venue = venue
    this.#limits = limits
    this.#clock = clock
    this.#events = events
    this.#session = venue.openSession(symbols)
    this.#heardMs = clock.monotonicMs()
    this.#quotedMs = this.#heardMs
    this.#socket = new WebSocket(url, {
      handshakeTimeout: limits.handshakeMs,
      maxPayload: limits.messageBytesMax,
      // A small compressed frame can grow a thousandfold.
      perMessageDeflate: false,
    })
    this.#gone = new Promise((resolve) => this.#socket.once('close', () => resolve()))
    this.#listen(symbols)
  }

  /** Says goodbye, and hangs up where the venue does not answer in time. */
  async close(): Promise<void> {
    this.#finish()
    const hangUp = setTimeout(() => this.#socket.terminate(), this.#limits.closeMs)
    this.#socket.close(1_000)
    await this.#gone
    clearTimeout(hangUp)
  }

  #listen(symbols: readonly string[]): void {
    const socket = this.#socket
    socket.on('open', () => {
      this.#events.opened()
      for (const text of this.#venue.subscriptions(symbols)) socket.send(text)
      const { ping } = this.#venue
      if (ping !== undefined)
        this.#timers.push(setInterval(() => socket.send(ping.text), ping.everyMs))
    })
    const checkMs = Math.max(10, Math.min(1_000, this.#limits.silentMs / 4))
    this.#timers.push(setInterval(() => this.#checkSilence(), checkMs))
    socket.on('ping', () => {
      this.#heardMs = this.#clock.monotonicMs()
    })
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary))
    socket.on('unexpected-response', (_request, response) => {
      response.resume()
      this.#end('http_refused', `HTTP ${response.statusCode ?? 0}`)
    })
    socket.on('error', (error) => {
      const code = 'code' in error ? error.code : undefined
      const isLarge = code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
      const isFrame = typeof code === 'string' && code.startsWith('WS_ERR_')
      this.#end(
        isLarge ? 'message_too_large' : isFrame ? 'not_understood' : 'connect_failed',
        error.message,
      )
    })
    socket.on('close', (code) => this.#end('closed_by_venue', `code ${code}`))
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#ended) return
    const nowMs = this.#clock.monotonicMs()
    this.#heardMs = nowMs
    if (nowMs - this.#secondStartMs >= 1_000) {
      this.#secondStartMs = nowMs
      this.#messagesThisSecond = 0
    }
    this.#messagesThisSecond += 1
    if (this.#messagesThisSecond > this.#limits.messagesPerSecondMax)
      return this.#end('too_many_messages', `${this.#messagesThisSecond} in a second`)
    if (isBinary || !Buffer.isBuffer(data)) return this.#misunderstand('a binary message')
    try {
      const quotes = this.#session.receive(data.toString('utf8'))
      this.#badInRow = 0
      if (quotes.length > 0) this.#quotedMs = nowMs
      for (const quote of quotes) this.#events.quoted(quote)
    } catch (error) {
      if (error instanceof VenueFault) this.#onFault(error)
      else this.#misunderstand(error instanceof Error ? error.name : 'unknown')
    }
  }

  #onFault({ code, message }: VenueFault): void {
    if (code !== 'subscription_refused') return this.#end(code, message)
    this.#events.refused(message)
    if (this.#isRefused) return
    this.#isRefused = true
    this.#timers.push(setTimeout(() => this.#end(code, message), this.#limits.refusedMs))
  }

  #misunderstand(why: string): void {
    this.#badInRow += 1
    this.#events.misunderstood()
    if (this.#badInRow >= this.#limits.badInRowMax) this.#end('not_understood', why)
  }

  #checkSilence(): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#heardMs > this.#limits.silentMs) this.#end('silent', 'no message')
    else if (nowMs - this.#quotedMs > this.#limits.quoteSilentMs) this.#end('no_quotes', 'no quote')
  }

  #finish(): boolean {
    if (this.#ended) return false
    this.#ended = true
    for (const timer of this.#timers) clearInterval(timer)
    return true
  }

  #end(fault: LiveFault, detail: string): void {
    if (!this.#finish()) return
    this.#socket.terminate()
    this.#events.ended(fault, detail)
  }
}
