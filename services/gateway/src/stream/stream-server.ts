//! The WebSocket door: who may connect, how much they may send, when they are let go.
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { PlumbError } from '@plumb/protocol'
import type { Clock, Metrics } from '@plumb/runtime'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { addressKey } from '../guard/client-address.ts'
import type { Channels } from './channels.ts'
import { closeCode, leaverKey, StreamConnection } from './stream-connection.ts'
import type { StreamRequests } from './stream-requests.ts'

const PATH = '/v1/ws'
const MESSAGE_BYTES_MAX = 16_384
const PING_INTERVAL_MS = 15_000
const SILENCE_MS_MAX = 45_000
const SWEEP_INTERVAL_MS = 1_000
/** Longest wait of a closing gateway for the cancels of connections that asked for them. */
const LEAVE_MS = 2_000

export type StreamServerParts = {
  server: Server
  requests: StreamRequests
  channels: Channels
  clock: Clock
  metrics: Metrics
  connectionsPerAddressMax: number
  connectionsMax: number
  /** Origins of browsers that may connect beside the gateway's own; `*` for all. */
  origins: readonly string[]
}

export class StreamServer {
  readonly #parts: StreamServerParts
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
  })
  readonly #connections = new Set<StreamConnection>()
  readonly #perAddress = new Map<string, number>()
  readonly #timers: NodeJS.Timeout[]
  readonly #closedByUs: ReturnType<Metrics['counter']>

  constructor(parts: StreamServerParts) {
    this.#parts = parts
    this.#closedByUs = parts.metrics.counter(
      'stream_closed_total',
      'Connections the gateway closed, by close code.',
      ['code'],
    )
    parts.server.on('upgrade', (request, socket, head) => {
      this.#upgrade(request, socket, head)
    })
    this.#timers = [
      setInterval(() => {
        this.#heartbeat()
      }, PING_INTERVAL_MS),
      setInterval(() => {
        parts.channels.sweep(parts.clock.nowMs())
      }, SWEEP_INTERVAL_MS),
    ]
    for (const timer of this.#timers) timer.unref()
    this.#observe(parts.metrics)
  }

  get size(): number {
    return this.#connections.size
  }

  /** Connections of this gateway whose end cancels an account's orders. */
  cancelsOnDisconnect(account: string, subaccount: number): number {
    const key = leaverKey(account, subaccount)
    let count = 0
    for (const { leavesBehind } of this.#connections) if (leavesBehind.has(key)) count += 1
    return count
  }

  /** Cancels what connections leave behind, says goodbye to all of them, takes no more. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    const connections = [...this.#connections]
    const left = connections.map((connection) => this.#parts.requests.left(connection))
    await Promise.race([Promise.all(left), sleep(LEAVE_MS, undefined, { ref: false })])
    for (const connection of this.#connections)
      connection.close(closeCode.goingAway, 'the gateway is closing')
    this.#sockets.close()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {
      socket.destroy()
    })
    const refusal = this.#refusal(request)
    if (refusal !== null) {
      refuse(socket, refusal)
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#connected(webSocket, request.socket)
    })
  }

  #refusal(request: IncomingMessage): PlumbError | null {
    const { connectionsMax, connectionsPerAddressMax } = this.#parts
    if ((request.url ?? '').split('?')[0] !== PATH) return new PlumbError('NOT_FOUND')
    if (!this.#originAllowed(request)) return new PlumbError('KEY_FORBIDDEN', { field: 'Origin' })
    if (this.#connections.size >= connectionsMax) return new PlumbError('OVERLOADED')
    const here = this.#perAddress.get(addressKey(request.socket.remoteAddress)) ?? 0
    if (here < connectionsPerAddressMax) return null
    return new PlumbError('RATE_LIMITED', { limit: connectionsPerAddressMax, retryAfter: 1_000 })
  }

  /** Programs send no Origin; a browser may come from our own pages or from a listed site. */
  #originAllowed({ headers }: IncomingMessage): boolean {
    const { origins } = this.#parts
    const { origin, host } = headers
    if (origin === undefined || origins.includes('*') || origins.includes(origin)) return true
    return URL.canParse(origin) && new URL(origin).host === host
  }

  #connected(socket: WebSocket, raw: Socket): void {
    const { clock, requests, channels } = this.#parts
    const address = addressKey(raw.remoteAddress)
    const connection = new StreamConnection(socket, raw, { address }, clock.nowMs(), (code) => {
      this.#closedByUs.inc({ code: String(code) })
    })
    raw.setNoDelay(true)
    this.#connections.add(connection)
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1)
    socket.on('message', (data: RawData, binary: boolean) => {
      connection.lastHeardMs = clock.nowMs()
      requests.handle(binary ? '' : textOf(data), connection)
    })
    socket.on('pong', () => {
      connection.lastHeardMs = clock.nowMs()
    })
    socket.on('error', () => undefined) // ws closes it itself: 1009 for a message too long, 1007 for bad text
    socket.on('close', () => {
      this.#connections.delete(connection)
      channels.leave(connection)
      void requests.left(connection)
      const left = (this.#perAddress.get(address) ?? 1) - 1
      if (left === 0) this.#perAddress.delete(address)
      else this.#perAddress.set(address, left)
    })
  }

  #heartbeat(): void {
    const nowMs = this.#parts.clock.nowMs()
    for (const connection of this.#connections) {
      if (nowMs - connection.lastHeardMs > SILENCE_MS_MAX) connection.close(closeCode.idle, 'IDLE')
      else connection.ping()
    }
  }

  #observe(metrics: Metrics): void {
    const connections = metrics.gauge('stream_connections', 'Open WebSocket connections.')
    const topics = metrics.gauge('stream_topics', 'Streams with subscribers or a resume buffer.')
    this.#timers.push(
      setInterval(() => {
        connections.set(this.#connections.size)
        topics.set(this.#parts.channels.topicCount)
      }, SWEEP_INTERVAL_MS).unref(),
    )
  }
}

function textOf(data: RawData): string {
  if (Buffer.isBuffer(data)) return data.toString('utf8')
  return Array.isArray(data)
    ? Buffer.concat(data).toString('utf8')
    : Buffer.from(data).toString('utf8')
}

const statusTexts: Record<string, string> = {
  NOT_FOUND: '404 Not Found',
  KEY_FORBIDDEN: '403 Forbidden',
  RATE_LIMITED: '429 Too Many Requests',
  OVERLOADED: '503 Service Unavailable',
}

function refuse(socket: Duplex, failure: PlumbError): void {
  const body = JSON.stringify({ error: failure.body() })
  socket.end(
    `HTTP/1.1 ${statusTexts[failure.code] ?? '400 Bad Request'}\r\ncontent-type: application/json\r\n` +
      `connection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}
