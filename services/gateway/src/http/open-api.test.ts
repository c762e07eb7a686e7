import { errorTable, orderRequest } from '@plumb/protocol'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { openApiDocument } from './open-api.ts'
import { route, unread } from './route.ts'

const answer = z.object({ order: orderRequest, nested: z.array(orderRequest) })
const document = openApiDocument([
  route(
    'POST',
    '/v1/things/:id',
    {
      body: orderRequest,
      query: z.strictObject({ limit: z.string().optional() }),
      params: z.strictObject({ id: z.string() }),
    },
    { tag: 'T', summary: 'S', auth: 'token', answer },
    () => null,
  ),
  route(
    'GET',
    '/v1/things/:id',
    { body: unread, query: unread, params: unread },
    { tag: 'T', summary: 'S' },
    () => null,
  ),
])
const text = JSON.stringify(document)

test('every reference leads somewhere in the document', () => {
  const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map((m) => m[1])
  expect(references).toContain('OrderRequest')
  const known = Object.keys(JSON.parse(text).components.schemas)
  for (const name of references) expect(known).toContain(name)
  expect(text).not.toContain('$defs')
})

test('parameters, methods of one path and every error code are there', () => {
  const { paths, info } = JSON.parse(text)
  expect(Object.keys(paths['/v1/things/{id}'])).toEqual(['post', 'get'])
  expect(paths['/v1/things/{id}'].post).toMatchObject({
    parameters: [
      { name: 'id', in: 'path', required: true },
      { name: 'limit', in: 'query', required: false },
    ],
    security: [{ bearer: [] }],
  })
  for (const code of Object.keys(errorTable)) expect(info.description).toContain(`| ${code} |`)
})
