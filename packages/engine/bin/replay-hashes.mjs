//! Restores a snapshot, replays a file of commands on it and prints the state hash after every so many.
//! usage: node replay-hashes.mjs SNAPSHOT COMMANDS EVERY
import { readFileSync } from 'node:fs'
import { restoreEngine } from '@plumb/engine'
import { COMMAND_STRIDE, CommandBuffer } from '@plumb/model'

const [snapshot = '', commands = '', every = '1'] = process.argv.slice(2)
const engine = restoreEngine(new Uint8Array(readFileSync(snapshot)))
const bytes = new Uint8Array(readFileSync(commands))
const buffer = new CommandBuffer(1)
for (let at = 0; at < bytes.length; at += COMMAND_STRIDE) {
  buffer.load(0, bytes.subarray(at, at + COMMAND_STRIDE))
  engine.events.clear()
  engine.apply(buffer, 0)
  const { hi, lo } = engine.stateHash()
  if (engine.seq % Number(every) === 0) process.stdout.write(`${engine.seq} ${hi}:${lo}\n`)
}
