import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import type { Address } from './address.ts'
import { socketTarget } from './address.ts'
import { createCommandClient } from './command-client.ts'
import { createReplyBatch, visitCommands, visitReplies } from './command-wire.ts'
import { createFeedClient } from './feed-client.ts'
import {
  createFeedEntriesWriter,
  decodeFeedEntries,
  decodeFeedGroupEnd,
  encodeFeedGroupEnd,
} from './feed-wire.ts'
import { createFrameReader, encodeFrame, FrameError } from './frame.ts'
import { silentLogger } from './logger.ts'
import type { Peer, RoleHandler } from './transport-server.ts'
import { startTransportServer } from './transport-server.ts'
import { decodeHello, encodeHello, ReplyStatus } from './wire.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const refuse = () => ({ code: 'FOLLOWER_AHEAD', message: 'behind' })
const unused: RoleHandler = { onPeer: () => {} }
const root = mkdtempSync(join(tmpdir(), 'plumb-t-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const socketIn = (): Address => `unix:${mkdtempSync(join(root, 's-'))}/s.sock`
const fast = { minMs: 5, maxMs: 20 }

const serve = async (roles: { commands?: RoleHandler; feed?: RoleHandler }, address?: Address) => {
  const server = await startTransportServer({
    address: address ?? socketIn(),
    logger: silentLogger,
    durableSeq: () => 7,
    commands: roles.commands ?? unused,
    feed: roles.feed ?? unused,
  })
  closers.push(() => server.close())
  return server
}

/** Answers each command with its own bytes as events; 255 is overloaded, 254 invalid. */
const echo = (): RoleHandler => {
  let seq = 0
  return {
    onPeer: () => {},
    onFrame: (peer, _type, payload) => {
      const replies = createReplyBatch()
      visitCommands(payload, (id, command) => {
        const status =
          command[0] === 255
            ? ReplyStatus.Overloaded
            : command[0] === 254
              ? ReplyStatus.Invalid
              : ReplyStatus.Ok
        replies.add(id, status, ++seq, 1_000, status === ReplyStatus.Ok ? command : Buffer.alloc(0))
      })
      peer.socket.sendEncoded(replies.take()!)
    },
  }
}

const groupBytes = (firstSeq: number, lastSeq: number) => {
  const writer = createFeedEntriesWriter()
  for (let seq = firstSeq; seq <= lastSeq; seq++)
    writer.add(seq, Buffer.from(`command ${seq}`), Buffer.from(`events ${seq}`))
  const end = { lastSeq, chainHash: Buffer.alloc(32, lastSeq), stateHash: { hi: 1, lo: lastSeq } }
  return Buffer.concat([writer.take(), encodeFeedGroupEnd(end)])
}

describe('frames', () => {
  test('survive any cutting of the stream', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 50 }),
        (payloads, cuts) => {
          const stream = Buffer.concat(payloads.map((payload, i) => encodeFrame(i, payload)))
          const seen: Buffer[] = []
          const reader = createFrameReader(1_000, (type, payload) => {
            expect(type).toBe(seen.length)
            seen.push(Buffer.from(payload))
          })
          let offset = 0
          for (let i = 0; offset < stream.length; i++) {
            const end = offset + (cuts[i % cuts.length] ?? 1)
            reader.push(stream.subarray(offset, end))
            offset = end
          }
          expect(seen).toEqual(payloads.map((payload) => Buffer.from(payload)))
        },
      ),
    )
  })

  test.each([
    [100, false],
    [101, true],
  ])('a frame of %i bytes under a limit of 100 is refused: %s', (bytes, refused) => {
    const reader = createFrameReader(100, () => {})
    const push = () => reader.push(encodeFrame(1, Buffer.alloc(bytes - 5)))
    if (refused) expect(push).toThrow(/limit 100/)
    else expect(push).not.toThrow()
  })
})

test('no bytes make a decoder fail in another way than by its own error', () => {
  const decoders = [
    decodeHello,
    decodeFeedEntries,
    decodeFeedGroupEnd,
    (bytes: Buffer) => visitCommands(bytes, () => {}),
    (bytes: Buffer) => visitReplies(bytes, () => {}),
  ]
  const seeds = [
    encodeHello({ role: 1, fromSeq: 5, name: 'x' }),
    groupBytes(1, 2).subarray(5),
    Buffer.from([1, 0, 0, 0, 2, 0, 1, 0, 9, 0, 0]),
  ]
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(...seeds)),
      fc.array(fc.tuple(fc.nat(79), fc.nat(255)), { maxLength: 4 }),
      (start, edits) => {
        const bytes = Buffer.from(start)
        for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value
        for (const decode of decoders)
          try {
            decode(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(FrameError)
          }
      },
    ),
    { numRuns: 2_000 },
  )
})

