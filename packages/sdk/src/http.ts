//! One REST request: timeout, JSON both ways, failures as PlumbErrors.
import {
  ExchangeUnavailableError,
  errorDetailOf,
  errorFrom,
  NotConnectedError,
  OutcomeUnknownError,
} from './errors.ts'

/** Query parameters; undefined ones are left out. */
export type Query = Record<string, string | number | boolean | undefined>

/** One request of the API. */
export type HttpRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  query?: Query
  body?: unknown
  /** Bearer token. */
  token?: string
}

/** Where the exchange is, and how requests are repeated. */
export type HttpOptions = {
  /** e.g. http://127.0.0.1:8080 */
  baseUrl: string
  /** Milliseconds for one attempt, 10,000 by default. */
  timeoutMs?: number
  /** Attempts after the first of a read that was not sent, or not in time, 2 by default. Nothing else is repeated. */
  readRetries?: number
  fetch?: typeof fetch
}

/** Sends one request; `T` is what the exchange documents for that path. */
export type Http = <T>(request: HttpRequest) => Promise<T>

/** A function that sends one request and resolves to its JSON, or throws a PlumbError. */
export function createHttp(options: HttpOptions): Http {
  const { timeoutMs = 10_000, readRetries = 2, fetch: send = fetch } = options
  const base = options.baseUrl.replace(/\/+$/, '')
  return async <T>(request: HttpRequest) => {
    for (let attempt = 0; ; attempt++)
      try {
        return await once<T>(send, base, request, timeoutMs)
      } catch (error) {
        const again = request.method === 'GET' && error instanceof NotConnectedError
        if (!again || attempt >= readRetries) throw error
        await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt))
      }
  }
}

async function once<T>(
  send: typeof fetch,
  base: string,
  request: HttpRequest,
  timeoutMs: number,
): Promise<T> {
  const response = await send(urlOf(base, request), {
    method: request.method,
    signal: AbortSignal.timeout(timeoutMs),
    headers: headersOf(request),
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
  }).catch((error: unknown) => {
    throw connectionError(error, base, request)
  })
  const text = await response.text().catch((error: unknown) => {
    throw connectionError(error, base, request)
  })
  const what = `${request.method} ${request.path}: HTTP ${response.status}`
  // The exchange stopped waiting for the whole of it (a process may stand still after it has connected): it did nothing.
  if (response.status === 408)
    throw new NotConnectedError({ code: 'UNAVAILABLE', message: `${what}, it was sent too slowly` })
  let json: T
  try {
    json = JSON.parse(text)
  } catch (error) {
    const message = `${what}, and the answer is no JSON`
    throw new ExchangeUnavailableError({ code: 'INTERNAL', message }, { cause: error })
  }
  if (response.ok) return json
  const detail = errorDetailOf(json)
  if (detail !== undefined) throw errorFrom(detail)
  throw errorFrom({
    code: response.status === 404 ? 'NOT_FOUND' : 'INTERNAL',
    message: `${what} without an error body`,
  })
}

function urlOf(base: string, { path, query = {} }: HttpRequest): string {
  const pairs = new URLSearchParams()
  for (const [key, value] of Object.entries(query))
    if (value !== undefined) pairs.append(key, String(value))
  const search = pairs.toString()
  return `${base}${path}${search === '' ? '' : `?${search}`}`
}

function headersOf({ body, token }: HttpRequest): Record<string, string> {
  return {
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
}

// A refused or unresolved connection carried nothing; anything later may have reached the exchange.
const notSent = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH/

function connectionError(error: unknown, base: string, request: HttpRequest): Error {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const code =
    typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
  const what = `${request.method} ${base}${request.path}`
  const options = { cause: error }
  if (request.method === 'GET' || notSent.test(code))
    return new NotConnectedError(
      { code: 'UNAVAILABLE', message: `${what}: ${code || String(cause)}` },
      options,
    )
  return new OutcomeUnknownError({ code: 'TIMEOUT', message: `${what}: no answer` }, options)
}
