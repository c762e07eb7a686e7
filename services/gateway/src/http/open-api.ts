//! The OpenAPI 3.1 document, out of the route table and its zod schemas.
import { errorReply, errorTable, orderBatchRequest, orderRequest } from '@plumb/protocol'
import { z } from 'zod'
import type { Route } from './route.ts'

type Json = Record<string, unknown>

/** Gathers the named schemas of everything converted. */
class SchemaBook {
  readonly components: Json = {}

  /** JSON Schema of a zod schema; named ones (`meta.id`) become references. */
  of(schema: z.ZodType): Json {
    const {
      $defs,
      $schema: _,
      ...converted
    } = z.toJSONSchema(schema, {
      io: 'input',
      unrepresentable: 'any',
    })
    for (const [name, definition] of Object.entries($defs ?? {}))
      this.components[name] ??= rewrite(definition)
    const name = z.globalRegistry.get(schema)?.id
    if (name === undefined) return rewriteObject(converted)
    this.components[name] ??= rewriteObject(converted)
    return { $ref: `#/components/schemas/${name}` }
  }
}

/** Definitions move to the components of the document; `id` is zod's own and means something else in JSON Schema. */
function rewrite(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewrite)
  return isJson(value) ? rewriteObject(value) : value
}

function rewriteObject(value: Json): Json {
  const out: Json = {}
  for (const [key, inner] of Object.entries(value)) {
    if (key === '$ref' && typeof inner === 'string')
      out[key] = inner.replace('#/$defs/', '#/components/schemas/')
    else if (key !== 'id' || typeof inner !== 'string') out[key] = rewrite(inner)
  }
  return out
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null
}

export function openApiDocument(routes: readonly Route[]): Json {
  const book = new SchemaBook()
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    const known = paths[path] ?? {}
    known[route.method.toLowerCase()] = operationOf(route, book)
    paths[path] = known
  }
  book.of(orderRequest)
  book.of(orderBatchRequest)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Plumb',
      version: '1',
      description: [
        'Perpetual futures: off-chain order book, on-chain settlement.',
        'Decimals are canonical strings, ids are strings, times are integer milliseconds.',
        'Orders and withdrawals are EIP-712 messages (see /v1/signing); private reads and cancels take a bearer',
        'token of POST /v1/auth. The stream is at /v1/ws with the same objects.',
        '',
        // Folded: whoever opens the page looks for the routes first.
        '<details><summary>Every error code</summary>',
        '',
        '| code | HTTP | meaning |',
        '|---|---|---|',
        ...Object.entries(errorTable).map(
          ([code, { http, doc }]) => `| ${code} | ${http} | ${doc} |`,
        ),
        '',
        '</details>',
      ].join('\n'),
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: book.components,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    },
  }
}

function operationOf(route: Route, book: SchemaBook): Json {
  const { schemas, answer, tag, summary } = route
  const parameters = [
    ...parametersOf(schemas.params, 'path', book),
    ...parametersOf(schemas.query, 'query', book),
  ]
  const hasBody = route.method === 'POST' || route.method === 'PUT'
  return {
    tags: [tag],
    summary,
    parameters,
    ...(hasBody
      ? { requestBody: { required: true, content: jsonContent(book.of(schemas.body)) } }
      : {}),
    ...(route.auth === 'token' ? { security: [{ bearer: [] }] } : {}),
    responses: {
      200: {
        description: 'OK',
        ...(answer === null ? {} : { content: jsonContent(book.of(answer)) }),
      },
      default: { description: 'Refused', content: jsonContent(book.of(errorReply)) },
    },
  }
}

function jsonContent(schema: Json): Json {
  return { 'application/json': { schema } }
}

function parametersOf(schema: z.ZodType, place: 'path' | 'query', book: SchemaBook): Json[] {
  const { properties, required } = book.of(schema)
  if (!isJson(properties)) return []
  const needed = new Set(Array.isArray(required) ? required : [])
  return Object.entries(properties).map(([name, inner]) => ({
    name,
    in: place,
    required: place === 'path' || needed.has(name),
    schema: inner,
  }))
}
