//! One WebSocket connection over a plain socket: prepared frames out, frames in.
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { FrameSplitter, opcode } from './frames.ts'

export type TextSink = (bytes: Buffer, start: number, end: number) => void

/** Loopback addresses to come from: each has connection and request limits of its own at the gateway. */
function sourceOf(number: number): string {
  return `127.0.${(number >> 8) & 0xff}.${number & 0xff || 1}`
}

export class WireClient {
  readonly socket: Socket
  /** Called with each text message. */
  onText: TextSink = () => {}
  closed: string | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    const splitter = new FrameSplitter((op, bytes, start, end) => {
      if (op === opcode.text) this.onText(bytes, start, end)
      else if (op === opcode.ping) this.#pong(bytes.subarray(start, end))
      else if (op === opcode.close)
        this.closed = `${bytes.readUInt16BE(start)} ${bytes.toString('latin1', start + 2, end)}`
    })
    socket.on('data', (chunk) => splitter.push(chunk))
    socket.on('error', (error) => {
      this.closed ??= String(error)
    })
    socket.on('close', () => {
      this.closed ??= 'closed'
    })
  }

  /** @param source number of the loopback address to come from; the machine's own choice without */
  static async open(baseUrl: string, source?: number): Promise<WireClient> {
    const { hostname, port } = new URL(baseUrl)
    const from = source === undefined ? {} : { localAddress: sourceOf(source) }
    const socket = connect({ host: hostname, port: Number(port), ...from })
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.once('connect', resolve)
    })
    socket.write(
      `GET /v1/ws HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    )
    const answer = await new Promise<Buffer>((resolve, reject) => {
      socket.once('data', resolve)
      socket.once('close', () => reject(new Error('the gateway closed the connection')))
    })
    const end = answer.indexOf('\r\n\r\n')
    if (!answer.toString('latin1', 0, 12).endsWith('101') || end < 0) {
      socket.destroy()
      throw new Error(`no WebSocket: ${answer.toString('latin1', 0, 400)}`)
    }
    const client = new WireClient(socket)
    if (answer.length > end + 4) socket.unshift(answer.subarray(end + 4))
    return client
  }

  send(frames: Buffer): void {
    this.socket.write(frames)
  }

  close(): void {
    this.socket.destroy()
  }

  #pong(payload: Buffer): void {
    const frame = Buffer.alloc(6 + payload.length)
    frame.writeUInt8(0x80 | opcode.pong, 0)
    frame.writeUInt8(0x80 | payload.length, 1)
    payload.copy(frame, 6)
    this.socket.write(frame)
  }
}
