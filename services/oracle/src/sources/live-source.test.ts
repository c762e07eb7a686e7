import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { silentLogger, systemClock } from '@plumb/runtime'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { PriceSource, Quote } from '../price-source.ts'
import { type Behaviour, startVenueServer, type VenueServer } from '../testing/venue-server.ts'
import { bybit } from '../venues/bybit.ts'
import { okx } from '../venues/okx.ts'
import type { Venue } from '../venues/venue.ts'
import type { LiveLimits } from './live-connection.ts'
import { createLiveSource } from './live-source.ts'

const quick: Partial<LiveLimits> = {
  handshakeMs: 300,
  silentMs: 200,
  quoteSilentMs: 400,
  pauseMinMs: 10,
  pauseMaxMs: 80,
  closeMs: 100,
}
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const ticker = (last: unknown, ts = Date.now(), instId = 'BTC-USDT') => ({
  arg: { channel: 'tickers', instId },
  data: [{ instId, last, bidPx: '59999.9', askPx: '60000.1', ts: String(ts) }],
})

const connect = (url: string, limits: Partial<LiveLimits> = {}, venue: Venue = okx) => {
  const quotes: Quote[] = []
  const source = createLiveSource({
    venue,
    symbols: ['BTC-USDT'],
    url,
    clock: systemClock,
    logger: silentLogger,
    limits: { ...quick, ...limits },
  })
  closers.push(() => source.stop())
  source.start((quote) => quotes.push(quote))
  return { source, quotes }
}

const serve = async (
  behave: Behaviour,
  refuse?: () => number | undefined,
): Promise<VenueServer> => {
  const server = await startVenueServer(behave, refuse)
  closers.push(() => server.close())
  return server
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 30_000, interval: 5 })
const fault = (source: PriceSource) => source.health().lastFault

describe('a venue that behaves', { timeout: 60_000 }, () => {
  test('is subscribed, pinged, and quoted until stopped', async () => {
    const server = await serve(() => {})
    const pinged = { ...okx, ping: { everyMs: 20, text: 'ping' } }
    const { source, quotes } = connect(server.url, {}, pinged)
    await until(() => expect(server.heard.length).toBeGreaterThan(2))
    expect(server.heard.slice(0, 2)).toEqual([
      '{"op":"subscribe","args":[{"channel":"tickers","instId":"BTC-USDT"}]}',
      'ping',
    ])
    server.say(ticker('60000', 1_790_000_000_000))
    server.say(ticker('1', 1_790_000_000_000, 'ETH-USDT'))
    await until(() => expect(quotes).toHaveLength(1))
    expect(quotes[0]).toEqual({
      source: 'okx',
      symbol: 'BTC-USDT',
      bid: 599_999n * 10n ** 17n,
      ask: 600_001n * 10n ** 17n,
      last: 60_000n * 10n ** 18n,
      timeMs: 1_790_000_000_000,
    })
    expect(source.health()).toMatchObject({
      state: 'open',
      connections: 1,
      quotes: 1,
      badMessages: 0,
    })
    await source.stop()
    expect(source.health().state).toBe('stopped')
    server.say(ticker('60001'))
    expect(quotes).toHaveLength(1)
  })

  test('may be quiet as long as it pings', async () => {
    const server = await serve((socket) => {
      const timer = setInterval(() => socket.ping(), 50)
      socket.on('close', () => clearInterval(timer))
    })
    const { source } = connect(server.url, { silentMs: 500, quoteSilentMs: 60_000 })
    await until(() => expect(source.health().state).toBe('open'))
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    expect(source.health()).toMatchObject({ state: 'open', connections: 1 })
  })
})

const book = (type: string, u: number) => ({
  topic: 'orderbook.1.BTC-USDT',
  type,
  ts: Date.now(),
  data: { s: 'BTC-USDT', b: [['59999', '1']], a: [['60001', '1']], u },
})

