//! A local WebSocket server that plays a venue, well or badly.
import { once } from 'node:events'
import { type WebSocket, WebSocketServer } from 'ws'

export type VenueServer = {
  url: string
  /** Times of the connections so far, milliseconds. */
  connectedMs: number[]
  /** What clients said, in order. */
  heard: string[]
  /** Sends to every open connection. */
  say(message: object | string): void
  close(): Promise<void>
}

/** How a server greets a connection (the n-th, from 1). */
export type Behaviour = (socket: WebSocket, connection: number) => void

/** Listens on a free port of this machine. `refuse` answers the upgrade with that HTTP status instead. */
export const startVenueServer = async (
  behave: Behaviour,
  refuse?: () => number | undefined,
): Promise<VenueServer> => {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    verifyClient: (_info, done) => {
      const status = refuse?.()
      if (status === undefined) done(true)
      else done(false, status)
    },
  })
  await once(server, 'listening')
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('not bound to a port')
  const connectedMs: number[] = []
  const heard: string[] = []
  server.on('connection', (socket) => {
    connectedMs.push(performance.now())
    socket.on('message', (data: Buffer) => heard.push(data.toString()))
    // A client that hangs up on bad behaviour is what the test wants to see.
    socket.on('error', () => {})
    behave(socket, connectedMs.length)
  })
  return {
    url: `ws://127.0.0.1:${bound.port}`,
    connectedMs,
    heard,
    say: (message) => {
      const text = typeof message === 'string' ? message : JSON.stringify(message)
      for (const client of server.clients) client.send(text)
    },
    close: async () => {
      for (const client of server.clients) client.terminate()
      server.close()
      await once(server, 'close')
    },
  }
}
