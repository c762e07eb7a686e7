//! The stream of an exchange: pipelined requests, subscriptions that survive reconnections and repair their gaps.
import type { StreamEvent, StreamOp } from '@plumb/protocol'
import {
  AuthenticationError,
  errorDetailOf,
  errorFrom,
  NotConnectedError,
  OutcomeUnknownError,
  PlumbError,
  StreamGapError,
} from './errors.ts'
import { LocalBook } from './local-book.ts'
import { SocketLink, type SocketLinkOptions } from './socket-link.ts'
import { type EventHandler, Subscription, type Topic } from './subscription.ts'

/** Where the stream is, and how patient it is. */
export type StreamOptions = SocketLinkOptions & {
  /** A request without an answer after so long has an unknown outcome, 30,000 ms by default. */
  requestTimeoutMs?: number
}

/** Whether there is a connection, and why there is none. */
export type StreamStatus = { connected: boolean; reason?: string }

/** What the stream reports beside events: trouble that it repairs by itself. */
export type StreamNotice = {
  kind: 'gap' | 'resubscribed' | 'refused'
  topic: Topic
  detail: string
}

/** Where bearer tokens come from; a trader's `session` is one. */
export type TokenSource = {
  token(): Promise<string>
  /** The exchange refused the token: the next one must be new. */
  forget(): void
}

type Pending = {
  resolve: (result: never) => void
  reject: (error: Error) => void
  deadlineMs: number
}

type Reply = { op: string; id?: number; result?: never; error?: unknown }

/** Every request of the stream but `op` and `id`. */
export type StreamBody = Record<string, unknown>

/**
 * One WebSocket connection to `/v1/ws`. It opens at once, comes back after every loss, authenticates and subscribes
 * again by itself. Requests are pipelined: any number may be in flight, and the exchange sequences them in call order.
 */
export class Stream {
  readonly #link: SocketLink
  readonly #timeoutMs: number
  readonly #pending = new Map<number, Pending>()
  readonly #subscriptions = new Set<Subscription>()
  readonly #sessions = new Map<string, { source: TokenSource; sent: string }>()
  readonly #statusListeners = new Set<(status: StreamStatus) => void>()
  readonly #noticeListeners = new Set<(notice: StreamNotice) => void>()
  #lastId = 0
  /** Counts connections: what belongs to an earlier one stops. */
  #epoch = 0
  #ready = false

