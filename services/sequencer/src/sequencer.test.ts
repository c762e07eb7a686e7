import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { env } from 'node:process'
import { verifyJournal } from '@plumb/journal'
import { decodeCommand, decodeEvents, encodeCommand } from '@plumb/model'
import type { FeedGroup } from '@plumb/runtime'
import { createFeedClient } from '@plumb/runtime'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import {
  boot,
  closeAll,
  closers,
  connectTo,
  genesis,
  type House,
  market,
  newHouse,
  openAccounts,
  order,
  removeHouses,
  send,
  stopped,
} from './testing/sequencer-process.ts'

afterEach(closeAll)
afterAll(removeHouses)

const follow = async (house: House, fromSeq: number, toSeq: number): Promise<FeedGroup[]> => {
  const feed = createFeedClient({
    address: house.address,
    name: 'test',
    fromSeq,
    reconnect: { minMs: 5, maxMs: 50 },
  })
  closers.push(() => feed.close())
  const groups: FeedGroup[] = []
  let next = fromSeq
  for await (const group of feed.groups()) {
    expect(group.firstSeq).toBe(next)
    next = group.lastSeq + 1
    groups.push(group)
    if (group.lastSeq >= toSeq) break
  }
  return groups
}

const feedBytes = (house: House) => {
  const directory = join(house.directory, 'data', 'feed')
  const names = readdirSync(directory).toSorted()
  return Buffer.concat(names.map((name) => readFileSync(join(directory, name))))
}

