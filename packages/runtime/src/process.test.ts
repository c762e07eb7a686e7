import { spawn } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { createLogger, silentLogger } from './logger.ts'
import { createMetrics } from './metrics.ts'
import { startStatusServer } from './status-server.ts'

/** Runs a script against the sources in a process of its own. */
const run = (
  script: string,
  onStdout: (text: string, kill: (signal: NodeJS.Signals) => void) => void,
) =>
  new Promise<{ code: number | null; output: string }>((resolve) => {
    const entry = new URL('./index.ts', import.meta.url).href
    const args = ['--import', 'tsx', '--conditions=@plumb/source', '--input-type=module']
    const child = spawn(process.execPath, [...args, '-e', script, entry])
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      onStdout(output, (signal) => child.kill(signal))
    })
    child.on('exit', (code) => resolve({ code, output }))
  })

const prelude = `
  const { createLifecycle, createLogger } = await import(process.argv[1])
  const logger = createLogger('test')
  const lifecycle = createLifecycle({ logger, timeoutMs: 300 })
  setInterval(() => {}, 1_000)
  const say = (text) => process.stdout.write(text + '\\n')
`

describe('a process', { timeout: 20_000 }, () => {
  test('closes its steps in reverse order on SIGTERM', async () => {
    const script = `${prelude}
      lifecycle.onClose('a', () => say('a closed'))
      lifecycle.onClose('b', async () => { await new Promise((r) => setTimeout(r, 20)); say('b closed') })
      say('up')`
    let sent = false
    const { code, output } = await run(script, (text, kill) => {
      if (!sent && text.includes('up')) kill('SIGTERM')
      sent ||= text.includes('up')
    })
    expect(code).toBe(0)
    expect(output.indexOf('b closed')).toBeLessThan(output.indexOf('a closed'))
    expect(output).toContain('a closed')
  })

  test('is ended by the timeout when a step hangs', async () => {
    const script = `${prelude}
      lifecycle.onClose('a', () => new Promise(() => {}))
      void lifecycle.close('test')`
    const { code, output } = await run(script, () => {})
    expect(code).toBe(1)
    expect(output).toContain('closing took too long')
  })

  test('crashes on an unhandled rejection', async () => {
    const { code, output } = await run(
      `${prelude} void Promise.reject(new Error('a bug'))`,
      () => {},
    )
    expect(code).toBe(1)
    expect(output).toContain('a bug')
  })
})

test('the log redacts what is named like a secret', () => {
  const lines: string[] = []
  const logger = createLogger('test', { destination: { write: (line) => void lines.push(line) } })
  logger.info({ privateKey: 'k1', config: { DATABASE_URL: 'k2', deep: { token: 'k3' } } }, 'hello')
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toMatch(/k1|k2|k3/)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ name: 'test', msg: 'hello', level: 'info' })
})

test('the status server tells health, readiness and metrics', async () => {
  const metrics = createMetrics('test')
  metrics.counter('things_total', 'Things.').inc(3)
  let isReady = false
  const server = await startStatusServer({
    listen: '0',
    logger: silentLogger,
    metrics,
    ready: () => ({ ready: isReady, detail: { waitingFor: 'x' } }),
  })
  const get = async (path: string) => {
    const response = await fetch(`${server.url}${path}`)
    return { status: response.status, text: await response.text() }
  }
  expect(await get('/health')).toEqual({ status: 200, text: '{"ok":true}' })
  expect((await get('/ready')).status).toBe(503)
  isReady = true
  expect((await get('/ready')).status).toBe(200)
  expect((await get('/metrics')).text).toContain('plumb_things_total{service="test"} 3')
  expect((await get('/nothing')).status).toBe(404)
  await server.close()
})
