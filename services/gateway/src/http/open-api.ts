//! The OpenAPI 3.1 document, out of the route table and its zod schemas.
import { errorReply, errorTable, orderBatchRequest, orderRequest } from '@plumb/protocol'
import type { z } from 'zod'
import type { Route } from './route.ts'
import { isJson, type Json, SchemaBook } from './schema-book.ts'

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
        'token of POST /v1/auth. The stream is at /v1/ws with the same objects: [/docs/stream](/docs/stream).',
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
    ...(hasBody ? { requestBody: { required: true, content: bodyContent(route, book) } } : {}),
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

function bodyContent({ schemas, examples }: Route, book: SchemaBook): Json {
  const schema = book.of(schemas.body)
  if (examples === null) return jsonContent(schema)
  const shown = Object.entries(examples).map(([name, value]) => [name, { value }])
  return { 'application/json': { schema, examples: Object.fromEntries(shown) } }
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
