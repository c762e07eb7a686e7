import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'

const entry = new URL('./index.ts', import.meta.url).href

const child = `
  const { createLifecycle, createLogger } = await import(${JSON.stringify(entry)})
  const logger = createLogger('orphan')
  createLifecycle({ logger, parentPid: Number(process.env.LAUNCHER) })
  logger.info('up')
  setInterval(() => logger.info('still here'), 100)`

/** Starts the child with pipes to itself, as a supervisor does, and says its pid. */
const launcher = `
  const { spawn } = await import('node:child_process')
  const args = ['--import', 'tsx', '--conditions=@plumb/source', '--input-type=module', '-e', ${JSON.stringify(child)}]
  const env = { ...process.env, LAUNCHER: String(process.pid) }
  const started = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  started.stdout.once('data', () => console.log(started.pid))`

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('a process whose launcher is killed ends, although nobody reads its log', async () => {
  const parent = spawn(process.execPath, ['--input-type=module', '-e', launcher], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const pid = await new Promise<number>((resolve) => {
    parent.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())))
  })
  expect(isAlive(pid)).toBe(true)
  parent.kill('SIGKILL')
  for (let waited = 0; isAlive(pid) && waited < 10_000; waited += 100) await sleep(100)
  const isLeft = isAlive(pid)
  if (isLeft) process.kill(pid, 'SIGKILL')
  expect(isLeft).toBe(false)
}, 30_000)
