//! Plays the recorded streams (record.ts): the engine says to every command what the unchanged one said, or is noticed.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createEngine } from '../../packages/engine/src/index.ts'
import { COMMAND_STRIDE, CommandBuffer } from '../../packages/model/src/index.ts'
import { digest, type Recorded } from './recorded.ts'

// Beside Stryker's copy of the repository, in which this file lies.
const folder = fileURLToPath(new URL('../../../streams', import.meta.url))
const streams: Recorded[] = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'))
const commands = new Uint8Array(readFileSync(join(folder, 'commands.bin')))

let at = 0
for (const stream of streams) {
  const from = at
  at += stream.answers.length * COMMAND_STRIDE
  test(stream.name, () => {
    const engine = createEngine(stream.limits)
    const buffer = new CommandBuffer(1)
    for (const [i, answer] of stream.answers.entries()) {
      const start = from + i * COMMAND_STRIDE
      buffer.load(0, commands.subarray(start, start + COMMAND_STRIDE))
      engine.events.clear()
      engine.apply(buffer, 0)
      if (digest(engine.events.bytes()) !== answer) expect.fail(`another answer at ${i + 1}`)
    }
    const { hi, lo } = engine.stateHash()
    expect(`${hi}:${lo}`).toBe(stream.hash)
  })
}
