import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LaneManager } from '@plumb/sdk'
import { describe, expect, test } from 'vitest'
import { tapeSeats } from './tape-accounts.ts'
import { readTape } from './tape-file.ts'
import { sharedDataFolder, tapeMarketOf, tapeScale } from './tape-market.ts'
import { planTape, type TapeStep } from './tape-plan.ts'

const folder = join(sharedDataFolder, 'l3')
const accounts = tapeSeats.makers + tapeSeats.takers

async function plan(name: string) {
  const file = join(folder, `${name}.commands.jsonl.gz`)
  const market = tapeMarketOf(file)
  const stepSize = market.market === 'TAPE-BTC' ? '0.00000001' : '1'
  const scale = tapeScale(market, { tickSize: '0.01', stepSize })
  const lanes = Array.from({ length: accounts }, () => new LaneManager())
  return { ...planTape(await readTape(file), market.market, scale, lanes), scale }
}

/** Replays a plan over lanes and remaining amounts only; every broken rule becomes a line. */
class LaneCheck {
  readonly faults: string[] = []
  fills = 0
  readonly #slots = new Map<number, { account: number; lane: number }>()
  readonly #seqs = new Map<string, number>()
  readonly #live = new Map<string, number>()
  readonly #remaining = new Map<number, number>()

  step(step: TapeStep, qty: (amount: string) => number): void {
    if (step.kind === 'cancel') {
      this.#free(step.orderLine)
      return
    }
    const { account, lane, seq } = step.slot
    const key = `${account}/${lane}`
    this.#rule(seq > (this.#seqs.get(key) ?? 0), step.line, 'repeats a sequence number')
    this.#seqs.set(key, seq)
    if (step.kind === 'edit') {
      this.#rule(this.#live.get(key) === step.orderLine, step.line, 'edits in another lane')
      this.#remaining.set(step.orderLine, qty(step.order.amount))
      return
    }
    this.#rule(!this.#live.has(key), step.line, 'takes a lane that is held')
    this.#slots.set(step.line, step.slot)
    const left = this.#fill(step, qty(step.order.amount))
    if (step.order.timeInForce === 'IOC' || left === 0) return
    this.#live.set(key, step.line)
    this.#remaining.set(step.line, left)
  }

  #fill(step: TapeStep & { kind: 'place' }, amount: number): number {
    let left = amount
    for (const { makerLine, qty } of step.expected) {
      const maker = this.#slots.get(makerLine)
      this.#rule(maker?.account !== step.slot.account, step.line, 'trades with himself')
      left -= qty
      const remaining = (this.#remaining.get(makerLine) ?? 0) - qty
      this.#remaining.set(makerLine, remaining)
      if (remaining === 0) this.#free(makerLine)
      this.fills++
    }
    return left
  }

  #free(line: number): void {
    const slot = this.#slots.get(line)
    const held = slot !== undefined && this.#live.delete(`${slot.account}/${slot.lane}`)
    this.#rule(held, line, 'is removed twice')
  }

  #rule(kept: boolean, line: number, fault: string): void {
    if (!kept) this.faults.push(`line ${line} ${fault}`)
  }
}

describe.skipIf(!existsSync(folder))('a planned tape', () => {
  test.each([
    ['bitstamp_btcusd', 519],
    ['lobster_AAPL_0930_1030', 4_067],
    ['lobster_AMZN_day', 8_834],
    ['xnas_ARL_day', 11],
  ])(
    '%s: nobody trades with himself, holds a lane twice or repeats a sequence number',
    async (name, fills) => {
      const { steps, scale } = await plan(name)
      const check = new LaneCheck()
      for (const step of steps) check.step(step, (amount) => scale.qty(amount))
      expect(check.faults).toEqual([])
      expect(check.fills).toBe(fills)
    },
    30_000,
  )
})
