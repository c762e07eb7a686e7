//! What a stream client may ask, op by op.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  isPlainOrder,
  isStreamOp,
  PlumbError,
  type PrivateChannel,
  type PublicChannel,
  privateChannels,
  publicChannels,
  type RequestId,
  type StreamOp,
  type StreamRequestOf,
  simulateMargin,
  streamOps,
  streamRequests,
  validate,
} from '@plumb/protocol'
import type { Clock } from '@plumb/runtime'
import type { AccountEntry } from '../entry/account-entry.ts'
import { asPromise, itemError, type ReplySink } from '../entry/asking.ts'
import { fundedAccount, marketOf } from '../entry/order-checks.ts'
import type { OrderEntry } from '../entry/order-entry.ts'
import type { BearerTokens, Session } from '../guard/bearer-tokens.ts'
import { requireActing, requireKey } from '../guard/key-holder.ts'
import type { TrafficGuard } from '../guard/traffic-guard.ts'
import { parseJson } from '../http/parse-json.ts'
import { catchingUp } from '../view/catching-up.ts'
import type { ExchangeView } from '../view/exchange-view.ts'
import { marginInputs } from '../view/margin-inputs.ts'
import type { Channels } from './channels.ts'
import type { StreamConnection } from './stream-connection.ts'
import type { StreamTopic } from './topic.ts'

/** `op` and `id`. */
const ENVELOPE_KEYS = 2
const TOPICS_PER_CONNECTION_MAX = 512
const SESSIONS_PER_CONNECTION_MAX = 64
/** Requests of one connection waiting for their answers; it is paused long before, so only a last chunk may pass. */
const IN_FLIGHT_MAX = 4_096

/** A cancel on disconnect is asked for again when the sequencer is away or the account over its limit. */
const DISCONNECT_ATTEMPTS = 20
const DISCONNECT_RETRY_MS = 500

export type StreamParts = {
  view: ExchangeView
  channels: Channels
  entry: OrderEntry
  accounts: AccountEntry
  tokens: BearerTokens
  guard: TrafficGuard
  clock: Clock
  ready: () => boolean
  /** Whether signatures wait longer than they should: who sends orders is read from more slowly. */
  busy: () => boolean
  /** An error that is not the client's. */
  failed: (error: unknown) => void
}

type Answer = object | Promise<object>
/** Sends what must follow the answer, e.g. the snapshot after a subscription. */
type Handled = { result: Answer; after?: () => void } | { ask: (sink: ReplySink) => void }
type Handlers = {
  [O in StreamOp]: (request: StreamRequestOf<O>, connection: StreamConnection) => Handled
}

const countedByAccount: ReadonlySet<StreamOp> = new Set([
  'order.place',
  'order.edit',
  'order.cancel',
  'order.cancelAll',
  'order.batch',
  'order.cancelBatch',
  'order.cancelAfter',
  'leverage.set',
  'marginMode.set',
  'transfer',
  'withdraw',
])

/** Answers one text frame. Everything it gets wrong is answered, never thrown. */
export class StreamRequests {
  readonly #parts: StreamParts
  readonly #handlers: Handlers

