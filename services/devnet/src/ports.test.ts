import { createServer, type Server } from 'node:net'
import { expect, test } from 'vitest'
import { claimPort, portHolder } from './ports.ts'

const listen = (server: Server) =>
  new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' ? (address?.port ?? 0) : 0)
    })
  })

test('a busy port is an error that names port, process and flag', async () => {
  const server = createServer()
  const port = await listen(server)
  expect(portHolder(port)).toBe(process.pid)
  await expect(claimPort(port, 'gateway', '--gateway-port')).rejects.toMatchObject({
    code: 'PORT_BUSY',
    message: expect.stringMatching(
      new RegExp(
        `^Port ${port} \\(gateway\\) is already used by process ${process.pid} .*--gateway-port PORT$`,
      ),
    ),
  })
  server.close()
})

test('0 claims a free port that no system hands out by itself', async () => {
  const port = await claimPort(0, 'gateway', '--gateway-port')
  expect(port).toBeGreaterThan(1023)
  expect(port).toBeLessThan(32_768)
})