describe('a venue that misbehaves', { timeout: 60_000 }, () => {
  test('silence: the connection is given up and begun anew', async () => {
    const server = await serve((socket, connection) => {
      if (connection === 3) socket.send(JSON.stringify(ticker('60000')))
    })
    const { source, quotes } = connect(server.url)
    await until(() => expect(quotes).toHaveLength(1))
    expect(fault(source)).toBe('silent')
    expect(server.connectedMs.length).toBeGreaterThanOrEqual(3)
  })

  test('heartbeats without a quote are no life', async () => {
    const server = await serve((socket) => {
      const timer = setInterval(() => socket.send('pong'), 20)
      socket.on('close', () => clearInterval(timer))
    })
    const { source } = connect(server.url)
    await until(() => expect(fault(source)).toBe('no_quotes'))
  })

  test('garbage: each message is counted, a stretch of it ends the connection', async () => {
    const server = await serve((socket, connection) => {
      for (let i = 0; i < 19; i++) socket.send('{"arg":')
      socket.send(JSON.stringify(ticker('60000')))
      for (const last of [60_000, '6e400', 'NaN', '0', '-1', null, {}, '0x1', ''])
        socket.send(JSON.stringify(ticker(last)))
      socket.send(Buffer.from(JSON.stringify(ticker('60000'))), { binary: true })
      socket.send(JSON.stringify(ticker('60000.5')))
      if (connection === 2) for (let i = 0; i < 20; i++) socket.send('null')
    })
    const { source, quotes } = connect(server.url)
    await until(() => expect(quotes).toHaveLength(2))
    expect(source.health()).toMatchObject({ badMessages: 29, connections: 1 })
    await until(() => expect(fault(source)).toBe('not_understood'))
    expect(source.health().badMessages).toBeGreaterThanOrEqual(29 + 29 + 20)
  })

  test('a huge frame ends the connection before it is read', async () => {
    const server = await serve((socket, connection) => {
      const size = connection === 1 ? 60_000 : 70_000
      socket.send(`{"arg":"${' '.repeat(size)}"}`)
    })
    const { source } = connect(server.url, { messageBytesMax: 65_536 })
    await until(() => expect(source.health().badMessages).toBe(1))
    await until(() => expect(fault(source)).toBe('message_too_large'))
  })

  test('a flood ends the connection', async () => {
    const server = await serve((socket) => {
      for (let i = 0; i < 400; i++) socket.send('pong')
    })
    const { source } = connect(server.url, { messagesPerSecondMax: 300 })
    await until(() => expect(fault(source)).toBe('too_many_messages'))
  })

  test('a broken sequence means a new connection with a new memory', async () => {
    const server = await serve((socket, connection) => {
      socket.send(
        JSON.stringify({
          topic: 'publicTrade.BTC-USDT',
          ts: Date.now(),
          data: [{ s: 'BTC-USDT', p: '60000' }],
        }),
      )
      if (connection > 1) socket.send(JSON.stringify(book('snapshot', 50)))
      socket.send(JSON.stringify(book('delta', connection > 1 ? 51 : 7)))
    })
    const { source, quotes } = connect(server.url, {}, bybit)
    await until(() => expect(quotes).toHaveLength(2))
    expect(fault(source)).toBe('sequence_broken')
    expect(source.health().connections).toBe(2)
  })

  test('a symbol that the venue does not know costs no other; it is asked for again later', async () => {
    const refusal = { event: 'error', code: '60018', msg: 'XYZ-USDT doesn’t exist' }
    const server = await serve((socket) => {
      socket.send(JSON.stringify(refusal))
      socket.send(JSON.stringify(refusal))
      const timer = setInterval(() => socket.send(JSON.stringify(ticker('60000'))), 20)
      socket.on('close', () => clearInterval(timer))
    })
    const { source, quotes } = connect(server.url, { refusedMs: 1_500 })
    await until(() => expect(quotes.length).toBeGreaterThan(3))
    expect(source.health().lastFault).toBe('subscription_refused')
    expect(server.connectedMs).toHaveLength(1)
    await until(() => expect(server.connectedMs.length).toBeGreaterThan(1))
  })

  test('a venue that drops every connection at once is called ever less often', async () => {
    const server = await serve((socket) => socket.close(1_013, 'try again later'))
    const { source } = connect(server.url, { pauseMinMs: 20, pauseMaxMs: 320 })
    await until(() => expect(server.connectedMs.length).toBeGreaterThanOrEqual(6))
    expect(fault(source)).toBe('closed_by_venue')
    const gaps = server.connectedMs.slice(1).map((t, i) => t - (server.connectedMs[i] ?? 0))
    // Pauses are 20, 40, 80, 160, 320 ms, less up to half: at least 10, 20, 40, 80, 160.
    for (const [i, least] of [10, 20, 40, 80, 160].entries())
      expect(gaps[i]).toBeGreaterThanOrEqual(least - 2)
  })

  test('a refusal by status wants distance from the first', async () => {
    let refusals = 0
    const server = await serve(
      (socket) => socket.send(JSON.stringify(ticker('60000'))),
      () => (++refusals < 2 ? 429 : undefined),
    )
    const startMs = performance.now()
    const { source, quotes } = connect(server.url, { pauseMaxMs: 10_000 })
    await until(() => expect(quotes.length).toBeGreaterThan(0))
    expect(fault(source)).toBe('http_refused')
    expect(server.connectedMs[0]).toBeGreaterThanOrEqual(startMs + (10 * 2 ** 4) / 2)
  })

  test('one that accepts and never speaks WebSocket is given up', async () => {
    const mute = createServer((socket) => socket.on('error', () => {}))
    mute.listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const { source } = connect(`ws://127.0.0.1:${(mute.address() as AddressInfo).port}`, {
      silentMs: 60_000,
    })
    await until(() => expect(fault(source)).toBe('connect_failed'))
    await source.stop()
    mute.close()
  })

  test('one that is not there is called again', async () => {
    const server = await serve(() => {})
    await server.close()
    closers.pop()
    const { source } = connect(server.url)
    await until(() => expect(fault(source)).toBe('connect_failed'))
    expect(source.health()).toMatchObject({ connections: 0 })
  })

  test('a goodbye that is never answered does not hold up the end', async () => {
    const server = await serve((socket) => {
      // Reads nothing any more: neither the goodbye nor what follows.
      socket.pause()
    })
    const { source } = connect(server.url, { silentMs: 60_000, quoteSilentMs: 60_000 })
    await until(() => expect(source.health().state).toBe('open'))
    await source.stop()
    expect(source.health().state).toBe('stopped')
  })

  test('stopping while connecting, waiting, or twice is fine', async () => {
    const server = await serve(() => {})
    const { source } = connect(server.url)
    await source.stop()
    await source.stop()
    expect(source.health().state).toBe('stopped')
  })
})
