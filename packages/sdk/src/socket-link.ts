//! One WebSocket that comes back: reconnects with growing pauses and notices a silent peer.
import { WebSocket as NodeWebSocket } from 'ws'

/** The part of the WebSocket interface that the sdk uses; browsers' and `ws`' both have it. */
export type SocketLike = {
  addEventListener(type: 'open' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void
  send(text: string): void
  close(): void
}

/** How a socket is opened, and when it is given up. */
export type SocketLinkOptions = {
  url: string
  /** Makes a socket; by default `ws` without compression, in a browser the browser's own. */
  openSocket?: (url: string) => SocketLike
  /** First and longest pause before a reconnection, 100 and 5,000 ms by default. */
  reconnectMinMs?: number
  reconnectMaxMs?: number
  /** A connection that says nothing for so long is dropped, 45,000 ms by default. Must exceed `pingMs`. */
  silenceMs?: number
  /** How often `onPing` is called while connected, 15,000 ms by default. */
  pingMs?: number
}

/** Hears what happens to the socket. */
export type SocketLinkHandlers = {
  onOpen(): void
  onText(text: string): void
  onClose(reason: string): void
  onPing(): void
}

const browser: { WebSocket?: new (url: string) => SocketLike } = globalThis

/** Node's own is not there before 22; in a browser's bundle `ws` is empty. */
const openDefaultSocket = (url: string): SocketLike =>
  typeof NodeWebSocket !== 'function' && browser.WebSocket !== undefined
    ? new browser.WebSocket(url)
    : new NodeWebSocket(url, { perMessageDeflate: false })

/** A WebSocket that reconnects until `close`. */
export class SocketLink {
  readonly #options: Required<SocketLinkOptions>
  readonly #handlers: SocketLinkHandlers
  #socket: SocketLike | undefined
  #open = false
  #closed = false
  #pauseMs: number
  #heardAtMs = 0
  #reconnect: NodeJS.Timeout | undefined
  readonly #beat: NodeJS.Timeout

  constructor(options: SocketLinkOptions, handlers: SocketLinkHandlers) {
    this.#options = {
      openSocket: openDefaultSocket,
      reconnectMinMs: 100,
      reconnectMaxMs: 5_000,
      silenceMs: 45_000,
      pingMs: 15_000,
      ...options,
    }
    this.#handlers = handlers
    this.#pauseMs = this.#options.reconnectMinMs
    this.#beat = setInterval(() => this.#tick(), this.#options.pingMs)
    this.#connect()
  }

  /** Whether something can be sent now. */
  get open(): boolean {
    return this.#open
  }

  /** Sends one frame. Call only while `open`. */
  send(text: string): void {
    this.#socket?.send(text)
  }

  /** Drops the present connection; a new one follows. */
  drop(reason: string): void {
    this.#lost(reason)
  }

  /** Ends for good. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#beat)
    clearTimeout(this.#reconnect)
    this.#lost('closed by this side')
  }

  #connect(): void {
    const socket = this.#options.openSocket(this.#options.url)
    this.#socket = socket
    socket.addEventListener('open', () => {
      if (this.#socket !== socket) return
      this.#open = true
      this.#heardAtMs = Date.now()
      this.#pauseMs = this.#options.reconnectMinMs
      this.#handlers.onOpen()
    })
    socket.addEventListener('message', (event) => {
      if (this.#socket !== socket) return
      this.#heardAtMs = Date.now()
      this.#handlers.onText(String(event.data))
    })
    socket.addEventListener('error', () => {}) // a close follows and says why
    socket.addEventListener('close', (event) => {
      if (this.#socket === socket) this.#lost(`${event.code} ${event.reason}`.trim())
    })
  }

  #lost(reason: string): void {
    const socket = this.#socket
    if (socket === undefined) return
    this.#socket = undefined
    this.#open = false
    socket.close()
    this.#handlers.onClose(reason)
    if (this.#closed) return
    // Up to half of the pause is random, so that a restarted gateway is not met by everybody at once.
    const pauseMs = this.#pauseMs * (0.5 + Math.random() / 2)
    this.#pauseMs = Math.min(this.#pauseMs * 2, this.#options.reconnectMaxMs)
    this.#reconnect = setTimeout(() => this.#connect(), pauseMs)
  }

  #tick(): void {
    if (!this.#open) return
    if (Date.now() - this.#heardAtMs > this.#options.silenceMs) this.#lost('the exchange is silent')
    else this.#handlers.onPing()
  }
}
