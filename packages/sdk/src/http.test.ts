import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { NotConnectedError } from './errors.ts'
import { createHttp } from './http.ts'

/** Answers a request with each status in turn, then always 200; tells how many came. */
async function serving(...statuses: number[]) {
  let requests = 0
  const server = createServer((_request, response) => {
    const status = statuses[requests] ?? 200
    requests += 1
    response.writeHead(status, { 'content-type': 'application/json' })
    const error = { code: 'BAD_REQUEST', message: 'the request took too long to arrive' }
    response.end(JSON.stringify(status === 200 ? { ok: true } : { error }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { http: createHttp({ baseUrl: `http://127.0.0.1:${port}` }), requests: () => requests }
}

test('a read that was sent too slowly is sent again', async () => {
  const { http, requests } = await serving(408, 408)
  expect(await http({ method: 'GET', path: '/v1/time' })).toEqual({ ok: true })
  expect(requests()).toBe(3)
})

test('anything else is said to have done nothing, and is not repeated by itself', async () => {
  const { http, requests } = await serving(408)
  const order = http({ method: 'POST', path: '/v1/orders', body: {} })
  await expect(order).rejects.toThrow(NotConnectedError)
  expect(requests()).toBe(1)
})
