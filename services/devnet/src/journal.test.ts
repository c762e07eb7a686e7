import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Journal } from '@plumb/journal'
import { type Command, encodeCommand } from '@plumb/model'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = mkdtempSync(join(tmpdir(), 'plumb-cli-'))
const directory = join(root, 'journal')
const main = fileURLToPath(new URL('./journal.ts', import.meta.url))
const tsx = ['--import', 'tsx', '--conditions=@plumb/source', main]
const startMs = 1_700_000_000_000

const commands: Command[] = [
  {
    kind: 'Genesis',
    chainId: 1337,
    settlementLagS: 600,
    publisherCount: 1,
    publisherQuorum: 1,
    contract: new Uint8Array(20).fill(0x11),
    publishers: new Uint8Array(100),
  },
  {
    kind: 'CreditDeposit',
    owner: new Uint8Array(20).fill(0x22),
    subaccount: 0,
    amountQuote: 5_000_000,
    depositId: 1,
    blockNumber: 3,
    txHash: new Uint8Array(32),
  },
  ...Array.from({ length: 30 }, (): Command => ({ kind: 'Tick' })),
]

beforeAll(async () => {
  const journal = await Journal.open(directory, { segmentBytes: 8 * 1024 })
  for (const [i, command] of commands.entries()) {
    const seq = i + 1
    const timeMs = startMs + seq
    await journal.append([{ seq, timeMs, kind: 1, payload: encodeCommand(command, seq, timeMs) }])
  }
  await journal.close()
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...tsx, ...args], {
    encoding: 'utf8',
  })
  return { status, lines: stdout.trimEnd().split('\n'), stderr }
}
const lastJson = (lines: readonly string[]): unknown => JSON.parse(lines.at(-1) ?? '')

describe('the journal command', { timeout: 60_000 }, () => {
  test('inspect shows segments and ends', () => {
    const { status, lines } = run('inspect', '--json', directory)
    expect(status).toBe(0)
    expect(lines.join('\n')).toContain(`seq ${commands.length}`)
    expect(lastJson(lines)).toMatchObject({
      name: 'journal-inspect',
      ok: true,
      lastSeq: commands.length,
      lastTimeMs: startMs + commands.length,
      fault: null,
      torn: null,
      writerPid: null,
      advice: [],
    })
  })

  test('dump gives commands, and their events by replay, as one JSON line each', () => {
    const { status, lines } = run('dump', '--from', '2', '--to', '3', '--events', directory)
    expect(status).toBe(0)
    const entries = lines.map((line): unknown => JSON.parse(line))
    expect(entries).toMatchObject([
      {
        seq: 2,
        timeMs: startMs + 2,
        command: { kind: 'CreditDeposit', owner: `0x${'22'.repeat(20)}`, amountQuote: 5_000_000 },
        events: [{ kind: 'AccountOpened' }, { kind: 'DepositCredited', amountQuote: 5_000_000 }],
      },
      { seq: 3, command: { kind: 'Tick' } },
    ])
    expect(run('dump', directory).lines).toHaveLength(commands.length)
  })

  test('verify names the place of a flipped bit and what to do, with exit code 1', () => {
    const segments = readdirSync(directory).filter((name) => name.endsWith('.seg'))
    const path = join(directory, segments.toSorted()[1] ?? '')
    const bytes = readFileSync(path)
    const at = 512 * 2 + 140
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    writeFileSync(path, bytes)
    const { status, lines } = run('verify', '--json', directory)
    expect(status).toBe(1)
    expect(lines[0]).toMatch(/✗ .*\.seg, byte 1024, seq \d+: record \d+ fails its checksum/)
    expect(lines[1]).toContain('restore the journal from a standby or a backup')
    expect(lastJson(lines)).toMatchObject({ ok: false, fault: { path, offset: 1024 } })
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    writeFileSync(path, bytes)
    expect(run('verify', directory).lines[0]).toContain(`✓ ${commands.length} commands`)
  })

  test.each([
    [['frob'], 'inspect|verify|dump'],
    [['dump', '--from', 'x', directory], '--from needs a sequence number'],
    [['inspect', '--colour', directory], '--colour'],
    [['verify', join(root, 'nowhere')], 'There is no journal in'],
  ])('%j is refused with a sentence', (args, words) => {
    const { status, stderr } = run(...args)
    expect(status).toBe(2)
    expect(stderr).toContain(words)
    expect(stderr).not.toContain('    at ')
  })

  test('a pipe that is closed early is no failure', () => {
    const command = `"${process.execPath}" ${tsx.join(' ')} dump ${directory} | head -n 1`
    expect(JSON.parse(execFileSync('sh', ['-c', command], { encoding: 'utf8' }))).toMatchObject({
      seq: 1,
      command: { kind: 'Genesis' },
    })
  })
})
