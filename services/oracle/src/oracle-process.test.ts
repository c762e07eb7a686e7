//! The oracle as a process, against a real sequencer process and local venues.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { fileURLToPath } from 'node:url'
import { domainSeparator, recoverPriceSigner } from '@plumb/chain'
import {
  decodeCommand,
  decodeEvents,
  encodeCommand,
  type ObservePrice,
  type Ticks,
} from '@plumb/model'
import { type Address, createCommandClient, createFeedClient } from '@plumb/runtime'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { genesis, market, publisherKeys } from './testing/market.ts'
import { startVenueServer, type VenueServer } from './testing/venue-server.ts'

const service = (name: string) =>
  fileURLToPath(new URL(`../../${name}/src/main.ts`, import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'plumb-o-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const children: ChildProcess[] = []
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
const until = (check: () => Promise<void> | void) =>
  vi.waitFor(check, { timeout: 60_000, interval: 50 })

/** Starts a service's main.ts as its own process; resolves with what it said once it said `word`. */
const boot = (name: string, word: string, settings: Record<string, string>) =>
  new Promise<string>((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--conditions=@plumb/source', service(name)],
      {
        env: { PATH: env.PATH, ...settings },
      },
    )
    children.push(child)
    let output = ''
    const hear = (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes(word)) resolve(output)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('exit', (code) => reject(new Error(`${name} ended with ${code}: ${output}`)))
  })

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

const startSequencer = async (): Promise<Address> => {
  const directory = mkdtempSync(join(root, 's-'))
  const address: Address = `unix:${directory}/s.sock`
  const file = {
    ...genesis,
    contract: hexOf(genesis.contract),
    publishers: hexOf(genesis.publishers),
  }
  const commands = [file, { kind: 'ListMarket', ...market(0, 'BTC-PERP') }]
  writeFileSync(join(directory, 'genesis.json'), JSON.stringify(commands))
  await boot('sequencer', '"serving"', {
    PLUMB_SEQUENCER: address,
    PLUMB_SEQUENCER_DATA: join(directory, 'data'),
    PLUMB_GENESIS: join(directory, 'genesis.json'),
    PLUMB_DISK_LOW_BYTES: '0',
    PLUMB_SEGMENT_BYTES: String(256 * 1024),
  })
  return address
}

/** Starts the oracle with a fast pulse; answers a reader of its status routes. */
const startOracle = async (address: Address, settings: Record<string, string>) => {
  const output = await boot('oracle', '"opened"', {
    PLUMB_SEQUENCER: address,
    PLUMB_PUBLISHER_KEYS: publisherKeys.join(),
    PLUMB_HTTP: '0',
    PLUMB_ORACLE_INTERVAL_MS: '100',
    ...settings,
  })
  const url = /"url":"([^"]+)"/.exec(output)?.[1] ?? ''
  return async (path: string) => {
    const response = await fetch(`${url}${path}`)
    const body = (await response.json()) as {
      degraded: string[]
      publishers: { markets: Record<string, object> }[]
    }
    return { status: response.status, body }
  }
}

/** Follows the feed: publishers' messages, and the newest index of each market. */
const follow = (address: Address) => {
  const messages: ObservePrice[] = []
  const index = new Map<number, Ticks>()
  const feed = createFeedClient({ address, name: 'test', fromSeq: 1 })
  closers.push(() => feed.close())
  const read = async () => {
    for await (const group of feed.groups())
      for (const entry of group.entries) {
        const { command } = decodeCommand(entry.command)
        if (command.kind === 'ObservePrice')
          messages.push({ ...command, prices: command.prices.slice(0, command.count) })
        for (const event of decodeEvents(entry.events))
          if (event.kind === 'IndexUpdated') index.set(event.market, event.indexTicks)
      }
  }
  void read()
  return { messages, index }
}

