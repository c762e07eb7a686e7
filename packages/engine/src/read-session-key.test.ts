// Session keys as others see them, against the reference's, on streams in which most orders are signed by one.
import { expect, test } from 'vitest'
import { CommandStream } from './reference/command-stream.ts'
import { Duel } from './reference/duel.ts'
import { filledOf, marketOf, type ReferenceState } from './reference/reference-state.ts'
import { streamProfiles } from './reference/stream-profiles.ts'

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))

/** What a key's open orders may still fill, at their limit prices. */
function reservedOf(state: ReferenceState, key: string): bigint {
  const signed = [...state.orders.values()].filter((order) => order.key === key)
  return signed.reduce((sum, order) => {
    const lots = BigInt(order.keyLots - filledOf(order))
    const q = BigInt(marketOf(state, order.market).quotePerTickLot)
    return sum + BigInt(order.limit) * lots * q
  }, 0n)
}

/** Plays a stream; answers how many revoked keys and how many with open orders were met. */
function play(seed: number): { revoked: number; reserving: number } {
  const profile = streamProfiles['crashing']
  if (profile === undefined) throw new Error('no such profile')
  const duel = new Duel(profile.limits)
  const stream = new CommandStream(seed, profile)
  const seen = { revoked: 0, reserving: 0 }
  for (let seq = 1; seq <= 1_500; seq++) {
    const command = stream.next()
    const { events, difference } = duel.step({ timeMs: stream.timeMs, command })
    expect(difference).toBeUndefined()
    stream.observe(events)
    if (seq % 25 !== 0) continue
    const { state } = duel.reference
    for (const [address, key] of state.keys) {
      const reservedQuote = Number(reservedOf(state, address))
      seen.revoked += key.isRevoked ? 1 : 0
      seen.reserving += reservedQuote > 0 ? 1 : 0
      expect(duel.engine.sessionKey(bytesOf(address)), `seed ${seed} seq ${seq}`).toEqual({
        owner: key.owner,
        subaccount: key.subaccount,
        allSubaccounts: key.allSubaccounts === 1,
        expiryS: key.expiryS,
        isRevoked: key.isRevoked,
        markets: key.markets,
        maxPositionLots: key.maxPositionLots,
        maxOrderNotionalQuote: key.maxOrderNotionalQuote,
        notionalLeftQuote: Number(key.left),
        reservedQuote,
      })
    }
  }
  expect(duel.engine.sessionKey(new Uint8Array(20))).toBeUndefined()
  return seen
}

test('a key’s terms, what it has left and what its orders reserve', () => {
  const seen = [1, 2, 3].map(play)
  const sum = (of: 'revoked' | 'reserving') => seen.reduce((total, each) => total + each[of], 0)
  expect(Math.min(sum('revoked'), sum('reserving'))).toBeGreaterThan(10)
})
