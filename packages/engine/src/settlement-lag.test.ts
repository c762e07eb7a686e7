// What happens while settlement is behind, as stories; every outcome follows from RULES.md 7.
import { describe, expect, test } from 'vitest'
import { restoreEngine } from './index.ts'
import { checkInvariants } from './reference/invariants.ts'
import { asPlayed, Scenario } from './reference/scenario.ts'

const opening = `
  deposit alice 10_000
  deposit bob   10_000
  deposit carol 10_000
  index 60_000 0
  index 60_000 1
  tick => mark 60000
`

const stories: Record<string, string> = {
  'nothing is matched that could not settle within L, and it goes on by itself once settlement has caught up': `
    place alice buy 0.1 @ 60_000 as a             => rests
    heard 0s                                      =>
    heard 600s                                    =>
    place bob sell 0.01 @ 60_000                  => fill a 0.01 @ 60000
    heard 601s                                    =>
    place bob sell 0.01 @ 60_000                  => reject SETTLEMENT_LAG
    place bob buy 0.01 @ 60_000 ioc reduce        => reject SETTLEMENT_LAG
    place bob sell 0.01 @ 59_000 ioc market       => reject SETTLEMENT_LAG
    place bob sell 0.01 @ 59_000 ioc capped=1000  => reject SETTLEMENT_LAG
    place bob sell 0.01 @ 60_100 post as b        => rests
    amend bob b 0.009 @ 60_100                    => reject SETTLEMENT_LAG
    amend bob b 0.009 @ 60_100 post               => keeps
    amend bob b 0.01 @ 60_200                     => reject SETTLEMENT_LAG
    amend bob b 0.01 @ 60_300 post                => requeues, rests
    withdraw bob 1                                => reject SETTLEMENT_LAG
    transfer bob 1 1                              => reject SETTLEMENT_LAG
    fund bob 1                                    => reject SETTLEMENT_LAG
    cancel bob b                                  => b closes user
    heard 1s                                      =>
    place bob sell 0.01 @ 60_000                  => fill a 0.01 @ 60000
    withdraw bob 1                                => accepted
  `,
  'a relayer that is silent for more than L stops matching too': `
    heard 0s                                      =>
    wait 600s
    index 60_000 0
    index 60_000 1
    tick                                          =>
    place alice buy 0.1 @ 60_000 as a             => rests
    wait 1s
    place bob sell 0.01 @ 60_000                  => reject SETTLEMENT_LAG
    heard 0s                                      =>
    place bob sell 0.01 @ 60_000                  => fill a 0.01 @ 60000
  `,
  'where no relayer has ever told, nothing is known to be behind': `
    wait 86400s
    index 60_000 0
    index 60_000 1
    tick                                          =>
    place alice buy 0.1 @ 60_000 as a             => rests
    place bob sell 0.01 @ 60_000                  => fill a 0.01 @ 60000
  `,
  'stops and slices wait for settlement, pegs follow the index': `
    place alice buy 0.1 @ 60_500 as a             => rests
    place bob sell 0.01 @ 57_000 stop=59_000 as s => waits
    place carol sell 0.03 @ 55_000 ioc twap=3x30 as w => waits
    place carol buy 0.01 @ 61_000 post peg=-100 as p => waits
    heard 601s                                    =>
    at 58_900                                     => mark 58900, p shows 0.01 @ 58800
    place bob sell 0.01 @ 57_000 stop=56_000 as t => waits
    at 58_800                                     => mark 58800, p shows 0.01 @ 58700
    heard 0s                                      =>
    at 58_800                                     => s triggers 0.01 @ 57000, fill a 0.01 @ 60500, w triggers 0.01 @ 55860, fill a 0.01 @ 60500
  `,
}

describe('settlement lag', () => {
  test.each(Object.entries(stories))('%s', (_title, table) => {
    const scenario = new Scenario()
    const all = `${opening}${table}`
    expect(scenario.play(all)).toEqual(asPlayed(all))
    checkInvariants(scenario.engine)
    const copy = restoreEngine(scenario.engine.snapshot())
    expect(copy.stateHash()).toEqual(scenario.engine.stateHash())
  })
})
