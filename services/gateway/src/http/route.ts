//! A route as data: what it takes, what it answers, who may call it. Server and documentation read the same table.
import { validate } from '@plumb/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Session } from '../guard/bearer-tokens.ts'
import type { Origin } from '../guard/traffic-guard.ts'

/** What every handler is given beside its validated input. `session` is of the bearer token. */
export type RouteContext = {
  origin: Origin
  session: Session
  nowMs: number
  request: FastifyRequest
  reply: FastifyReply
}

/** For the parts of a request that a route does not read. */
export const unread = z.unknown()

type Schemas<B, Q, P> = { body: B; query: Q; params: P }
type Description = {
  tag: string
  summary: string
  /** `none`, `token` (bearer) or `signature` (the body is signed). */
  auth: 'none' | 'token' | 'signature'
  /** Whether it counts as a request of its address; orders and cancels are counted in the entry instead. */
  limited: boolean
  /** Whether it shows the exchange: it waits until the gateway has caught up with the journal. */
  needsView: boolean
  /** Metadata: answered with an ETag, and 304 when the client has it already. */
  etag: boolean
  answer: z.ZodType | null
  /** Bodies that the documentation shows; a test sends every one. */
  examples: Readonly<Record<string, unknown>> | null
}

export type Route = Description & {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  schemas: Schemas<z.ZodType, z.ZodType, z.ZodType>
  /** Validates, then handles. Throws PlumbError. */
  run: (context: RouteContext) => unknown
}

/** A route whose handler is typed by its schemas. */
export function route<B extends z.ZodType, Q extends z.ZodType, P extends z.ZodType>(
  method: Route['method'],
  path: string,
  schemas: Schemas<B, Q, P>,
  description: Pick<Description, 'tag' | 'summary'> & Partial<Description>,
  handle: (
    input: { body: z.output<B>; query: z.output<Q>; params: z.output<P> },
    context: RouteContext,
  ) => unknown,
): Route {
  return {
    method,
    path,
    schemas,
    auth: 'none',
    limited: true,
    needsView: true,
    etag: false,
    answer: null,
    examples: null,
    ...description,
    run: (context) =>
      handle(
        {
          params: checked(schemas.params, context.request.params),
          query: checked(schemas.query, context.request.query),
          body: checked(schemas.body, context.request.body),
        },
        context,
      ),
  }
}

function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = validate(schema, value)
  if (!result.ok) throw result.error
  return result.value
}
