//! Hands commands to the sequencer: pipelined, in order, answered once durable.
import type { Address } from './address.ts'
import type { WireReply } from './command-wire.ts'
import { createCommandBatch, visitReplies } from './command-wire.ts'
import { FrameError } from './frame.ts'
import type { Logger } from './logger.ts'
import type { Backoff } from './reconnecting-socket.ts'
import { createReconnectingSocket } from './reconnecting-socket.ts'
import { commandBytesMax, FrameType, ReplyStatus, Role } from './wire.ts'

/** Why a command was not answered, and so what the caller may do next. */
export type CommandErrorCode =
  /** Sent, but the connection was lost before the answer: it may or may not have been sequenced. */
  | 'OUTCOME_UNKNOWN'
  /** Not sent: there is no connection. */
  | 'UNAVAILABLE'
  /** Not sequenced: too much is waiting. Try again later. */
  | 'OVERLOADED'
  /** Not sequenced: unknown kind or wrong length. */
  | 'INVALID_COMMAND'

const messages: Record<CommandErrorCode, string> = {
  OUTCOME_UNKNOWN: 'the connection was lost before the answer; the command may have been sequenced',
  UNAVAILABLE: 'the sequencer is not connected; the command was not sent',
  OVERLOADED: 'too many commands are waiting; this one was not sequenced',
  INVALID_COMMAND: 'the sequencer does not know such a command; it was not sequenced',
}

/** A command that has no reply. */
export class CommandError extends Error {
  readonly code: CommandErrorCode

  constructor(code: CommandErrorCode) {
    super(messages[code])
    this.name = 'CommandError'
    this.code = code
  }
}

/** A durable command: its place, its time and the event records it caused (n x EVENT_BYTES). */
export type CommandReply = { seq: number; timeMs: number; events: Uint8Array }

/** Who waits for a command's reply. Its methods must not throw. */
export type CommandWaiter = {
  durable(reply: CommandReply): void
  unanswered(error: CommandError): void
}

/** How a command client is made. */
export type CommandClientOptions = {
  address: Address
  name: string
  logger?: Logger
  inFlightMax?: number
  reconnect?: Backoff
}

/** A connection to the sequencer's command channel. */
export type CommandClient = {
  /**
   * Submits one command. The bytes are copied at once. Submits are sequenced in call order.
   *
   * @throws CommandError (as a rejection)
   */
  submit: (command: Uint8Array) => Promise<CommandReply>
  /** As `submit`, with a call instead of a promise; a refusal may come at once. */
  send: (command: Uint8Array, waiter: CommandWaiter) => void
  readonly connected: boolean
  readonly durableSeq: number
  readonly inFlight: number
  ready: (timeoutMs?: number) => Promise<void>
  close: () => Promise<void>
}

const settle = (waiter: CommandWaiter, reply: WireReply) => {
  if (reply.status === ReplyStatus.Ok) waiter.durable(reply)
  else if (reply.status === ReplyStatus.Overloaded)
    waiter.unanswered(new CommandError('OVERLOADED'))
  else waiter.unanswered(new CommandError('INVALID_COMMAND'))
}

/**
 * Connects in the background; `ready()` waits for it.
 *
 * @example
 * const reply = await commands.submit(slotBytes) // resolves after the journal's fdatasync
 */
export const createCommandClient = (options: CommandClientOptions): CommandClient => {
  const { inFlightMax = 65_536 } = options
  const batch = createCommandBatch()
  let waiting = new Map<number, CommandWaiter>()
  let nextId = 0
  let newestSeq = 0
  let flushing = false

  const flush = () => {
    flushing = false
    const { socket } = connection
    if (batch.count > 0) {
      const frame = batch.take()
      socket?.sendGathered(frame)
    }
  }
  const onReply = (reply: WireReply) => {
    const waiter = waiting.get(reply.id)
    if (waiter === undefined) throw new FrameError('FRAME_MALFORMED', 'a reply nobody waits for')
    waiting.delete(reply.id)
    newestSeq = Math.max(newestSeq, reply.seq)
    settle(waiter, reply)
  }
  const connection = createReconnectingSocket({
    address: options.address,
    logger: options.logger,
    backoff: options.reconnect,
    hello: () => ({ role: Role.Commands, fromSeq: 0, name: options.name }),
    onWelcome: () => {},
    onFrame: (type, payload) => {
      if (type === FrameType.Replies) visitReplies(payload, onReply)
    },
    onLost: () => {
      const lost = waiting
      waiting = new Map()
      if (batch.count > 0) batch.take()
      for (const waiter of lost.values()) waiter.unanswered(new CommandError('OUTCOME_UNKNOWN'))
    },
  })

  const refusal = (command: Uint8Array) => {
    if (connection.socket === undefined) return new CommandError('UNAVAILABLE')
    if (waiting.size >= inFlightMax) return new CommandError('OVERLOADED')
    if (command.length > commandBytesMax) return new CommandError('INVALID_COMMAND')
    return undefined
  }
  const send = (command: Uint8Array, waiter: CommandWaiter) => {
    const refused = refusal(command)
    if (refused !== undefined) {
      waiter.unanswered(refused)
      return
    }
    const id = nextId
    nextId = (nextId + 1) % 2 ** 32
    waiting.set(id, waiter)
    if (!batch.add(id, command)) {
      flush()
      batch.add(id, command)
    }
    if (flushing) return
    flushing = true
    setImmediate(flush)
  }
  const submit = (command: Uint8Array) =>
    new Promise<CommandReply>((resolve, reject) => {
      send(command, {
        durable: ({ seq, timeMs, events }) => resolve({ seq, timeMs, events }),
        unanswered: reject,
      })
    })

  return {
    submit,
    send,
    get connected() {
      return connection.socket !== undefined
    },
    get durableSeq() {
      return Math.max(newestSeq, connection.durableSeq)
    },
    get inFlight() {
      return waiting.size
    },
    ready: (timeoutMs) => connection.ready(timeoutMs),
    close: () => connection.close(),
  }
}