  constructor(parts: StreamParts) {
    this.#parts = parts
    this.#handlers = {
      auth: (request, connection) => ({ result: this.#auth(request.token, connection) }),
      ping: () => ({ result: { ts: parts.clock.nowMs() } }),
      subscribe: (request, connection) => this.#subscribe(request, connection),
      unsubscribe: (request, connection) => this.#unsubscribe(request, connection),
      resume: (request, connection) => this.#resume(request, connection),
      'order.place': ({ op: _op, id: _id, ...order }, connection) => ({
        ask: (sink) =>
          parts.entry.place(order, connection.origin, sink, undefined, connection.release),
      }),
      'order.edit': ({ op: _op, id: _id, orderId, ...order }, connection) => ({
        ask: (sink) =>
          parts.entry.place(order, connection.origin, sink, orderId, connection.release),
      }),
      'order.cancel': (request, connection) => this.#cancel(request, connection),
      'order.cancelAll': ({ account, subaccount, market, side }, connection) => {
        this.#acting(account, subaccount, connection)
        const filter = { market, side }
        return {
          ask: (sink) =>
            parts.entry.cancelAll(account, subaccount, filter, sink, connection.release),
        }
      },
      'order.batch': ({ id, orders }, connection) => ({
        ask: (sink) => {
          const { entry } = parts
          entry.placeAll(orders, connection.origin, String(id), sink, connection.release)
        },
      }),
      'order.cancelBatch': ({ id, account, subaccount, orders }, connection) => {
        this.#acting(account, subaccount, connection)
        const { release } = connection
        return {
          ask: (sink) =>
            parts.entry.cancelBatch(account, subaccount, orders, String(id), sink, release),
        }
      },
      'order.cancelAfter': ({ account, subaccount, market, timeoutMs }, connection) => {
        this.#acting(account, subaccount, connection)
        const one = market === undefined ? null : marketOf(parts.view, market)
        return { result: parts.accounts.cancelAfter(account, subaccount, one, timeoutMs) }
      },
      'order.cancelOnDisconnect': ({ account, subaccount, enabled }, connection) => {
        this.#acting(account, subaccount, connection)
        return { result: connection.cancelOnDisconnect(account, subaccount, enabled) }
      },
      'leverage.set': ({ account, subaccount, market, leverage }, connection) => {
        this.#acting(account, subaccount, connection)
        const view = marketOf(parts.view, market)
        return { result: parts.accounts.setLeverage(account, subaccount, view, leverage) }
      },
      'marginMode.set': ({ account, subaccount, market, marginMode }, connection) => {
        this.#acting(account, subaccount, connection)
        const view = marketOf(parts.view, market)
        return { result: parts.accounts.setMarginMode(account, subaccount, view, marginMode) }
      },
      'margin.preview': ({ account, subaccount, orders, prices }, connection) => {
        this.#session(account, connection)
        this.#requireView()
        for (const symbol of Object.keys(prices ?? {})) marketOf(parts.view, symbol)
        const view = fundedAccount(parts.view, account, subaccount)
        return { result: simulateMargin(marginInputs(parts.view, view), { orders, prices }) }
      },
      transfer: ({ op: _op, id: _id, ...request }, connection) => ({
        result: parts.accounts.transfer(request, connection.origin),
      }),
      withdraw: ({ op: _op, id: _id, ...request }, connection) => ({
        result: parts.accounts.withdraw(request, connection.origin),
      }),
    }
  }

  handle(text: string, connection: StreamConnection): void {
    let op: StreamOp | null = null
    let id: RequestId | null = null
    try {
      const message = parseJson(text)
      ;[op, id] = nameOf(message)
      if (op === null) throw unknownOp()
      this.#limit(op, connection)
      const handled = this.#dispatch(op, message, connection)
      if ('ask' in handled) this.#ask(handled.ask, this.#answering(op, id, connection))
      else void this.#answer(op, id, handled, connection)
    } catch (error) {
      this.#refuse(op, id, error, connection)
    }
  }

  /** A bug that throws is an answer too: the connection counts its requests. */
  #ask(ask: (sink: ReplySink) => void, sink: ReplySink): void {
    try {
      ask(sink)
    } catch (error) {
      sink.failed(error)
    }
  }

  /** Answers a request of the entry. */
  #answering(op: StreamOp, id: RequestId | null, connection: StreamConnection): ReplySink {
    connection.began(this.#parts.busy())
    return {
      replied: (reply) => {
        const shownId = typeof id === 'number' ? id : JSON.stringify(id)
        connection.send(`{"op":"${op}","id":${shownId},"result":${reply}}`)
        connection.answered(this.#parts.busy())
      },
      failed: (error) => {
        this.#refuse(op, id, error, connection)
        connection.answered(this.#parts.busy())
      },
    }
  }

  async #answer(
    op: StreamOp,
    id: RequestId | null,
    { result, after }: { result: Answer; after?: () => void },
    connection: StreamConnection,
  ): Promise<void> {
    connection.began(this.#parts.busy())
    try {
      connection.sendJson({ op, id, result: await result })
      after?.()
    } catch (error) {
      this.#refuse(op, id, error, connection)
    } finally {
      connection.answered(this.#parts.busy())
    }
  }

  #refuse(
    op: StreamOp | null,
    id: RequestId | null,
    error: unknown,
    connection: StreamConnection,
  ): void {
    if (!(error instanceof PlumbError)) this.#parts.failed(error)
    const failure = itemError(error)
    connection.sendJson({ op, id, error: failure.body(id === null ? undefined : String(id)) })
  }

  /** A connection ended: what it asked to be canceled then is canceled, behind all it has sent. */
  async left(connection: StreamConnection): Promise<void> {
    const owners = [...connection.leavesBehind.values()]
    connection.leavesBehind.clear()
    await Promise.all(
      owners.map(({ account, subaccount }) =>
        this.#cancelBehind(account, subaccount, connection, DISCONNECT_ATTEMPTS),
      ),
    )
  }

  async #cancelBehind(
    account: string,
    subaccount: number,
    connection: StreamConnection,
    attempts: number,
  ): Promise<void> {
    try {
      await asPromise((sink) =>
        this.#parts.entry.cancelAll(account, subaccount, {}, sink, connection.release),
      )
    } catch (error) {
      const mayRepeat = error instanceof PlumbError && error.code !== 'UNKNOWN_ACCOUNT'
      if (!mayRepeat || attempts <= 1) {
        this.#parts.failed(error)
        return
      }
      await sleep(DISCONNECT_RETRY_MS, undefined, { ref: false })
      await this.#cancelBehind(account, subaccount, connection, attempts - 1)
    }
  }

  #limit(op: StreamOp, connection: StreamConnection): void {
    const { guard, clock } = this.#parts
    if (connection.inFlight >= IN_FLIGHT_MAX)
      throw new PlumbError('OVERLOADED', { limit: IN_FLIGHT_MAX })
    // Orders, cancels and changes are counted by account, in the entry.
    if (!countedByAccount.has(op)) guard.request(connection.origin, clock.nowMs())
  }

