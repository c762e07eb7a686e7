//! The REST server: limits, one error shape for everything, routes from the table.
import { createHash, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { errorTable, PlumbError } from '@plumb/protocol'
import type { Clock, Logger, Metrics } from '@plumb/runtime'
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify'
import type { BearerTokens, Session } from '../guard/bearer-tokens.ts'
import { addressKey } from '../guard/client-address.ts'
import type { RateVerdict } from '../guard/rate-limiter.ts'
import { type Origin, RateLimitedError, type TrafficGuard } from '../guard/traffic-guard.ts'
import { catchingUp } from '../view/catching-up.ts'
import { parseJson } from './parse-json.ts'
import type { Route } from './route.ts'

const BODY_BYTES_MAX = 65_536
const REQUEST_TIMEOUT_MS = 10_000
const HEADERS_TIMEOUT_MS = 5_000
/** How often time-outs are enforced; Node's default of 30 s would let a slow sender hold on for 40. */
const TIMEOUT_CHECK_MS = 1_000
const URL_PARAM_LENGTH_MAX = 128

export type HttpServerParts = {
  routes: readonly Route[]
  guard: TrafficGuard
  /** Whether the gateway's view has caught up with the journal. */
  caughtUp: () => boolean
  tokens: BearerTokens
  /** Throws when a session key may not speak for its account any more. */
  checkKey: (session: Session, nowMs: number) => void
  clock: Clock
  logger: Logger
  metrics: Metrics
}

/** Builds the server; the caller listens. */
export function createHttpServer(parts: HttpServerParts): FastifyInstance {
  const run = randomBytes(4).toString('hex')
  let requests = 0
  const server = fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    },
    routerOptions: { maxParamLength: URL_PARAM_LENGTH_MAX, ignoreTrailingSlash: true },
    genReqId: () => `${run}-${(++requests).toString(36)}`,
    frameworkErrors: (error, request, reply) => {
      void sendError(parts, error, request, reply)
    },
    clientErrorHandler: (error, socket) => {
      refuseRaw(error, socket)
    },
    return503OnClosing: false,
    forceCloseConnections: true,
  })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : parseJson(String(body)))
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
    }
  })
  server.setErrorHandler<FastifyError>((error, request, reply) =>
    sendError(parts, error, request, reply),
  )
  server.setNotFoundHandler((request, reply) =>
    sendError(parts, new PlumbError('NOT_FOUND'), request, reply),
  )
  addMetrics(server, parts.metrics)
  for (const route of parts.routes) addRoute(server, route, parts)
  return server
}

function addRoute(server: FastifyInstance, route: Route, parts: HttpServerParts): void {
  const { guard, tokens, clock, caughtUp } = parts
  server.route({
    method: route.method,
    url: route.path,
    handler: async (request, reply) => {
      const nowMs = clock.nowMs()
      const origin: Origin = { address: addressKey(request.socket.remoteAddress) }
      if (route.limited) limitHeaders(reply, guard.request(origin, nowMs))
      const session = route.auth === 'token' ? sessionOf(request, tokens, nowMs) : nobody
      if (caughtUp()) parts.checkKey(session, nowMs)
      else if (route.needsView) throw catchingUp()
      reply.header('x-request-id', request.id)
      const answer = await route.run({ origin, session, nowMs, request, reply })
      // Orders and cancels are counted in the entry, by account.
      if (origin.verdict !== undefined) limitHeaders(reply, origin.verdict)
      return route.etag ? withTag(answer, request, reply) : answer
    },
  })
}

/** The answer, or 304 when the client's copy is the same. */
function withTag(answer: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const text = JSON.stringify(answer)
  const tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
  reply.header('etag', tag).header('cache-control', 'no-cache')
  if (request.headers['if-none-match'] === tag) return reply.code(304).send()
  return reply.type('application/json; charset=utf-8').send(text)
}

const nobody: Session = { account: '', key: null, expiresAtMs: 0 }

function sessionOf(request: FastifyRequest, tokens: BearerTokens, nowMs: number): Session {
  const header = request.headers.authorization ?? ''
  const token = /^Bearer ([\w-]{1,512})$/.exec(header)?.[1]
  if (token === undefined) throw new PlumbError('UNKNOWN_KEY')
  return tokens.verify(token, nowMs)
}

function limitHeaders(reply: FastifyReply, verdict: RateVerdict): void {
  reply.header('ratelimit-limit', verdict.limit)
  reply.header('ratelimit-remaining', Math.max(0, verdict.remaining))
  reply.header('ratelimit-reset', verdict.resetS)
}

/** Everything that fails, in the one shape: our errors, the framework's, and bugs (which say nothing but INTERNAL). */
function sendError(
  { logger }: HttpServerParts,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const failure = publicError(error)
  if (failure.code === 'INTERNAL')
    logger.error({ err: error, requestId: request.id, url: request.url }, 'request failed')
  if (error instanceof RateLimitedError) limitHeaders(reply, error.verdict)
  if (failure.retryAfter !== undefined)
    reply.header('retry-after', Math.max(1, Math.ceil(failure.retryAfter / 1_000)))
  return reply
    .code(errorTable[failure.code].http)
    .header('x-request-id', request.id)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify({ error: failure.body(request.id) }))
}

const frameworkCodes: Record<string, () => PlumbError> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new PlumbError('PAYLOAD_TOO_LARGE', { limit: BODY_BYTES_MAX }),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => new PlumbError('UNSUPPORTED_MEDIA_TYPE'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new PlumbError('BAD_REQUEST', { message: 'the body is not as long as Content-Length says' }),
  FST_ERR_BAD_URL: () => new PlumbError('BAD_REQUEST', { message: 'malformed URL' }),
  FST_ERR_MAX_PARAM_LENGTH: () =>
    new PlumbError('BAD_REQUEST', { message: 'URL part too long', limit: URL_PARAM_LENGTH_MAX }),
}

function publicError(error: unknown): PlumbError {
  if (error instanceof PlumbError) return error
  const { code = '', statusCode = 500 } = isCoded(error) ? error : {}
  const known = frameworkCodes[code]
  if (known !== undefined) return known()
  return new PlumbError(statusCode >= 400 && statusCode < 500 ? 'BAD_REQUEST' : 'INTERNAL')
}

function isCoded(error: unknown): error is { code?: string; statusCode?: number } {
  return typeof error === 'object' && error !== null
}

/** What never became a request: malformed HTTP, oversized headers, a sender that took too long. */
function refuseRaw(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, failure] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', new PlumbError('PAYLOAD_TOO_LARGE')]
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [
            '408 Request Timeout',
            new PlumbError('BAD_REQUEST', {
              message: 'the request took too long to arrive',
              limit: REQUEST_TIMEOUT_MS,
            }),
          ]
        : ['400 Bad Request', new PlumbError('BAD_REQUEST', { message: 'not HTTP' })]
  const body = JSON.stringify({ error: failure.body() })
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\nconnection: close\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

function addMetrics(server: FastifyInstance, metrics: Metrics): void {
  const seconds = metrics.histogram('http_request_seconds', 'REST answers.', undefined, [
    'method',
    'route',
    'status',
  ])
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    seconds.observe(
      { method: request.method, route, status: String(reply.statusCode) },
      reply.elapsedTime / 1_000,
    )
    done()
  })
}
