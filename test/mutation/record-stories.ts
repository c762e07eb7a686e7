//! Loaded before the story tests by `recordStreams`: writes down every command that they send to both engines.
import { appendFileSync } from 'node:fs'
import { afterAll } from 'vitest'
import { Duel, type Timed } from '../../packages/engine/src/reference/duel.ts'
import { encodeCommand } from '../../packages/model/src/index.ts'

const plays = new Map<Duel, string[]>()
// oxlint-disable-next-line typescript/unbound-method -- it is called with its own duel below
const { step } = Duel.prototype

Duel.prototype.step = function recorded(this: Duel, timed: Timed): ReturnType<Duel['step']> {
  const commands = plays.get(this) ?? []
  plays.set(this, commands)
  const stored = encodeCommand(timed.command, this.engine.seq + 1, timed.timeMs)
  const answer = step.call(this, timed)
  if (answer.difference === undefined) commands.push(Buffer.from(stored).toString('base64'))
  return answer
}

afterAll(() => {
  for (const [duel, commands] of plays)
    appendFileSync(
      process.env['PLUMB_STORIES'] ?? '',
      `${JSON.stringify({ limits: duel.limits, commands })}\n`,
    )
  plays.clear()
})