  #dispatch(op: StreamOp, message: unknown, connection: StreamConnection): Handled {
    if (op === 'order.place' && isPlainOrder(message, ENVELOPE_KEYS) && hasRequestId(message)) {
      const { entry } = this.#parts
      const { origin, release } = connection
      return { ask: (sink) => entry.place(message, origin, sink, undefined, release) }
    }
    const schema = streamRequests[op]
    const request = validate(schema, message)
    if (!request.ok) throw request.error
    const handler: (request: never, connection: StreamConnection) => Handled = this.#handlers[op]
    return invoke(handler, request.value, connection)
  }

  #auth(token: string, connection: StreamConnection): object {
    const { tokens, clock } = this.#parts
    const session = tokens.verify(token, clock.nowMs())
    if (
      !connection.sessions.has(session.account) &&
      connection.sessions.size >= SESSIONS_PER_CONNECTION_MAX
    )
      throw new PlumbError('SUBSCRIPTION_LIMIT', { limit: SESSIONS_PER_CONNECTION_MAX })
    connection.sessions.set(session.account, session)
    return { account: session.account, expiresAt: session.expiresAtMs }
  }

  /** The connection's session for an account: it must have signed in on this connection. */
  #session(account: string, connection: StreamConnection): Session {
    const session = connection.sessions.get(account.toLowerCase())
    if (session === undefined) throw new PlumbError('UNKNOWN_KEY', { field: 'account' })
    const nowMs = this.#parts.clock.nowMs()
    if (session.expiresAtMs <= nowMs) throw new PlumbError('TOKEN_EXPIRED')
    if (session.key !== null) requireKey(this.#parts.view, session.account, session.key, nowMs)
    return session
  }

  /** The session, once it is certain that it may change something of the subaccount. */
  #acting(account: string, subaccount: number, connection: StreamConnection): void {
    const session = this.#session(account, connection)
    requireActing(this.#parts.view, session, subaccount, this.#parts.clock.nowMs())
  }

  #subscribe(request: StreamRequestOf<'subscribe'>, connection: StreamConnection): Handled {
    this.#requireView()
    const topics = this.#topicsOf(request, connection)
    this.#enter(topics, connection)
    const { channel, market = null, account, subaccount, interval } = request
    const scope = {
      ...(account === undefined ? {} : { account, subaccount: subaccount ?? 0 }),
      ...(channel === 'candles' ? { interval: interval ?? '1m' } : {}),
    }
    return {
      result: { channel, market, ...scope },
      after: () => {
        for (const topic of topics) topic.add(connection)
      },
    }
  }

  #unsubscribe(request: StreamRequestOf<'unsubscribe'>, connection: StreamConnection): Handled {
    this.#requireView()
    const nowMs = this.#parts.clock.nowMs()
    for (const topic of this.#topicsOf(request, connection)) {
      topic.remove(connection, nowMs)
      connection.topics.delete(topic.key)
    }
    return { result: { channel: request.channel, market: request.market ?? null } }
  }

  #resume(request: StreamRequestOf<'resume'>, connection: StreamConnection): Handled {
    this.#requireView()
    const { channel, account, subaccount, seq } = request
    const topic = this.#privateTopic(channel, account, subaccount, connection)
    this.#enter([topic], connection)
    if (topic.canResume(seq))
      return {
        result: { channel, account, subaccount, resumed: true },
        after: () => {
          topic.resume(connection, seq)
        },
      }
    // Too old: told so, and subscribed with a snapshot all the same.
    setImmediate(() => {
      topic.add(connection)
    })
    throw new PlumbError('RESUME_TOO_OLD', { field: 'seq' })
  }

  #requireView(): void {
    if (!this.#parts.ready()) throw catchingUp()
  }

  #enter(topics: readonly StreamTopic[], connection: StreamConnection): void {
    const added = topics.filter(({ key }) => !connection.topics.has(key))
    if (connection.topics.size + added.length > TOPICS_PER_CONNECTION_MAX)
      throw new PlumbError('SUBSCRIPTION_LIMIT', { limit: TOPICS_PER_CONNECTION_MAX })
    for (const { key } of added) connection.topics.add(key)
  }

  #topicsOf(
    request: StreamRequestOf<'subscribe' | 'unsubscribe'>,
    connection: StreamConnection,
  ): StreamTopic[] {
    const { channel, market, account, subaccount, interval = '1m' } = request
    if (request.interval !== undefined && channel !== 'candles')
      throw new PlumbError('BAD_REQUEST', { field: 'interval', message: 'interval: candles only' })
    if (isPrivate(channel)) {
      if (account === undefined) throw new PlumbError('MISSING_FIELD', { field: 'account' })
      return [this.#privateTopic(channel, account, subaccount ?? 0, connection)]
    }
    if (!isPublic(channel)) throw new PlumbError('UNKNOWN_CHANNEL', { field: 'channel' })
    const { view, channels } = this.#parts
    const one = market === undefined ? null : marketOf(view, market)
    return channels.publicTopics(channel, one, interval)
  }

  #privateTopic(
    channel: PrivateChannel,
    account: string,
    subaccount: number,
    connection: StreamConnection,
  ): StreamTopic {
    const { view, channels } = this.#parts
    this.#session(account, connection)
    return channels.privateTopic(channel, fundedAccount(view, account, subaccount))
  }

  #cancel(request: StreamRequestOf<'order.cancel'>, connection: StreamConnection): Handled {
    const { account, subaccount, orderId, clientOrderId } = request
    this.#acting(account, subaccount, connection)
    if (orderId !== undefined && clientOrderId !== undefined)
      throw new PlumbError('BAD_REQUEST', {
        field: 'clientOrderId',
        message: 'name the order by orderId or by clientOrderId, not both',
      })
    if (orderId === undefined && clientOrderId === undefined)
      throw new PlumbError('MISSING_FIELD', { field: 'orderId' })
    const target =
      orderId === undefined ? { clientOrderId: clientOrderId ?? '' } : { orderId: orderId }
    return {
      ask: (sink) =>
        this.#parts.entry.cancel(account, subaccount, target, sink, connection.release),
    }
  }
}

