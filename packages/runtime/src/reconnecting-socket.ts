//! The connecting side: says hello, comes back with a growing pause after every loss.
import { connect } from 'node:net'
import type { Address } from './address.ts'
import { socketTarget } from './address.ts'
import type { FrameSocket } from './frame-socket.ts'
import { createFrameSocket } from './frame-socket.ts'
import type { Logger } from './logger.ts'
import { silentLogger } from './logger.ts'
import type { Hello, Refusal } from './wire.ts'
import { decodeDurableSeq, decodeRefusal, encodeHello, FrameType } from './wire.ts'

/** Pauses between attempts: doubled from `minMs` to `maxMs`, with a random share. */
export type Backoff = { minMs: number; maxMs: number }

/** How a reconnecting socket is made. */
export type ReconnectingSocketOptions = {
  address: Address
  hello: () => Hello
  logger?: Logger | undefined
  backoff?: Backoff | undefined
  onWelcome(socket: FrameSocket): void
  onFrame(type: number, payload: Buffer): void
  /** A welcomed connection was lost (or closed by us). */
  onLost(): void
  /** The server turned us away; return true to give up for good. */
  onRefused?: (refusal: Refusal) => boolean
}

/** A connection that returns by itself until closed. */
export type ReconnectingSocket = {
  /** The live, welcomed connection. */
  readonly socket: FrameSocket | undefined
  /** The newest durable seq that the server named. */
  readonly durableSeq: number
  /** Resolves at the next welcome (at once when connected). Rejects after `timeoutMs` or on close. */
  ready(timeoutMs?: number): Promise<void>
  /** Drops the connection; it comes back with a new hello. */
  reset(): void
  close(): Promise<void>
}

/** Starts connecting at once. */
export const createReconnectingSocket = (
  options: ReconnectingSocketOptions,
): ReconnectingSocket => {
  const logger = options.logger ?? silentLogger
  const { minMs, maxMs } = options.backoff ?? { minMs: 50, maxMs: 2_000 }
  let live: FrameSocket | undefined
  let current: FrameSocket | undefined
  let durableSeq = 0
  let failures = 0
  let ended = false
  let retry: NodeJS.Timeout | undefined
  let waiters: { resolve: () => void; reject: (error: Error) => void }[] = []
  let whenGone: (() => void) | undefined

  const wake = (error?: Error) => {
    const woken = waiters
    waiters = []
    for (const waiter of woken)
      if (error === undefined) waiter.resolve()
      else waiter.reject(error)
  }
  const giveUp = (why: string) => {
    ended = true
    clearTimeout(retry)
    wake(new Error(why))
  }

  const onFrame = (socket: FrameSocket, type: number, payload: Buffer) => {
    if (type === FrameType.Heartbeat || type === FrameType.Welcome)
      durableSeq = Math.max(durableSeq, decodeDurableSeq(payload) ?? 0)
    if (type === FrameType.Welcome) {
      live = socket
      failures = 0
      logger.info({ address: options.address, durableSeq }, 'connected')
      options.onWelcome(socket)
      wake()
    } else if (type === FrameType.Refused) {
      const refusal = decodeRefusal(payload)
      logger.error({ address: options.address, ...refusal }, 'refused')
      if (options.onRefused?.(refusal)) giveUp(refusal.message)
    } else if (type !== FrameType.Heartbeat) options.onFrame(type, payload)
  }

  const onClose = (error: Error | undefined) => {
    const wasLive = live !== undefined
    live = undefined
    current = undefined
    if (wasLive) {
      logger.warn({ address: options.address, err: error }, 'connection lost')
      options.onLost()
    }
    whenGone?.()
    if (ended) return
    const pause = Math.min(maxMs, minMs * 2 ** Math.min(failures, 16))
    failures += 1
    // The random share keeps a herd of followers from returning in one instant.
    retry = setTimeout(open, pause * (0.5 + Math.random() / 2))
  }

  const open = () => {
    const socket = connect(socketTarget(options.address))
    const frames: FrameSocket = createFrameSocket(socket, {
      onFrame: (type, payload) => onFrame(frames, type, payload),
      onClose,
    })
    current = frames
    socket.once('connect', () => frames.send(FrameType.Hello, encodeHello(options.hello())))
  }
  open()

  const ready = (timeoutMs = 30_000) =>
    new Promise<void>((resolve, reject) => {
      if (live !== undefined) return resolve()
      if (ended) return reject(new Error('closed'))
      const timer = setTimeout(() => {
        reject(new Error(`no connection to ${options.address} in ${timeoutMs} ms`))
      }, timeoutMs)
      const settle = () => clearTimeout(timer)
      waiters.push({
        resolve: () => (settle(), resolve()),
        reject: (error) => (settle(), reject(error)),
      })
    })

  return {
    get socket() {
      return live
    },
    get durableSeq() {
      return durableSeq
    },
    ready,
    reset: () => current?.destroy(),
    close: () =>
      new Promise((resolve) => {
        giveUp('closed')
        if (current === undefined) return resolve()
        whenGone = resolve
        if (live === undefined) current.destroy()
        else live.end()
        setTimeout(() => current?.destroy(), 1_000).unref()
      }),
  }
}
