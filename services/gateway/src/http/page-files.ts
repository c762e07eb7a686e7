//! The status page: a few static files, read once.
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'

/** Beside src and dist, so that both find it. */
const folder = fileURLToPath(new URL('../../page', import.meta.url))
const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}

type File = { type: string; content: Buffer }

function readFiles(): Map<string, File> {
  const files = new Map<string, File>()
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const type = types[extname(entry)]
    if (type === undefined) continue
    files.set(entry.split(sep).join('/'), { type, content: readFileSync(join(folder, entry)) })
  }
  return files
}

/** `/` answers index.html, `/page/…` the other files. */
export function servePage(server: FastifyInstance): void {
  const files = readFiles()
  for (const [name, { type, content }] of files)
    for (const url of name === 'index.html' ? ['/', '/page/index.html'] : [`/page/${name}`])
      server.get(url, (_request, reply) =>
        reply
          .type(type)
          .header('cache-control', 'no-cache')
          .header('x-content-type-options', 'nosniff')
          .send(content),
      )
}
