//! The play itself: listens to what the oracle hears, lets latecomers in, and ends with the recording.
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { type Actor, enterLate } from './scenario-cast.ts'
import type { ScenarioPlan } from './scenario-plan.ts'
import { type Exchange, explain } from './trade-connection.ts'
import { ProgressLine, print } from './trade-terminal.ts'

const pollMs = 200
/** After the recording: liquidations of the last prices, and the books quiet. */
const afterMs = 5_000

const pricesSchema = z.object({
  publishers: z.array(
    z.object({
      markets: z.record(
        z.string(),
        z.object({
          price: z.string().nullable(),
          feeds: z.array(z.object({ source: z.string(), price: z.string().nullable() })),
        }),
      ),
    }),
  ),
})

/** What each source said, by its name. */
export type Heard = Map<string, [timeMs: number, price: number][]>

const hear = async (oracleUrl: string, symbol: string) => {
  const response = await fetch(`${oracleUrl}/prices`, { signal: AbortSignal.timeout(2_000) })
  if (!response.ok) return undefined
  return pricesSchema.parse(await response.json()).publishers[0]?.markets[symbol]
}

const note = (heard: Heard, source: string, timeMs: number, price: number) => {
  const list = heard.get(source) ?? []
  heard.set(source, list)
  const last = list.at(-1)?.[1]
  if (last === price) return
  // A step: the price stood until now.
  if (last !== undefined) list.push([timeMs, last])
  list.push([timeMs, price])
}

/** Follows the play from `anchorMs` to the recording's end; answers what the oracle heard. */
export const followPlay = async (
  exchange: Exchange,
  plan: ScenarioPlan,
  cast: readonly Actor[],
  oracleUrl: string,
  anchorMs: number,
): Promise<Heard> => {
  const heard: Heard = new Map()
  const { symbol } = plan.market
  const startMs = Date.parse(plan.startAt)
  const endMs = anchorMs + (Date.parse(plan.endAt) - startMs) / plan.speed
  const waiting = new Set(cast.filter(({ entersBelow }) => entersBelow !== undefined))
  const progress = new ProgressLine()
  let first: number | undefined
  let refusal = ''
  while (Date.now() < endMs + afterMs) {
    await sleep(pollMs)
    const now = Date.now()
    const reading = await hear(oracleUrl, symbol).catch(() => undefined) // it starts again at the beginning
    for (const { source, price } of reading?.feeds ?? [])
      if (price !== null && now >= anchorMs && now <= endMs) note(heard, source, now, Number(price))
    const price = reading?.price
    if (price === undefined || price === null) continue
    const index = Number(price)
    first ??= index
    const recorded = new Date(startMs + Math.max(0, now - anchorMs) * plan.speed).toISOString()
    progress.show(`  ${recorded.slice(0, 19).replace('T', ' ')}  index ${index}`)
    for (const actor of waiting) {
      if (now < anchorMs || index >= (actor.entersBelow ?? 0) * first) continue
      const entered = await enterLate(exchange, plan, actor, index).catch((error: unknown) => {
        const why = `  ${actor.name} may not enter: ${explain(error)}`
        if (why !== refusal) print(why)
        refusal = why
        return false
      })
      if (!entered) continue
      waiting.delete(actor)
      print(`  ${actor.name} enters at ${index}`)
    }
  }
  progress.show('  the recording has ended', true)
  return heard
}
