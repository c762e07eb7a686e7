import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { expect, test } from 'vitest'
import { Journal } from './journal.ts'

// A writer that appends for ever, two appends in flight, and prints each seq once it is acknowledged.
const writer = `
  const { Journal } = await import(process.argv[1])
  const journal = await Journal.open(process.argv[2], { segmentBytes: 64 * 1024, idleProofMs: 5 })
  const one = (seq) =>
    journal.append([{ seq, timeMs: seq, kind: 1, payload: Buffer.alloc(1 + (seq * 7919) % 900, seq) }])
  let seq = journal.lastSeq
  for (;;) {
    const waits = [one(++seq), one(++seq), one(++seq)]
    const last = (await Promise.all(waits)).at(-1)
    process.stdout.write(last.lastSeq + '\\n')
  }`

const runUntilKilled = (directory: string, afterMs: number) =>
  new Promise<number>((resolve, reject) => {
    const entry = new URL('./index.ts', import.meta.url).href
    const args = ['--import', 'tsx', '--conditions=@plumb/source', '--input-type=module']
    const child = spawn(process.execPath, [...args, '-e', writer, entry, directory])
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk: Buffer) => {
      if (output === '') setTimeout(() => child.kill('SIGKILL'), afterMs)
      output += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    child.on('exit', (_code, signal) => {
      if (signal !== 'SIGKILL') return reject(new Error(errors))
      resolve(Number(output.slice(0, output.lastIndexOf('\n')).split('\n').at(-1)))
    })
  })

const cycles = Number(env.PLUMB_KILL_CYCLES ?? 5)

test(`${cycles} kills of a writer lose nothing that was acknowledged`, {
  timeout: 10_000 + cycles * 5_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'plumb-k-'))
  let before = 0
  for (let cycle = 0; cycle < cycles; cycle++) {
    const acked = await runUntilKilled(directory, 5 + ((cycle * 37) % 60))
    const journal = await Journal.open(directory, { segmentBytes: 64 * 1024 })
    expect(acked).toBeGreaterThan(before)
    expect(journal.lastSeq).toBeGreaterThanOrEqual(acked)
    expect(journal.lastSeq).toBeLessThanOrEqual(acked + 6)
    let seq = 0
    for (const record of journal.read(1)) {
      expect(record.seq).toBe(++seq)
      expect(record.payload.length).toBe(1 + ((seq * 7919) % 900))
    }
    expect(seq).toBe(journal.lastSeq)
    before = journal.lastSeq
    await journal.close()
  }
  rmSync(directory, { recursive: true })
})
