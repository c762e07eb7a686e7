//! The listening side of the sequencer's socket: greets a peer and hands it over by its role.
import { unlinkSync } from 'node:fs'
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import type { Address } from './address.ts'
import { socketTarget } from './address.ts'
import { FrameError } from './frame.ts'
import type { FrameSocket } from './frame-socket.ts'
import { createFrameSocket } from './frame-socket.ts'
import type { Logger } from './logger.ts'
import type { Hello, Refusal } from './wire.ts'
import { decodeHello, encodeDurableSeq, encodeRefusal, FrameType, Role } from './wire.ts'

/** A greeted peer. */
export type Peer = { id: number; name: string; socket: FrameSocket; fromSeq: number }

/** What the owner of a role does with its peers. */
export type RoleHandler = {
  /** Judges the peer before it is welcomed. */
  refuse?: (hello: Hello) => Refusal | undefined
  onPeer(peer: Peer): void
  onFrame?: (peer: Peer, type: number, payload: Buffer) => void
  onDrain?: (peer: Peer) => void
  onGone?: (peer: Peer) => void
}

/** How a transport server is made. */
export type TransportServerOptions = {
  address: Address
  logger: Logger
  durableSeq: () => number
  commands: RoleHandler
  feed: RoleHandler
  peersMax?: number
}

/** A listening transport; `address` has the real port when 0 was asked for. */
export type TransportServer = { address: Address; close: () => Promise<void> }

const helloTimeoutMs = 5_000

/** What a peer may send at once; clients' frames are at most 64 KiB. */
const peerFrameBytesMax = 1024 * 1024

const greet = (socket: Socket, id: number, options: TransportServerOptions, forget: () => void) => {
  let peer: Peer | undefined
  let handler: RoleHandler | undefined
  const log = options.logger.child({ peer: id })
  const timer = setTimeout(() => socket.destroy(), helloTimeoutMs)

  const onHello = (type: number, payload: Buffer) => {
    if (type === FrameType.Heartbeat) return
    if (type !== FrameType.Hello) throw new FrameError('FRAME_MALFORMED', 'no hello')
    clearTimeout(timer)
    const hello = decodeHello(payload)
    const owner = hello.role === Role.Commands ? options.commands : options.feed
    const refusal = owner.refuse?.(hello)
    if (refusal !== undefined) {
      log.warn({ name: hello.name, fromSeq: hello.fromSeq, ...refusal }, 'peer refused')
      frames.send(FrameType.Refused, encodeRefusal(refusal))
      frames.end()
      return
    }
    log.info({ name: hello.name, role: hello.role, fromSeq: hello.fromSeq }, 'peer connected')
    frames.send(FrameType.Welcome, encodeDurableSeq(options.durableSeq()))
    peer = { id, name: hello.name, socket: frames, fromSeq: hello.fromSeq }
    handler = owner
    owner.onPeer(peer)
  }
  const frames = createFrameSocket(socket, {
    frameBytesMax: peerFrameBytesMax,
    heartbeat: () => encodeDurableSeq(options.durableSeq()),
    onFrame: (type, payload) => {
      if (peer === undefined) onHello(type, payload)
      else if (type !== FrameType.Heartbeat) handler?.onFrame?.(peer, type, payload)
    },
    onDrain: () => {
      if (peer !== undefined) handler?.onDrain?.(peer)
    },
    onClose: (error) => {
      clearTimeout(timer)
      forget()
      log.info({ name: peer?.name, err: error }, 'peer gone')
      if (peer !== undefined) handler?.onGone?.(peer)
    },
  })
  return frames
}

/** A socket file whose owner is dead would make listening fail: probe it, then take it away. */
const removeStaleSocket = (path: string) =>
  new Promise<void>((resolve, reject) => {
    const probe = connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      reject(new Error(`another process already listens on ${path}`))
    })
    probe.once('error', (error) => {
      if ('code' in error && error.code === 'ECONNREFUSED') unlinkSync(path)
      resolve()
    })
  })

/**
 * Listens and greets. Peers that do not say hello in 5 s are dropped.
 *
 * @throws when the address is in use by a live process
 */
export const startTransportServer = async (
  options: TransportServerOptions,
): Promise<TransportServer> => {
  const target = socketTarget(options.address)
  if ('path' in target) await removeStaleSocket(target.path)
  const peers = new Set<FrameSocket>()
  let nextId = 1
  const server = createServer((socket) => {
    if (peers.size >= (options.peersMax ?? 1_024)) {
      socket.destroy()
      return
    }
    const frames = greet(socket, nextId++, options, () => peers.delete(frames))
    peers.add(frames)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(target, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const bound = server.address()
  const address: Address =
    'host' in target && typeof bound === 'object' && bound !== null
      ? `tcp:${target.host}:${bound.port}`
      : options.address
  options.logger.info({ address }, 'transport listens')
  return {
    address,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const frames of peers) frames.end()
        setTimeout(() => {
          for (const frames of peers) frames.destroy()
        }, 1_000).unref()
      }),
  }
}
