import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { encodeFrame } from './frame.ts'
import { createFrameSocket } from './frame-socket.ts'
import { FrameType } from './wire.ts'

const frame = (text: string) => encodeFrame(FrameType.Commands, Buffer.from(text))

test('frames of a turn leave together at its end, gathered ones at once and behind them', async () => {
  const heard: string[] = []
  const server = createServer((socket: Socket) => {
    createFrameSocket(socket, {
      onFrame: (_type, payload) => {
        heard.push(payload.toString())
      },
      onClose: () => undefined,
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const socket = connect(address.port, '127.0.0.1')
  await once(socket, 'connect')
  const frames = createFrameSocket(socket, { onFrame: () => undefined, onClose: () => undefined })

  frames.sendGathered(frame('first'))
  expect(frames.queuedBytes, 'the kernel has it').toBe(0)
  frames.sendEncoded(frame('second'))
  expect(frames.queuedBytes, 'until the end of the turn').toBeGreaterThan(0)
  frames.sendGathered(frame('third'))
  await setImmediate()
  expect(frames.queuedBytes).toBe(0)
  await expect.poll(() => heard).toEqual(['first', 'second', 'third'])

  frames.destroy()
  await once(socket, 'close')
  frames.sendGathered(frame('too late'))
  server.close()
})
