//! The book that is kept from events alone, held against the engine over its own fuzz streams.
import { CommandBuffer, decodeEvents, encodeCommand } from '@plumb/model'
import { expect, test, vi } from 'vitest'
// A test may look across: the engine itself, and its own fuzz streams of commands, good and bad.
import { createEngine } from '../../../packages/engine/src/index.ts'
import { CommandStream } from '../../../packages/engine/src/reference/command-stream.ts'
import { streamProfiles } from '../../../packages/engine/src/reference/stream-profiles.ts'
import { AccountBook, toldIndexOf } from './verify-account-book.ts'

vi.setConfig({ testTimeout: 60_000 })

const sum = (sums: ReadonlyMap<number, number>) => [...sums.values()].reduce((a, b) => a + b, 0)

test.each([
  ['usual', 3],
  ['leveraged', 3],
  ['crowded', 3],
  ['chained', 3],
  ['chained', 4],
  ['chained', 5],
])('profile %s, seed %i', (name, seed) => {
  const profile = streamProfiles[name]
  if (profile === undefined) throw new Error('profiles are listed by name')
  const engine = createEngine(profile.limits)
  const stream = new CommandStream(seed, profile)
  const buffer = new CommandBuffer(1)
  const book = new AccountBook()
  for (let seq = 1; seq <= 2_400; seq++) {
    const command = encodeCommand(stream.next(), seq, stream.timeMs)
    buffer.load(0, command)
    engine.events.clear()
    engine.apply(buffer, 0)
    const events = decodeEvents(engine.events.bytes())
    stream.observe(events)
    book.takeAll(events, toldIndexOf(command))
    if (seq % 200 !== 0) continue
    for (const { accountId, cashQuote, positions, lanes } of book.accounts.values()) {
      const account = engine.account(accountId)
      expect(cashQuote).toBe(account?.cashQuote)
      const held = [...positions].map(([market, { lots, fundingSnapshot }]) => [
        market,
        lots,
        fundingSnapshot,
      ])
      const wanted = account?.positions.map((p) => [p.market, p.lots, p.fundingIndex])
      expect(held.toSorted(([a = 0], [b = 0]) => a - b)).toEqual(wanted)
      // The book has what the chain sees of a lane: its newest order that filled.
      for (const { lane, seq: newest, filledLots } of engine.lanes(accountId)) {
        const used = lanes.get(lane)
        expect(used?.seq ?? 0).toBeLessThanOrEqual(newest)
        if (used?.seq === newest && used.filledLots >= 0) expect(used.filledLots).toBe(filledLots)
        if (used?.seq !== newest) expect(filledLots).toBe(0)
      }
    }
    const totals = engine.totals()
    expect(book.totals.feesQuote).toBe(totals.feesQuote)
    expect(sum(book.fundingPools)).toBe(totals.fundingPoolsQuote)
    expect(sum(book.tranches)).toBe(totals.insuranceQuote)
  }
})