describe('the oracle as a process', { timeout: 180_000 }, () => {
  test('the simulator: k of n different signed vectors make the index; a market listed later is priced too', async () => {
    const address = await startSequencer()
    const seen = follow(address)
    const read = await startOracle(address, {
      PLUMB_ORACLE_PRICES: '{"BTC-PERP":60000,"XAU-PERP":2400}',
    })
    await until(() => expect(seen.index.get(0)).toBeDefined())
    expect(Math.abs((seen.index.get(0) ?? 0) / 600_000 - 1)).toBeLessThan(0.01)
    await until(() => expect(new Set(seen.messages.map(({ publisher }) => publisher)).size).toBe(3))
    const first = seen.messages.find(({ publisher }) => publisher === 1)
    expect(first).toMatchObject({ page: 0, count: 1 })
    await until(async () => expect((await read('/ready')).status).toBe(200))
    expect((await read('/health')).body).toMatchObject({
      ok: true,
      mode: 'simulator',
      degraded: [],
    })

    const commands = createCommandClient({ address, name: 'test' })
    closers.push(() => commands.close())
    await commands.ready()
    await commands.submit(encodeCommand({ kind: 'ListMarket', ...market(1, 'XAU-PERP') }))
    await until(() => expect(seen.index.get(1)).toBeDefined())
    expect(Math.abs((seen.index.get(1) ?? 0) / 24_000 - 1)).toBeLessThan(0.01)
    const both = seen.messages.findLast(({ publisher }) => publisher === 1)
    const domain = { chainId: genesis.chainId, contract: `0x${hexOf(genesis.contract)}` }
    expect(both?.count).toBe(2)
    expect(signerOf(domain, both)).toBe(`0x${hexOf(genesis.publishers.subarray(20, 40))}`)
  })

  test('live: one venue that lies moves nothing, two that vanish stop the price with a reason', async () => {
    const address = await startSequencer()
    const seen = follow(address)
    const servers = new Map<string, VenueServer>()
    for (const name of ['okx', 'binance', 'coinbase', 'bitstamp']) {
      const server = await startVenueServer(() => {})
      closers.push(() => server.close())
      servers.set(name, server)
    }
    const feeds = [...servers.keys()].map((source) => ({ source, symbol: 'BTCUSD' }))
    const document = { markets: { 'BTC-PERP': { sourcesMin: 3, feeds } } }
    const urls = [...servers].map(([name, { url }]) => [name, url])
    const read = await startOracle(address, {
      PLUMB_ORACLE_MODE: 'live',
      PLUMB_ORACLE_FEEDS: JSON.stringify(document),
      PLUMB_ORACLE_VENUE_URLS: JSON.stringify(Object.fromEntries(urls)),
    })
    const prices = new Map([...servers.keys()].map((name) => [name, '60000']))
    const talk = setInterval(() => {
      for (const [name, server] of servers)
        for (const message of messagesOf(name, prices.get(name))) server.say(message)
    }, 50)
    closers.push(() => Promise.resolve(clearInterval(talk)))
    await until(() => expect(seen.index.get(0)).toBe(600_000))

    prices.set('okx', '1')
    await until(async () => {
      expect((await read('/health')).body.degraded).toEqual(['BTC-PERP okx/BTCUSD outlier'])
    })
    prices.set('binance', '60001')
    prices.set('coinbase', '60001')
    await until(() => expect(seen.index.get(0)).toBe(600_010))
    expect(new Set(seen.messages.flatMap(({ prices: ticks }) => ticks))).toEqual(
      new Set([600_000, 600_010]),
    )

    prices.delete('coinbase')
    await until(async () => {
      const { body } = await read('/prices')
      expect(body.publishers[0]?.markets['BTC-PERP']).toMatchObject({
        price: null,
        withheld: 'too_few_sources',
      })
    })
    await until(async () => expect((await read('/ready')).status).toBe(503))
    expect((await read('/ready')).body.degraded).toEqual([
      'BTC-PERP coinbase/BTCUSD silent',
      'BTC-PERP okx/BTCUSD outlier',
      'BTC-PERP too_few_sources',
    ])
  })
})

const signerOf = (
  domain: { chainId: number; contract: string },
  said: ObservePrice | undefined,
) => {
  if (said === undefined) return undefined
  const { page, publishTimeMs: timestampMs, prices, signature } = said
  return recoverPriceSigner(domainSeparator(domain), { page, timestampMs, prices }, signature)
}

let trade = 0
/** What a venue says of BTCUSD at a price, in its own words. */
const messagesOf = (name: string, price: string | undefined): object[] => {
  if (price === undefined) return []
  const nowMs = Date.now()
  if (name === 'okx') {
    const ticker = { instId: 'BTCUSD', last: price, bidPx: price, askPx: price, ts: `${nowMs}` }
    return [{ arg: { channel: 'tickers', instId: 'BTCUSD' }, data: [ticker] }]
  }
  if (name === 'binance')
    return [{ data: { e: '24hrTicker', E: nowMs, s: 'BTCUSD', c: price, b: price, a: price } }]
  if (name === 'coinbase')
    return [
      {
        type: 'ticker',
        sequence: ++trade,
        trade_id: trade,
        product_id: 'BTCUSD',
        price,
        best_bid: price,
        best_ask: price,
        time: new Date(nowMs).toISOString(),
      },
    ]
  const microtimestamp = `${nowMs}000`
  return [
    {
      event: 'data',
      channel: 'order_book_BTCUSD',
      data: { microtimestamp, bids: [[price, '1']], asks: [[price, '1']] },
    },
    { event: 'trade', channel: 'live_trades_BTCUSD', data: { microtimestamp, price_str: price } },
  ]
}
