//! Loaded before the story tests by `recordStreams`: writes down every command that they send to both engines.
import { appendFileSync } from 'node:fs'
import { afterAll } from 'vitest'
import type { EngineLimits } from '../../packages/engine/src/index.ts'
import { DrivenExchange } from '../../packages/engine/src/reference/driven-exchange.ts'
import { Duel, type Timed } from '../../packages/engine/src/reference/duel.ts'
import { type Command, encodeCommand } from '../../packages/model/src/index.ts'

type Played = { limits: Partial<EngineLimits>; engine: { seq: number } }
const plays = new Map<Played, string[]>()

function record(played: Played, stored: Uint8Array): void {
  const commands = plays.get(played) ?? []
  plays.set(played, commands)
  commands.push(Buffer.from(stored).toString('base64'))
}

// oxlint-disable typescript/unbound-method -- both are called with their own object below
const { step } = Duel.prototype
const { send } = DrivenExchange.prototype
// oxlint-enable typescript/unbound-method

Duel.prototype.step = function recorded(this: Duel, timed: Timed): ReturnType<Duel['step']> {
  const stored = encodeCommand(timed.command, this.engine.seq + 1, timed.timeMs)
  const answer = step.call(this, timed)
  if (answer.difference === undefined) record(this, stored)
  return answer
}

DrivenExchange.prototype.send = function recorded(
  this: DrivenExchange,
  command: Command,
): ReturnType<DrivenExchange['send']> {
  const stored = encodeCommand(command, this.engine.seq + 1, this.timeMs)
  const events = send.call(this, command)
  record(this, stored)
  return events
}

afterAll(() => {
  for (const [{ limits }, commands] of plays)
    appendFileSync(process.env['PLUMB_STORIES'] ?? '', `${JSON.stringify({ limits, commands })}\n`)
  plays.clear()
})