describe.each(['unix', 'tcp'])('over %s', (kind) => {
  const where = () => (kind === 'unix' ? socketIn() : ('tcp:127.0.0.1:0' as const))

  test('commands are answered in order, many in flight', async () => {
    const server = await serve({ commands: echo() }, where())
    const client = createCommandClient({ address: server.address, name: 'test' })
    closers.push(() => client.close())
    await client.ready()
    expect(client.durableSeq).toBe(7)
    const command = Buffer.alloc(200)
    const replies = await Promise.all(
      Array.from({ length: 5_000 }, (_, i) => {
        command.writeUInt32LE(i, 4)
        return client.submit(command)
      }),
    )
    for (const [i, reply] of replies.entries()) {
      expect(reply.seq).toBe(i + 1)
      expect(Buffer.from(reply.events).readUInt32LE(4)).toBe(i)
    }
  })

  test('what was not sequenced says so', async () => {
    const server = await serve({ commands: echo() }, where())
    const client = createCommandClient({ address: server.address, name: 'test', inFlightMax: 1 })
    closers.push(() => client.close())
    await expect(client.submit(Buffer.alloc(8))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await client.ready()
    const full = client.submit(Buffer.alloc(8))
    await expect(client.submit(Buffer.alloc(8))).rejects.toMatchObject({ code: 'OVERLOADED' })
    await full
    const overloaded = client.submit(Buffer.alloc(8, 255))
    await expect(overloaded).rejects.toMatchObject({ code: 'OVERLOADED' })
    const invalid = client.submit(Buffer.alloc(8, 254))
    await expect(invalid).rejects.toMatchObject({ code: 'INVALID_COMMAND' })
    const long = client.submit(Buffer.alloc(257))
    await expect(long).rejects.toMatchObject({ code: 'INVALID_COMMAND' })
  })
})

test('a lost connection makes the outcome unknown, then the client returns', async () => {
  let peers = 0
  const commands = {
    ...echo(),
    onPeer: (peer: Peer) => {
      peers += 1
      if (peers === 1) setTimeout(() => peer.socket.destroy(), 20)
    },
    onFrame: (peer: Peer, type: number, payload: Buffer) => {
      if (peers > 1) echo().onFrame?.(peer, type, payload)
    },
  }
  const { address } = await serve({ commands })
  const client = createCommandClient({ address, name: 'test', reconnect: fast })
  closers.push(() => client.close())
  await client.ready()
  const lost = client.submit(Buffer.alloc(8))
  await expect(lost).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  await client.ready()
  await expect(client.submit(Buffer.alloc(8))).resolves.toMatchObject({ seq: 1 })
})

test('the feed resumes without gap or duplicate when the connection breaks in a group', async () => {
  const groups = [groupBytes(1, 3), groupBytes(4, 4), groupBytes(5, 9)]
  const stream = Buffer.concat(groups)
  let cut = 1
  const feed: RoleHandler = {
    onPeer: (peer) => {
      // Backfill starts at the group that holds the seq; each connection lives a little longer.
      const skip = peer.fromSeq <= 3 ? 0 : peer.fromSeq === 4 ? 1 : 2
      const rest = Buffer.concat(groups.slice(skip))
      cut += 37
      if (cut >= stream.length) peer.socket.sendEncoded(rest)
      else {
        peer.socket.sendEncoded(rest.subarray(0, cut))
        setImmediate(() => setImmediate(() => peer.socket.end()))
      }
    },
  }
  const { address } = await serve({ feed })
  const client = createFeedClient({ address, name: 'test', fromSeq: 2, reconnect: fast })
  closers.push(() => client.close())
  const seen: number[] = []
  const shapes: string[] = []
  for await (const group of client.groups()) {
    shapes.push(`${group.firstSeq}-${group.lastSeq}`)
    for (const entry of group.entries) {
      seen.push(entry.seq)
      expect(Buffer.from(entry.command).toString()).toBe(`command ${entry.seq}`)
      expect(Buffer.from(entry.events).toString()).toBe(`events ${entry.seq}`)
    }
    expect(group.stateHash.lo).toBe(group.lastSeq)
    if (group.lastSeq === 9) break
  }
  expect(seen).toEqual([2, 3, 4, 5, 6, 7, 8, 9])
  expect(shapes).toEqual(['2-3', '4-4', '5-9'])
})

test('a follower that does not read is paused, not buffered without bound', async () => {
  let peer: Peer | undefined
  const { address } = await serve({ feed: { onPeer: (p) => (peer = p) } })
  const client = createFeedClient({ address, name: 'test', fromSeq: 1, bufferBytesMax: 10_000 })
  closers.push(() => client.close())
  await client.ready()
  const sent = 20_000
  for (let seq = 1; seq <= sent; seq++) peer?.socket.sendEncoded(groupBytes(seq, seq))
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(client.headSeq).toBeLessThan(sent)
  expect(peer?.socket.queuedBytes).toBeGreaterThan(0)
  let last = 0
  for await (const group of client.groups()) {
    expect(group.firstSeq).toBe(last + 1)
    last = group.lastSeq
    if (last === sent) break
  }
})

test('a refused follower is told why', async () => {
  const { address } = await serve({ feed: { refuse, onPeer: () => {} } })
  const client = createFeedClient({ address, name: 'test', fromSeq: 99 })
  closers.push(() => client.close())
  await expect(client.groups().next()).rejects.toMatchObject({ code: 'FOLLOWER_AHEAD' })
})

test('a stranger on the socket is dropped and the server lives on', async () => {
  const { address } = await serve({ commands: echo() })
  const stranger = connect(socketTarget(address))
  stranger.on('error', () => {})
  await new Promise<void>((resolve) => {
    stranger.on('close', () => resolve())
    stranger.write('GET / HTTP/1.1\r\n\r\n')
  })
  const client = createCommandClient({ address, name: 'test' })
  closers.push(() => client.close())
  await client.ready()
  await expect(client.submit(Buffer.alloc(8))).resolves.toMatchObject({ seq: 1 })
})

test('a second server on a live socket is refused, a stale socket file is taken over', async () => {
  const { address } = await serve({})
  await expect(serve({}, address)).rejects.toThrow(/already listens/)
})
