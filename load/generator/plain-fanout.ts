//! A child process: the plain way to fan out, `ws.send` for each message and reader. Says what a message costs.
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocketServer } from 'ws'

const TICK_MS = 20
const READERS = Number(process.argv[2])
const TICKS = Number(process.argv[3])
const MESSAGES_A_TICK = 10
const message = Buffer.from(
  JSON.stringify({
    channel: 'book',
    market: 'BTC-PERP',
    type: 'delta',
    seq: 123_456_789,
    prevSeq: 123_456_788,
    ts: 1_790_000_000_000,
    data: { bids: [['59990.5', '1.2345']], asks: [] },
  }),
)

process.once('disconnect', () => process.exit())

const http = createServer()
const server = new WebSocketServer({ server: http, perMessageDeflate: false, path: '/v1/ws' })
http.listen(0, '127.0.0.1', () => {
  const address = http.address()
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 })
})
while (server.clients.size < READERS) await sleep(20)
const start = process.cpuUsage()
for (let tick = 0; tick < TICKS; tick++) {
  for (let i = 0; i < MESSAGES_A_TICK; i++)
    for (const client of server.clients) client.send(message, { binary: false })
  await sleep(TICK_MS)
}
while ([...server.clients].some(({ bufferedAmount }) => bufferedAmount > 0)) await sleep(5)
const { user, system } = process.cpuUsage(start)
process.send?.({ microseconds: (user + system) / (TICKS * MESSAGES_A_TICK * READERS) })
process.disconnect()
