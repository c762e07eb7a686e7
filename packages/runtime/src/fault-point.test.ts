import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const root = mkdtempSync(join(tmpdir(), 'plumb-fault-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

// Says each step it has done; a step is over before its point is reached.
const child = `
  const { faultPoint, watchFaults } = await import(process.argv[1])
  watchFaults(process.argv[2] || undefined)
  for (let step = 1; step <= 5; step++) {
    console.log(step)
    faultPoint('test:stepped')
  }`

const run = (file: string) =>
  new Promise<{ steps: string; signal: string | null }>((resolve) => {
    const entry = new URL('./fault-point.ts', import.meta.url).href
    const args = ['--import', 'tsx', '--input-type=module', '-e', child, entry, file]
    const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let steps = ''
    started.stdout.on('data', (chunk: Buffer) => (steps += chunk.toString()))
    started.once('close', (_code, signal) =>
      resolve({ steps: steps.trim().replaceAll('\n', ' '), signal }),
    )
  })

test.each([
  ['test:stepped', '1', 'SIGKILL', true],
  ['test:stepped 3', '1 2 3 4', 'SIGKILL', true],
  ['test:stepped 9', '1 2 3 4 5', null, false],
  ['test:elsewhere', '1 2 3 4 5', null, false],
])(
  'ordered "%s": does steps %s, ends by %s',
  async (order, steps, signal, isHit) => {
    const file = join(mkdtempSync(join(root, 'f-')), 'fault')
    writeFileSync(file, order)
    expect(await run(file)).toEqual({ steps, signal })
    expect([existsSync(`${file}.hit`), existsSync(file)]).toEqual([isHit, !isHit])
    // One order, one death: the next life passes.
    if (isHit) expect(await run(file)).toEqual({ steps: '1 2 3 4 5', signal: null })
  },
  60_000,
)

test('without a file nothing ever happens', async () => {
  expect(await run('')).toEqual({ steps: '1 2 3 4 5', signal: null })
}, 60_000)
