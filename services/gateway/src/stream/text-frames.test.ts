import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { textFrame, textFrames } from './text-frames.ts'

/** What a ws client reads out of these bytes, written past the server's ws. */
async function readBack(frames: Buffer, count: number): Promise<string[]> {
  const server = new WebSocketServer({ port: 0, perMessageDeflate: false })
  server.on('connection', (_socket, { socket }) => socket.write(frames))
  await new Promise((resolve) => server.once('listening', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a listening TCP server has one
  const { port } = server.address() as AddressInfo
  const client = new WebSocket(`ws://127.0.0.1:${port}`)
  const texts: string[] = []
  await new Promise<void>((resolve, reject) => {
    client.on('error', reject)
    client.on('message', (data: Buffer) => {
      texts.push(data.toString('utf8'))
      if (texts.length === count) resolve()
    })
  })
  client.terminate()
  server.close()
  return texts
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.integer({ min: 0, max: 70_000 }).map((length) => 'x'.repeat(length)),
  fc.integer({ min: 40, max: 130 }).map((length) => 'é'.repeat(length)),
)

test('ws reads every text back, of every length and alphabet', async () => {
  const texts = [0, 1, 125, 126, 65_535, 65_536].map((length) => 'x'.repeat(length))
  expect(await readBack(Buffer.concat(texts.map(textFrame)), texts.length)).toEqual(texts)
  const property = fc.asyncProperty(
    fc.array(anyText, { minLength: 1, maxLength: 20 }),
    async (some) => {
      expect(await readBack(textFrames(some), some.length)).toEqual(some)
    },
  )
  await fc.assert(property, { numRuns: 20 })
})
