//! Writes the streams that judge mutants: commands as the journal stores them, and what the unchanged engine says to each.
//! The engine agrees with the reference on these very streams (differential.test.ts, order-soak.test.ts), so a mutant that
//! says anything else is one that those tests would notice, at a hundredth of the time.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine, type EngineLimits } from '../../packages/engine/src/index.ts'
import { CommandStream } from '../../packages/engine/src/reference/command-stream.ts'
import { OrderStream } from '../../packages/engine/src/reference/order-stream.ts'
import { scenarioMarket } from '../../packages/engine/src/reference/scenario.ts'
import { streamProfiles } from '../../packages/engine/src/reference/stream-profiles.ts'
import {
  COMMAND_STRIDE,
  type Command,
  CommandBuffer,
  decodeEvents,
  type EngineEvent,
  encodeCommand,
} from '../../packages/model/src/index.ts'
import { digest, type Recorded } from './recorded.ts'

const COMMANDS = 2_500

type Source = {
  timeMs: number
  next: () => Command
  observe: (events: readonly EngineEvent[]) => void
}

function record(name: string, limits: Partial<EngineLimits>, stream: Source): Recorded {
  const engine = createEngine(limits)
  const buffer = new CommandBuffer(1)
  const commands = new Uint8Array(COMMANDS * COMMAND_STRIDE)
  const answers: number[] = []
  for (let i = 0; i < COMMANDS; i++) {
    const command = stream.next()
    const stored = encodeCommand(command, i + 1, stream.timeMs)
    commands.set(stored, i * COMMAND_STRIDE)
    buffer.load(0, stored)
    engine.events.clear()
    engine.apply(buffer, 0)
    answers.push(digest(engine.events.bytes()))
    stream.observe(decodeEvents(engine.events.bytes()))
  }
  const { hi, lo } = engine.stateHash()
  return { name, limits, commands, answers, hash: `${hi}:${lo}` }
}

/** Memory that suffices for most stories. */
const SMALL = {
  accounts: 512,
  openOrders: 4_096,
  positions: 1_024,
  pages: 256,
  pageDirectories: 32,
  lanePages: 512,
  clientIds: 8_192,
  pendingWithdrawals: 256,
  sessionKeys: 64,
}

/** What an engine of these limits says to commands. */
function answersOf(limits: Partial<EngineLimits>, commands: Uint8Array) {
  const engine = createEngine(limits)
  const buffer = new CommandBuffer(1)
  const answers: number[] = []
  for (let at = 0; at < commands.length; at += COMMAND_STRIDE) {
    buffer.load(0, commands.subarray(at, at + COMMAND_STRIDE))
    engine.events.clear()
    engine.apply(buffer, 0)
    answers.push(digest(engine.events.bytes()))
  }
  const { hi, lo } = engine.stateHash()
  return { answers, hash: `${hi}:${lo}` }
}

/** What a story test sent to its engines. Making one takes longer than playing: one as small as says the same will do. */
function story(name: string, line: string): Recorded {
  const { limits, commands } = JSON.parse(line) as {
    limits: Partial<EngineLimits>
    commands: string[]
  }
  const bytes = new Uint8Array(commands.length * COMMAND_STRIDE)
  for (const [i, text] of commands.entries())
    bytes.set(Buffer.from(text, 'base64'), i * COMMAND_STRIDE)
  const said = answersOf(limits, bytes)
  const small = { ...SMALL, ...limits }
  const isEnough =
    small.clientIds > small.openOrders &&
    JSON.stringify(answersOf(small, bytes)) === JSON.stringify(said)
  return { name, limits: isEnough ? small : limits, commands: bytes, ...said }
}

/** Plays the story tests once, writing down what they send. */
function recordStories(root: string, file: string): Recorded[] {
  rmSync(file, { force: true })
  const vitest = join(root, 'node_modules/.bin/vitest')
  execFileSync(vitest, ['run', '--config', 'test/mutation/vitest.config.ts'], {
    cwd: root,
    env: { ...process.env, PLUMB_STORIES: file },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line, i) => story(`story ${i + 1}`, line))
}

/** Streams of the first `seeds` seeds of every profile, and all stories, into a folder. */
export function recordStreams(root: string, folder: string, seeds: number): void {
  mkdirSync(folder, { recursive: true })
  const recorded = recordStories(root, join(folder, 'stories.jsonl'))
  for (const [profile, terms] of Object.entries(streamProfiles))
    for (let seed = 1; seed <= seeds; seed++)
      recorded.push(record(`${profile} ${seed}`, terms.limits, new CommandStream(seed, terms)))
  const market = { ...scenarioMarket, maxPositionLots: 4_000 }
  const small = { accounts: 16, openOrders: 512, pages: 64, positions: 64, pageDirectories: 8 }
  for (let seed = 1; seed <= seeds; seed++)
    recorded.push(record(`orders ${seed}`, small, new OrderStream(seed, [market], 3)))
  const index = recorded.map(({ name, limits, answers, hash }) => ({ name, limits, answers, hash }))
  writeFileSync(join(folder, 'index.json'), JSON.stringify(index))
  writeFileSync(join(folder, 'commands.bin'), Buffer.concat(recorded.map((r) => r.commands)))
}
