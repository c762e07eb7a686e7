//! A socket that speaks frames: writes of one loop turn leave together, silence is noticed.
import type { Socket } from 'node:net'
import { createFrameReader, encodeFrame, FrameError, frameBytesMax } from './frame.ts'
import { FrameType } from './wire.ts'

/** Either side of a connection. */
export type FrameSocket = {
  /** Copies the parts into one frame and queues it. */
  send(type: number, ...parts: readonly Uint8Array[]): void
  /** Queues bytes that are whole frames already; they must not change afterwards. */
  sendEncoded(frames: Uint8Array): void
  /** As `sendEncoded`, but at once: for who has gathered a turn's frames, and would wait for the next turn's end. */
  sendGathered(frames: Uint8Array): void
  /** Bytes queued and not yet taken by the kernel. */
  readonly queuedBytes: number
  /** Stops reading: the peer feels it as back-pressure. */
  pause(): void
  resume(): void
  /** Sends what is queued, then ends. */
  end(): void
  /** Ends at once. */
  destroy(): void
  readonly closed: boolean
}

/** What a frame socket tells its owner, and its limits. */
export type FrameSocketOptions = {
  onFrame(type: number, payload: Buffer): void
  /** Called once, with the error that ended the connection if there was one. */
  onClose(error: Error | undefined): void
  /** The kernel took everything that was queued. */
  onDrain?: () => void
  /** What our heartbeats carry. */
  heartbeat?: () => Uint8Array
  heartbeatMs?: number
  /** Silence after which the peer counts as dead. */
  silenceMs?: number
  frameBytesMax?: number
}

const none = new Uint8Array(0)

/** Calls `onSilence` after too much of it. A pause of our own process is not the peer's silence. */
const watchSilence = (
  beatMs: number,
  silenceMs: number,
  beat: () => void,
  onSilence: () => void,
) => {
  let quietTurns = 0
  let lastTurn = performance.now()
  const turnsMax = Math.ceil(silenceMs / beatMs)
  const timer = setInterval(() => {
    const now = performance.now()
    if (now - lastTurn > 2 * beatMs) quietTurns = 0
    lastTurn = now
    quietTurns += 1
    beat()
    if (quietTurns > turnsMax) onSilence()
  }, beatMs).unref()
  return {
    heard: () => {
      quietTurns = 0
    },
    stop: () => clearInterval(timer),
  }
}

/** Wraps a connected socket. Frames are delivered until `onClose`. */
export const createFrameSocket = (socket: Socket, options: FrameSocketOptions): FrameSocket => {
  const { heartbeatMs = 2_000, silenceMs = 10_000 } = options
  let closed = false
  let failure: Error | undefined
  let corked = false
  let paused = false
  socket.setNoDelay(true)

  // One writev for everything that a turn of the event loop produced.
  const uncork = () => {
    corked = false
    socket.uncork()
  }
  const sendEncoded = (frames: Uint8Array) => {
    if (closed) return
    if (!corked) {
      corked = true
      socket.cork()
      setImmediate(uncork)
    }
    socket.write(frames)
  }
  const fail = (error: Error) => {
    failure ??= error
    socket.destroy()
  }
  const silence = watchSilence(
    heartbeatMs,
    silenceMs,
    () => sendEncoded(encodeFrame(FrameType.Heartbeat, options.heartbeat?.() ?? none)),
    () => {
      if (!paused) fail(new Error(`the peer was silent for ${silenceMs} ms`))
    },
  )
  const reader = createFrameReader(options.frameBytesMax ?? frameBytesMax, (type, payload) => {
    if (!closed) options.onFrame(type, payload)
  })
  socket.on('data', (chunk: Buffer) => {
    silence.heard()
    try {
      reader.push(chunk)
    } catch (error) {
      // Only the peer's fault ends just the connection; a bug of ours goes on to the crash handler.
      if (!(error instanceof FrameError)) throw error
      fail(error)
    }
  })
  socket.on('drain', () => options.onDrain?.())
  socket.on('error', (error) => {
    failure ??= error
  })
  socket.on('close', () => {
    closed = true
    silence.stop()
    options.onClose(failure)
  })
  return {
    send: (type, ...parts) => sendEncoded(encodeFrame(type, ...parts)),
    sendEncoded,
    // Behind what this turn has queued, if it has.
    sendGathered: (frames) => {
      if (!closed) socket.write(frames)
    },
    get queuedBytes() {
      return socket.writableLength
    },
    pause: () => {
      paused = true
      socket.pause()
    },
    resume: () => {
      paused = false
      silence.heard()
      socket.resume()
    },
    end: () => {
      socket.end()
    },
    destroy: () => {
      socket.destroy()
    },
    get closed() {
      return closed
    },
  }
}
