//! A snapshot restored by another process, without a JIT too, reaches the same state hashes.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createEngine } from '../packages/engine/src/index.ts'
import { CommandStream } from '../packages/engine/src/reference/command-stream.ts'
import { streamProfiles } from '../packages/engine/src/reference/stream-profiles.ts'
import {
  COMMAND_STRIDE,
  CommandBuffer,
  decodeEvents,
  encodeCommand,
} from '../packages/model/src/index.ts'

const COMMANDS = 4_000
const EVERY = 100
const root = fileURLToPath(new URL('..', import.meta.url))
const replay = join(root, 'packages/engine/bin/replay-hashes.mjs')
const folder = mkdtempSync(join(tmpdir(), 'plumb-determinism-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// The other process runs what is shipped: the build, without a loader that would need a JIT.
beforeAll(() => {
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-b', 'packages/engine'], { cwd: root })
}, 120_000)

/** Plays a stream here; answers its hashes after the middle, where it leaves a snapshot and the rest of the commands. */
function play(profile: string, seed: number): { hashes: string; files: [string, string] } {
  const terms = streamProfiles[profile]
  if (terms === undefined) throw new RangeError(`no profile ${profile}`)
  const engine = createEngine(terms.limits)
  const stream = new CommandStream(seed, terms)
  const buffer = new CommandBuffer(1)
  const later = new Uint8Array((COMMANDS / 2) * COMMAND_STRIDE)
  const files: [string, string] = [join(folder, `${profile}.snapshot`), join(folder, profile)]
  let hashes = ''
  for (let seq = 1; seq <= COMMANDS; seq++) {
    const stored = encodeCommand(stream.next(), seq, stream.timeMs)
    buffer.load(0, stored)
    engine.events.clear()
    engine.apply(buffer, 0)
    stream.observe(decodeEvents(engine.events.bytes()))
    if (seq === COMMANDS / 2) writeFileSync(files[0], engine.snapshot())
    if (seq <= COMMANDS / 2) continue
    later.set(stored, (seq - COMMANDS / 2 - 1) * COMMAND_STRIDE)
    const { hi, lo } = engine.stateHash()
    if (seq % EVERY === 0) hashes += `${seq} ${hi}:${lo}\n`
  }
  writeFileSync(files[1], later)
  return { hashes, files }
}

/** Another Node, by its path, may be asked for too: PLUMB_OTHER_NODE. */
const nodes = [
  ['this Node without a JIT', process.execPath, ['--jitless']],
  ['this Node', process.execPath, []],
  ['another Node', process.env['PLUMB_OTHER_NODE'] ?? '', []],
] as const

test.each(nodes.filter(([, path]) => path !== ''))(
  '%s restores a snapshot and reaches the same hashes',
  (_, path, flags) => {
    for (const [profile, seed] of [
      ['usual', 11],
      ['leveraged', 12],
      ['wide', 13],
    ] as const) {
      const { hashes, files } = play(profile, seed)
      const args = [...flags, replay, ...files, String(EVERY)]
      const theirs = execFileSync(path, args, { encoding: 'utf8', maxBuffer: 2 ** 24 })
      expect(theirs, `profile ${profile} seed ${seed}`).toBe(hashes)
    }
  },
  120_000,
)
