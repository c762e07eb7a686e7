//! One WebSocket: bounded sending, heartbeat, sessions, the order of its requests.
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { OrderedRelease } from '../entry/ordered-release.ts'
import type { Session } from '../guard/bearer-tokens.ts'
import type { Origin } from '../guard/traffic-guard.ts'
import { textFrames } from './text-frames.ts'

/** Close codes of our own (4000-4999). */
export const closeCode = { goingAway: 1001, idle: 4001, slowReader: 4008 } as const
/** Unsent bytes beyond which a reader is too slow to keep. */
const QUEUE_BYTES_MAX = 1_048_576
/** How long a peer may take to read what is queued and the close behind it. */
const CLOSE_GRACE_MS = 5_000
/** Unsent bytes beyond which public deltas are withheld and a snapshot sent later. */
export const QUEUE_BYTES_CONFLATE = 262_144

/** Requests under way at which a connection is no longer read from, until half of them are answered. */
const PIPELINE_MAX = 1_024

/** Names an account whose orders go with a connection. */
export const leaverKey = (account: string, subaccount: number): string =>
  `${account.toLowerCase()}/${subaccount}`

export class StreamConnection {
  readonly origin: Origin
  readonly release = new OrderedRelease()
  readonly sessions = new Map<string, Session>()
  /** Names of subscribed topics. */
  readonly topics = new Set<string>()
  /** Accounts whose orders are canceled when the connection ends, by `address/subaccount`. */
  readonly leavesBehind = new Map<string, { account: string; subaccount: number }>()
  lastHeardMs: number
  /** Which topics of a broadcast reach it, while one is under way; 0 between two. */
  wanted = 0
  readonly #socket: WebSocket
  readonly #raw: Socket
  readonly #closing: (code: number) => void
  /** Texts and whole frames of this turn, in order. */
  #parts: (string | Buffer)[] = []
  #inFlight = 0
  #paused = false

  /** @param closing hears with which code the gateway lets the connection go */
  constructor(
    socket: WebSocket,
    raw: Socket,
    origin: Origin,
    nowMs: number,
    closing: (code: number) => void,
  ) {
    this.#socket = socket
    this.#raw = raw
    this.origin = origin
    this.lastHeardMs = nowMs
    this.#closing = closing
  }

  /** Whether an account's orders shall go when this connection does. */
  cancelOnDisconnect(account: string, subaccount: number, enabled: boolean): object {
    const key = leaverKey(account, subaccount)
    if (enabled) this.leavesBehind.set(key, { account: account.toLowerCase(), subaccount })
    else this.leavesBehind.delete(key)
    return { account: account.toLowerCase(), subaccount, enabled }
  }

  get open(): boolean {
    return this.#socket.readyState === this.#socket.OPEN
  }

  get queuedBytes(): number {
    return this.#socket.bufferedAmount
  }

  /** Requests waiting for their answers. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** A request is under way. Who pipelines more than there is room for is slowed down by TCP, not turned away. */
  began(busy: boolean): void {
    this.#inFlight += 1
    if (this.#paused || (this.#inFlight < PIPELINE_MAX && !busy)) return
    this.#paused = true
    this.#socket.pause()
  }

  /** A request was answered. Without any left nothing else would wake the connection, so then it is read again. */
  answered(busy: boolean): void {
    this.#inFlight -= 1
    if (!this.#paused) return
    if (this.#inFlight > 0 && (busy || this.#inFlight > PIPELINE_MAX / 2)) return
    this.#paused = false
    this.#socket.resume()
  }

  /** Sends a text, or whole frames made before; everything of one turn of the event loop leaves in one write. */
  send(part: string | Buffer): void {
    if (!this.open) return
    if (this.#socket.bufferedAmount > QUEUE_BYTES_MAX) {
      this.close(closeCode.slowReader, 'SLOW_READER')
      return
    }
    if (this.#parts.push(part) === 1) setImmediate(this.#flush)
  }

  /** Sends frames that many share: now, unless something of this turn must go before. */
  sendFrames(frames: Buffer): void {
    if (this.#parts.length > 0) this.send(frames)
    else if (this.open) this.#raw.write(frames)
  }

  sendJson(value: unknown): void {
    this.send(JSON.stringify(value))
  }

  /**
   * Past ws, which would write two chunks for each message: nothing is compressed and nothing fragmented here, so a
   * frame is its header and the text, and ws' own control frames may stand between any two of ours.
   */
  readonly #flush = (): void => {
    const parts = this.#parts
    if (parts.length === 0 || !this.open) return
    this.#parts = []
    const [only] = parts
    if (parts.length === 1 && typeof only === 'object') {
      this.#raw.write(only)
      return
    }
    this.#raw.cork()
    let texts: string[] = []
    for (const part of parts)
      if (typeof part === 'string') texts.push(part)
      else {
        if (texts.length > 0) this.#raw.write(textFrames(texts))
        texts = []
        this.#raw.write(part)
      }
    if (texts.length > 0) this.#raw.write(textFrames(texts))
    this.#raw.uncork()
  }

  ping(): void {
    if (this.open) this.#socket.ping()
  }

  /** Says why; a peer that does not answer the close is cut off. */
  close(code: number, reason: string): void {
    if (!this.open) return
    this.#flush()
    this.#closing(code)
    this.#socket.close(code, reason)
    setTimeout(() => {
      this.#socket.terminate()
    }, CLOSE_GRACE_MS).unref()
  }
}
