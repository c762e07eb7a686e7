//! A child process: node:http alone, answering the bytes of GET /v1/time. Sends its port.
import { createServer } from 'node:http'

const answer = JSON.stringify({ ts: Date.now() })
const server = createServer((_request, response) => {
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.end(answer)
})
process.once('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => process.send?.(server.address()?.port))
