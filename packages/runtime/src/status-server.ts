//! The small HTTP server every service has: /health, /ready, /metrics.

import type { ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'

/** Whether the service can do its work now, and what is missing if not. */
export type Readiness = { ready: boolean; detail?: object }

/** How a status server is made. `listen`: `none`, `PORT` or `HOST:PORT`; port 0 takes a free one. */
export type StatusServerOptions = {
  listen: string
  logger: Logger
  metrics: Metrics
  ready: () => Readiness
  health?: () => object
  /** More GET routes of this service: an answer, or undefined where there is none. */
  routes?: (path: string, query: URLSearchParams) => StatusAnswer | undefined
  /** POST routes: what an operator may ask the service to do; undefined where there is none. */
  actions?: (path: string) => Promise<StatusAnswer> | undefined
}

/** An answer of a service's own route, sent as JSON. */
export type StatusAnswer = { status: number; body: object }

/** A running status server; `url` is undefined when it was switched off. */
export type StatusServer = { url: string | undefined; close: () => Promise<void> }

const loopback = '127.0.0.1'

const sendJson = (response: ServerResponse, status: number, body: object) => {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

const sendMetrics = async (response: ServerResponse, metrics: Metrics) => {
  const text = await metrics.text()
  response.writeHead(200, { 'content-type': metrics.registry.contentType })
  response.end(text)
}

const answer = (options: StatusServerOptions, url: string, response: ServerResponse) => {
  const [path = '/', query] = url.split('?')
  if (path === '/health') return sendJson(response, 200, { ok: true, ...options.health?.() })
  if (path === '/metrics')
    return void sendMetrics(response, options.metrics).catch((error: unknown) => {
      options.logger.error({ err: error }, 'metrics failed')
      response.destroy()
    })
  const own = options.routes?.(path, new URLSearchParams(query))
  if (own !== undefined) return sendJson(response, own.status, own.body)
  if (path !== '/ready') return sendJson(response, 404, { error: 'NOT_FOUND' })
  const { ready, detail } = options.ready()
  return sendJson(response, ready ? 200 : 503, { ready, ...detail })
}

const act = (options: StatusServerOptions, url: string, response: ServerResponse) => {
  const acting = options.actions?.(url.split('?')[0] ?? '/')
  if (acting === undefined) return sendJson(response, 405, { error: 'METHOD_NOT_ALLOWED' })
  acting
    .then(({ status, body }) => sendJson(response, status, body))
    .catch((error: unknown) => {
      options.logger.error({ err: error, url }, 'action failed')
      sendJson(response, 500, { error: 'INTERNAL' })
    })
}

/**
 * Listens on loopback unless a host is named.
 *
 * @throws when the port is taken (`EADDRINUSE`)
 */
export const startStatusServer = async (options: StatusServerOptions): Promise<StatusServer> => {
  if (options.listen === 'none') return { url: undefined, close: () => Promise.resolve() }
  const colon = options.listen.lastIndexOf(':')
  const host = colon < 0 ? loopback : options.listen.slice(0, colon)
  const port = Number(options.listen.slice(colon + 1))
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000 },
    (request, response) => {
      const isRead = request.method === 'GET' || request.method === 'HEAD'
      if (isRead) answer(options, request.url ?? '/', response)
      else if (request.method === 'POST') act(options, request.url ?? '/', response)
      else sendJson(response, 405, { error: 'METHOD_NOT_ALLOWED' })
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const bound: AddressInfo | string | null = server.address()
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port
  const url = `http://${host}:${boundPort}`
  options.logger.info({ url }, 'status server listens')
  return {
    url,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