/** Whether a message has an id as `requestIdField` wants it. */
function hasRequestId(message: object): boolean {
  const id = 'id' in message ? message.id : undefined
  if (typeof id === 'string') return id.length >= 1 && id.length <= 64
  return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0
}

/** The schema of an op and its handler belong together; TypeScript cannot follow that through a table. */
function invoke(
  handler: (request: never, connection: StreamConnection) => Handled,
  request: unknown,
  connection: StreamConnection,
): Handled {
  return Reflect.apply(handler, undefined, [request, connection])
}

function isPrivate(channel: string): channel is PrivateChannel {
  return privateChannels.some((name) => name === channel)
}

function isPublic(channel: string): channel is PublicChannel {
  return publicChannels.some((name) => name === channel)
}

function unknownOp(): PlumbError {
  return new PlumbError('BAD_REQUEST', {
    field: 'op',
    message: `op: one of ${streamOps.join(', ')}`,
  })
}

/** Op and id of a message as far as they can be made out, for the answer to carry. */
function nameOf(message: unknown): [StreamOp | null, RequestId | null] {
  if (typeof message !== 'object' || message === null) return [null, null]
  const op = 'op' in message ? message.op : undefined
  const id = 'id' in message ? message.id : undefined
  const known = isStreamOp(op) ? op : null
  if (typeof id === 'string' && id.length <= 64) return [known, id]
  if (typeof id === 'number' && Number.isSafeInteger(id)) return [known, id]
  return [known, null]
}
