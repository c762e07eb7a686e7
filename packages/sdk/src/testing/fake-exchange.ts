//! A gateway for tests of the sdk: REST answers by path, a WebSocket whose every message the test writes.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

export type Received = { op: string; id: number; [field: string]: unknown }
export type RestAnswer = { status?: number; body: unknown }

/** Starts on a free port; `rest` answers requests, `onMessage` frames. Close it in the test. */
export class FakeExchange {
  readonly received: Received[] = []
  /** Answers a frame; the default agrees to everything. */
  onMessage: (message: Received, socket: WebSocket) => void = (message, socket) =>
    this.answer(socket, message, {})
  rest: (method: string, path: string, body: unknown) => RestAnswer = () => ({ body: {} })
  readonly #server: Server
  readonly #sockets: WebSocketServer

  private constructor(server: Server) {
    this.#server = server
    this.#sockets = new WebSocketServer({ server })
    this.#sockets.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => {
        const message: Received = JSON.parse(data.toString())
        this.received.push(message)
        this.onMessage(message, socket)
      })
    })
  }

  static async start(): Promise<FakeExchange> {
    const server = createServer()
    const exchange = new FakeExchange(server)
    server.on('request', (request, response) => {
      void bodyOf(request).then((body) => {
        const answer = exchange.rest(request.method ?? '', request.url ?? '', body)
        response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(answer.body))
        return undefined
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return exchange
  }

  get url(): string {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get wsUrl(): string {
    return `${this.url.replace('http', 'ws')}/v1/ws`
  }

  answer(socket: WebSocket, { op, id }: Received, result: unknown): void {
    socket.send(JSON.stringify({ op, id, result }))
  }

  refuse(socket: WebSocket, { op, id }: Received, code: string): void {
    socket.send(JSON.stringify({ op, id, error: { code, message: code } }))
  }

  /** Sends an event to every connection. */
  emit(event: object): void {
    for (const socket of this.#sockets.clients) socket.send(JSON.stringify(event))
  }

  /** Cuts every connection, as a crash would. */
  cut(): void {
    for (const socket of this.#sockets.clients) socket.terminate()
  }

  async close(): Promise<void> {
    this.cut()
    this.#sockets.close()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text === '' ? undefined : JSON.parse(text)
}
