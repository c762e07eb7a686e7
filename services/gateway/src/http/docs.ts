//! The documentation page, served from the package: it needs no network.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { asyncApiDocument } from './async-api.ts'
import { openApiDocument } from './open-api.ts'
import type { Route } from './route.ts'
import { streamPage } from './stream-page.ts'

/** `/docs` is the page, `/v1/openapi` the document; `/docs/stream` and `/v1/asyncapi` the same of the stream. */
export async function serveDocs(server: FastifyInstance, routes: readonly Route[]): Promise<void> {
  // Through JSON, since that is what it is: the plugin's types know OpenAPI 3.0 only.
  const document = JSON.parse(JSON.stringify(openApiDocument(routes)))
  const stream = asyncApiDocument()
  const page = streamPage(stream)
  for (const path of ['/docs/stream.json', '/v1/asyncapi']) server.get(path, () => stream)
  server.get('/v1/openapi', () => document)
  server.get('/docs/stream', (_request, reply) => reply.type('text/html; charset=utf-8').send(page))
  await server.register(swagger, { mode: 'static', specification: { document } })
  await server.register(swaggerUi, {
    routePrefix: '/docs',
    theme: {
      title: 'Plumb API',
      // The bar would only offer to load another document.
      css: [{ filename: 'plumb.css', content: '.swagger-ui .topbar { display: none }' }],
    },
    uiConfig: { validatorUrl: null, tryItOutEnabled: true, persistAuthorization: true },
  })
}
