import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { connect } from './connect.ts'

/** A port on which nobody listens. */
const closedPort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })

test('a server that is away fails each query, and none of them uses a connection up', async () => {
  const url = `postgres://nobody@127.0.0.1:${await closedPort()}/none`
  const sql = connect(url, { applicationName: 'test', max: 1 })
  for (let attempt = 1; attempt <= 3; attempt++)
    await expect(sql`SELECT 1`, `attempt ${attempt}`).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    })
  await sql.end({ timeout: 1 })
}, 20_000)
