import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Journal, readBatches } from '@plumb/journal'
import { createLedgerWriter, type Frame, openLedger } from '@plumb/ledger'
import { databasesOf, runAsSuperuser } from '@plumb/ledger/testing'
import { CommandBuffer, decodeEvents, encodeCommand } from '@plumb/model'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
// A test may look across: the engine itself, and its own fuzz streams of commands, good and bad.
import { createEngine } from '../../../packages/engine/src/index.ts'
import { CommandStream } from '../../../packages/engine/src/reference/command-stream.ts'
import { streamProfiles } from '../../../packages/engine/src/reference/stream-profiles.ts'
import { rebuildLedger } from './rebuild-ledger.ts'

vi.setConfig({ testTimeout: 120_000 })

const COMMANDS = 1_500
const root = mkdtempSync(join(tmpdir(), 'plumb-rebuild-'))
const journalDir = join(root, 'journal')
const server = databasesOf(inject('postgresUrl'))
let databaseUrl: string

beforeAll(async () => {
  const profile = streamProfiles['leveraged']
  if (profile === undefined) throw new Error('profiles are listed by name')
  const stream = new CommandStream(2, profile)
  const engine = createEngine()
  const slots = new CommandBuffer(1)
  const journal = await Journal.open(journalDir, { segmentBytes: 1024 * 1024 })
  const frames: Frame[] = []
  for (let seq = 1; seq <= COMMANDS; seq++) {
    const { timeMs } = stream
    const command = encodeCommand(stream.next(), seq, stream.timeMs)
    slots.load(0, command)
    engine.events.clear()
    engine.apply(slots, 0)
    const events = engine.events.bytes().slice()
    stream.observe(decodeEvents(events))
    frames.push({ seq, command, events })
    const written = journal.append([{ seq, timeMs, kind: 1, payload: command }])
    if (seq % 100 === 0) await written
  }
  await journal.close()
  databaseUrl = await server.createDatabase()
  const ledger = await openLedger(databaseUrl, { applicationName: 'test' })
  const writer = await createLedgerWriter(ledger)
  // Not cut as the rebuild cuts, and not to the end of the journal.
  for (const { firstSeq, lastSeq, chainHash } of readBatches(journalDir, 1, COMMANDS))
    if (lastSeq <= COMMANDS - 50) await writer.write(frames.slice(firstSeq - 1, lastSeq), chainHash)
  await ledger.close()
}, 120_000)
afterAll(async () => {
  rmSync(root, { recursive: true, force: true })
})

const rebuild = () => {
  const lines: string[] = []
  return rebuildLedger({ journalDir, databaseUrl, say: (line) => lines.push(line) }).then(
    (figures) => ({ ...figures, lines }),
  )
}

test('the journal gives the live ledger again, row by row; nothing is left behind', async () => {
  const { firstDifference, rows, seq, lines } = await rebuild()
  expect(firstDifference).toBeNull()
  expect(rows).toBeGreaterThan(500)
  expect(seq).toBeGreaterThan(COMMANDS - 200)
  expect(lines).toContainEqual(expect.stringMatching(/^✓ transfers: \d+ rows are the same$/))
  expect(lines).toContainEqual(expect.stringMatching(/^✓ position_moves: [1-9]\d* rows/))
  const left = await runAsSuperuser(
    databaseUrl,
    `SELECT datname FROM pg_database WHERE datname LIKE 'ledger_rebuild%'`,
  )
  expect(left).toEqual([])
})

test('a ledger that keeps notices only since it was migrated is still the same', async () => {
  await runAsSuperuser(
    databaseUrl,
    'DELETE FROM ledger.notices WHERE seq <= (SELECT min(seq) FROM ledger.notices)',
  )
  expect((await rebuild()).firstDifference).toMatch(/^notices \(seq, leg\)/)
  await runAsSuperuser(
    databaseUrl,
    `UPDATE ledger.kept_since SET seq = (SELECT min(seq) - 1 FROM ledger.notices) WHERE name = 'notices'`,
  )
  expect((await rebuild()).firstDifference).toBeNull()
})

const change = (by: number) => `
  UPDATE ledger.trades SET maker_realized_quote = maker_realized_quote + ${by} WHERE trade_id = 5 RETURNING seq`

test('a row that was changed is named, and so is one that is gone', async () => {
  await runAsSuperuser(databaseUrl, change(1))
  expect((await rebuild()).firstDifference).toMatch(
    /^trades \(seq, leg\) = \(\d+,\d+\): the live ledger has \(.*\), the journal has \(.*\)$/,
  )
  await runAsSuperuser(databaseUrl, change(-1))
  await runAsSuperuser(
    databaseUrl,
    'DELETE FROM ledger.liquidations WHERE seq = (SELECT min(seq) FROM ledger.liquidations)',
  )
  expect((await rebuild()).firstDifference).toMatch(
    /^liquidations \(seq, leg\) = \(\d+,\d+\): the live ledger has .*, the journal has /,
  )
})