describe('the sequencer as a process', { timeout: 60_000 }, () => {
  test('sequences, trades, tells the feed, and continues after a clean stop', async () => {
    const house = newHouse()
    const first = await boot(house)
    const client = await connectTo(house)
    const { alice, bob } = await openAccounts(client)
    const rested = await client.submit(encodeCommand(order(alice, 0, 1, 1)))
    const traded = await client.submit(encodeCommand(order(bob, 1, 1, 1)))
    expect(decodeEvents(rested.events).map(({ kind }) => kind)).toContain('OrderPlaced')
    expect(decodeEvents(traded.events).map(({ kind }) => kind)).toContain('TradeExecuted')
    expect(traded.seq).toBe(rested.seq + 1)
    const moved = await client.submit(
      encodeCommand({
        kind: 'Transfer',
        accountId: alice,
        toSubaccount: 3,
        amountQuote: 1_000_000,
        lane: 9,
        laneSeq: 1,
        expiryS: Math.floor(Date.now() / 1_000) + 86_400,
        signer: Buffer.alloc(20),
        signature: Buffer.alloc(64),
      }),
    )
    expect(decodeEvents(moved.events).map(({ kind }) => kind)).toContain('TransferBooked')

    const groups = await follow(house, 1, traded.seq)
    const entries = groups.flatMap((group) => group.entries)
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, i) => i + 1))
    expect(decodeCommand(entries[0]?.command ?? Buffer.alloc(0)).command.kind).toBe('Genesis')
    const last = entries.at(-1)
    expect(Buffer.from(last?.events ?? [])).toEqual(Buffer.from(traded.events))
    expect(decodeCommand(last?.command ?? Buffer.alloc(0))).toMatchObject({
      seq: traded.seq,
      timeMs: traded.timeMs,
    })
    expect(await stopped(first)).toBe(0)

    const before = feedBytes(house)
    const second = await boot(house)
    expect(second.output()).toContain('"replayed":0')
    expect(feedBytes(house).equals(before)).toBe(true)
    await client.ready()
    const next = await client.submit(encodeCommand({ kind: 'Tick' }))
    expect(next.seq).toBe(moved.seq + 1)
    const [resumed] = await follow(house, next.seq, next.seq)
    expect(resumed?.entries).toHaveLength(1)
    expect(await stopped(second)).toBe(0)
    expect(verifyJournal(join(house.directory, 'data', 'journal')).lastSeq).toBe(next.seq)
  })

  const cycles = Number(env.PLUMB_KILL_CYCLES ?? 3)
  /** Before it is killed. */
  const ANSWERS_A_LIFE = 400
  test(`${cycles} x kill -9 under load: nothing acknowledged is lost or told differently`, {
    timeout: 30_000 + cycles * 10_000,
  }, async () => {
    const house = newHouse({ PLUMB_SNAPSHOT_COMMANDS: '500' })
    const acked = new Map<number, Buffer>()
    let running = await boot(house)
    const client = await connectTo(house)
    const { alice, bob } = await openAccounts(client)
    const laneSeqs = new Map<number, number>()
    for (let cycle = 0; cycle < cycles; cycle++) {
      let isAlive = true
      let answers = 0
      // After so many answers, and at another point of a batch each time.
      const killSoon = () => setTimeout(() => running.child.kill('SIGKILL'), (7 * cycle) % 20)
      const trade = async (lane: number) => {
        while (isAlive) {
          const laneSeq = (laneSeqs.get(lane) ?? 0) + 1
          laneSeqs.set(lane, laneSeq)
          try {
            const reply = await client.submit(
              encodeCommand(order(lane % 2 ? alice : bob, lane % 2 ? 0 : 1, lane, laneSeq)),
            )
            acked.set(reply.seq, Buffer.from(reply.events))
            answers += 1
            if (answers === ANSWERS_A_LIFE) killSoon()
          } catch {
            isAlive = false
          }
        }
      }
      await Promise.all(Array.from({ length: 40 }, (_, lane) => trade(lane)))
      await running.ended
      running = await boot(house)
      expect(running.output()).toContain('"serving"')
      await client.ready()
    }
    const tick = await client.submit(encodeCommand({ kind: 'Tick' }))
    const groups = await follow(house, 1, tick.seq)
    const told = new Map(
      groups.flatMap(({ entries }) => entries.map(({ seq, events }) => [seq, events])),
    )
    const different = [...acked].filter(
      ([seq, events]) => !events.equals(told.get(seq) ?? Buffer.alloc(0)),
    )
    expect(different).toEqual([])
    expect(acked.size).toBeGreaterThanOrEqual(ANSWERS_A_LIFE * cycles)
    await stopped(running)
  })

  test('the feed is regenerated byte for byte when it is lost, and from an older snapshot', async () => {
    const house = newHouse({ PLUMB_SNAPSHOT_COMMANDS: '100' })
    const first = await boot(house)
    const client = await connectTo(house)
    const { alice, bob } = await openAccounts(client)
    for (let i = 1; i <= 150; i++) {
      await Promise.all([send(client, order(alice, 0, 1, i)), send(client, order(bob, 1, 1, i))])
      if (i % 50 === 0) await send(client, { kind: 'Tick' })
    }
    await stopped(first)
    const journal = join(house.directory, 'data', 'journal')
    const snapshots = () =>
      readdirSync(journal)
        .filter((name) => name.endsWith('.snap'))
        .toSorted()
    expect(snapshots().length).toBeGreaterThanOrEqual(2)
    const whole = feedBytes(house)

    rmSync(join(house.directory, 'data', 'feed'), { recursive: true })
    await stopped(await boot(house))
    expect(feedBytes(house).equals(whole)).toBe(true)

    const newest = join(journal, snapshots().at(-1) ?? '')
    const bytes = readFileSync(newest)
    bytes.writeUInt8(bytes.readUInt8(80) ^ 1, 80)
    writeFileSync(newest, bytes)
    const third = await boot(house)
    expect(third.output()).not.toContain('"replayed":0')
    await stopped(third)
    expect(feedBytes(house).equals(whole)).toBe(true)
  })

  test('refuses: a second writer, another genesis, no genesis, damage, a follower from the future', async () => {
    const house = newHouse()
    const first = await boot(house)
    const client = await connectTo(house)
    await openAccounts(client)
    const second = await boot({ ...house, address: `unix:${house.directory}/t.sock` })
    expect(await second.ended).toBe(1)
    expect(second.output()).toContain(`in use by process ${first.child.pid}`)
    await expect(follow(house, 1_000, 1_000)).rejects.toMatchObject({ code: 'FOLLOWER_AHEAD' })
    expect(await stopped(first)).toBe(0)
    expect(
      readdirSync(join(house.directory, 'data', 'journal')).filter((name) =>
        name.startsWith('lock'),
      ),
    ).toEqual([])

    writeFileSync(
      join(house.directory, 'genesis.json'),
      JSON.stringify([genesis[0], { ...market, imBps: 2_000 }]),
    )
    const other = await boot(house)
    expect(await other.ended).toBe(1)
    expect(other.output()).toContain('another exchange')

    const empty = newHouse({ PLUMB_GENESIS: '' })
    const none = await boot(empty)
    expect(await none.ended).toBe(1)
    expect(none.output()).toContain('PLUMB_GENESIS')

    const copy = newHouse()
    cpSync(join(house.directory, 'data'), join(copy.directory, 'data'), {
      recursive: true,
      filter: (path) => !basename(path).startsWith('lock'),
    })
    const journal = join(copy.directory, 'data', 'journal')
    const segment = join(journal, readdirSync(journal).find((name) => name.endsWith('.seg')) ?? '')
    const bytes = readFileSync(segment)
    bytes.writeUInt8(bytes.readUInt8(1_300) ^ 4, 1_300)
    writeFileSync(segment, bytes)
    const damaged = await boot(copy)
    expect(await damaged.ended).toBe(1)
    expect(damaged.output()).toMatch(/Nothing was changed.*JOURNAL_DAMAGED/s)
  })

  test('a follower that does not read is cut off, comes back and misses nothing', async () => {
    const house = newHouse({ PLUMB_FOLLOWER_BUFFER_BYTES: String(64 * 1024) })
    const running = await boot(house)
    const client = await connectTo(house)
    const lazy = createFeedClient({
      address: house.address,
      name: 'lazy',
      fromSeq: 1,
      bufferBytesMax: 10_000,
      reconnect: { minMs: 5, maxMs: 50 },
    })
    closers.push(() => lazy.close())
    await lazy.ready()
    const { alice } = await openAccounts(client)
    let last = 0
    for (let round = 1; round <= 100; round++) {
      const replies = await Promise.all(
        Array.from({ length: 40 }, (_, lane) =>
          client.submit(encodeCommand(order(alice, 0, lane, round, 1_000))),
        ),
      )
      last = Math.max(...replies.map(({ seq }) => seq))
    }
    await expect.poll(running.output).toContain('slow follower cut off')
    let next = 1
    for await (const group of lazy.groups()) {
      expect(group.firstSeq).toBe(next)
      next = group.lastSeq + 1
      if (group.lastSeq === last) break
    }
    await stopped(running)
  })

  test('what is not a command is refused and takes no seq; orders are shed before cancels', async () => {
    const house = newHouse({ PLUMB_INBOX_COMMANDS: '8', PLUMB_INBOX_RESERVED: '8' })
    const running = await boot(house)
    const client = await connectTo(house)
    const { alice } = await openAccounts(client)
    const before = (await client.submit(encodeCommand({ kind: 'Tick' }))).seq
    const tick = encodeCommand({ kind: 'Tick' })
    const unknown = Buffer.from(tick)
    unknown.writeInt32LE(99, 16)
    for (const bad of [Buffer.alloc(0), tick.subarray(0, 31), Buffer.concat([tick, tick]), unknown])
      await expect(client.submit(bad)).rejects.toMatchObject({ code: 'INVALID_COMMAND' })

    const orders = Array.from({ length: 12 }, (_, lane) =>
      client.submit(encodeCommand(order(alice, 0, lane, 1, 500_000))),
    )
    const cancels = Array.from({ length: 4 }, () =>
      client.submit(encodeCommand({ kind: 'CancelAll', accountId: alice, market: -1, side: -1 })),
    )
    const shed = (await Promise.allSettled(orders)).filter(({ status }) => status === 'rejected')
    expect(shed).toHaveLength(4)
    const last = await Promise.all(cancels)
    expect(last.at(-1)?.seq).toBe(before + 12)
    await stopped(running)
  })
})