  constructor(options: StreamOptions) {
    this.#timeoutMs = options.requestTimeoutMs ?? 30_000
    this.#link = new SocketLink(options, {
      onOpen: () => void this.#restore(),
      onText: (text) => this.#receive(text),
      onClose: (reason) => this.#lost(reason),
      onPing: () => this.#ping(),
    })
  }

  /** Connected, authenticated and subscribed. */
  get connected(): boolean {
    return this.#ready
  }

  /** Requests without an answer yet. */
  get inFlight(): number {
    return this.#pending.size
  }

  /** Resolves once connected; rejects with NotConnectedError after `timeoutMs`. */
  ready(timeoutMs = 10_000): Promise<void> {
    if (this.#ready) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const stop = this.onStatus(({ connected }) => {
        if (connected) finish(resolve)
      })
      const timer = setTimeout(
        () => finish(() => reject(notConnected(`not within ${timeoutMs} ms`))),
        timeoutMs,
      )
      const finish = (then: () => void) => {
        stop()
        clearTimeout(timer)
        then()
      }
    })
  }

  /** Calls the listener at every connection and loss; returns a function that ends it. */
  onStatus(listener: (status: StreamStatus) => void): () => void {
    this.#statusListeners.add(listener)
    return () => this.#statusListeners.delete(listener)
  }

  /** Calls the listener for gaps, resubscriptions and refusals; returns a function that ends it. */
  onNotice(listener: (notice: StreamNotice) => void): () => void {
    this.#noticeListeners.add(listener)
    return () => this.#noticeListeners.delete(listener)
  }

  /**
   * Sends one request now.
   *
   * @throws NotConnectedError (nothing was sent), OutcomeUnknownError (sent, connection lost before the answer), or
   * the error that the exchange answered
   */
  request<T>(op: StreamOp, body: StreamBody = {}): Promise<T> {
    return this.#request(op, body)
  }

  /** Authenticates an account on this connection, now and after every reconnection. */
  async authenticate(account: string, source: TokenSource): Promise<void> {
    const session = { source, sent: '' }
    this.#sessions.set(account.toLowerCase(), session)
    if (this.#link.open) await this.#authenticate(session)
  }

  /**
   * Subscribes, now and after every reconnection; resolves when the exchange has agreed (at once when not connected).
   * Returns a function that ends the subscription.
   */
  async subscribe(topic: Topic, handler: EventHandler): Promise<() => Promise<void>> {
    const subscription = new Subscription(topic, handler)
    this.#subscriptions.add(subscription)
    if (this.#link.open)
      await this.#request('subscribe', topic).catch((error: unknown) => {
        this.#subscriptions.delete(subscription)
        throw error
      })
    return async () => {
      this.#subscriptions.delete(subscription)
      if (this.#link.open) await this.#request('unsubscribe', topic)
    }
  }

  /** A book that keeps itself current. */
  async book(market: string): Promise<{ book: LocalBook; close: () => Promise<void> }> {
    const book = new LocalBook()
    const close = await this.subscribe({ channel: 'book', market }, (event) => book.receive(event))
    return { book, close }
  }

  /** Ends the connection for good; what is in flight has an unknown outcome. */
  close(): void {
    this.#link.close()
  }

  #request<T>(op: StreamOp, body: StreamBody): Promise<T> {
    if (!this.#link.open) return Promise.reject(notConnected(`${op} was not sent`))
    const id = ++this.#lastId
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, deadlineMs: Date.now() + this.#timeoutMs })
      this.#link.send(JSON.stringify({ op, id, ...body }))
    })
  }

  #receive(text: string): void {
    const message: Reply | StreamEvent = JSON.parse(text)
    if ('op' in message) this.#settle(message)
    else
      for (const subscription of this.#subscriptions)
        if (subscription.matches(message)) this.#deliver(subscription, message)
  }

  #settle({ id, result, error }: Reply): void {
    const pending = id === undefined ? undefined : this.#pending.get(id)
    if (pending === undefined || id === undefined) return
    this.#pending.delete(id)
    const detail = errorDetailOf({ error })
    if (detail !== undefined) pending.reject(errorFrom(detail))
    else if (result !== undefined) pending.resolve(result)
  }

  #deliver(subscription: Subscription, event: StreamEvent): void {
    const verdict = subscription.judge(event)
    if (verdict === 'deliver') subscription.handler(event)
    if (verdict !== 'gap') return
    const detail = `${event.prevSeq} does not follow ${subscription.lastSeq ?? 'nothing'}`
    this.#notify({ kind: 'gap', topic: subscription.topic, detail })
    subscription.restart()
    void this.#resubscribe(this.#epoch, subscription, true)
  }

  /** After a connection: accounts first, then topics; connected once all of them are back. */
  async #restore(): Promise<void> {
    const epoch = ++this.#epoch
    const sessions = [...this.#sessions.values()]
    await Promise.all(
      sessions.map((session) => this.#persist(epoch, () => this.#authenticate(session))),
    )
    const topics = [...this.#subscriptions]
    await Promise.all(topics.map((subscription) => this.#resubscribe(epoch, subscription, false)))
    if (epoch !== this.#epoch || !this.#link.open) return
    this.#ready = true
    for (const listener of this.#statusListeners) listener({ connected: true })
  }

  async #authenticate(session: { source: TokenSource; sent: string }): Promise<void> {
    const token = await session.source.token()
    try {
      await this.#request('auth', { token })
      session.sent = token
    } catch (error) {
      if (error instanceof AuthenticationError) session.source.forget()
      throw error
    }
  }

  /** Repeats what may succeed later, with growing pauses, as long as this connection lasts. */
  async #persist(epoch: number, attempt: () => Promise<void>): Promise<Error | undefined> {
    for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 5_000))
      try {
        await attempt()
        return undefined
      } catch (error) {
        const later =
          error instanceof PlumbError && (error.retryable || error instanceof AuthenticationError)
        if (!later || epoch !== this.#epoch || !this.#link.open)
          return error instanceof Error ? error : new Error(String(error))
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
  }

  async #resubscribe(
    epoch: number,
    subscription: Subscription,
    subscribed: boolean,
  ): Promise<void> {
    const { topic } = subscription
    const failure = await this.#persist(epoch, async () => {
      if (!this.#subscriptions.has(subscription) || (await this.#resume(subscription))) return
      if (subscribed) await this.#request('unsubscribe', topic)
      await this.#request('subscribe', topic)
    })
    if (failure === undefined) this.#notify({ kind: 'resubscribed', topic, detail: '' })
    else this.#notify({ kind: 'refused', topic, detail: failure.message })
  }

  /** Whether the exchange goes on behind the last event seen; if it is too old, a snapshot is needed. */
  async #resume(subscription: Subscription): Promise<boolean> {
    const { topic, isPrivate, lastSeq: seq } = subscription
    if (!isPrivate || seq === undefined) return false
    try {
      await this.#request('resume', { ...topic, seq })
      subscription.resumed()
      return true
    } catch (error) {
      if (error instanceof StreamGapError) return false
      throw error
    }
  }

  #lost(reason: string): void {
    const wasReady = this.#ready
    this.#ready = false
    for (const subscription of this.#subscriptions) subscription.restart()
    const message = `the connection was lost before the answer: ${reason}`
    for (const { reject } of this.#pending.values())
      reject(new OutcomeUnknownError({ code: 'TIMEOUT', message }))
    this.#pending.clear()
    if (wasReady)
      for (const listener of this.#statusListeners) listener({ connected: false, reason })
  }

  #ping(): void {
    for (const session of this.#sessions.values()) void this.#renew(session).catch(() => {}) // tried again with the next ping
    void this.#request('ping', {}).catch(() => {})
    const nowMs = Date.now()
    for (const [id, { reject, deadlineMs }] of this.#pending)
      if (deadlineMs < nowMs) {
        this.#pending.delete(id)
        reject(new OutcomeUnknownError({ code: 'TIMEOUT', message: 'no answer in time' }))
      }
  }

  /** Sends the token again when its source has a new one. */
  async #renew(session: { source: TokenSource; sent: string }): Promise<void> {
    if ((await session.source.token()) !== session.sent) await this.#authenticate(session)
  }

  #notify(notice: StreamNotice): void {
    for (const listener of this.#noticeListeners) listener(notice)
  }
}

function notConnected(what: string): NotConnectedError {
  return new NotConnectedError({ code: 'UNAVAILABLE', message: `no connection: ${what}` })
}
