//! Auto-deleveraging: the other side closes at mark and bears the deficit pro rata (RULES.md 4, risk.md 1.10).
import { limits } from '@plumb/model'
import { isSpared, openAction } from './reference-explain.ts'
import { movePosition, settleFunding } from './reference-fill.ts'
import { BOUND, standingOf, worth } from './reference-margin.ts'
import { abs, ceilDiv, floorDiv, max, min } from './reference-math.ts'
import {
  type Emit,
  heldBy,
  type ReferenceAccount,
  type ReferenceMarket,
  type ReferenceState,
} from './reference-state.ts'

const CANDIDATES_MAX = 400
const LEVERAGE_MAX = 100_000n

type Candidate = {
  account: ReferenceAccount
  size: bigint
  equity: bigint
  gain: bigint
  weight: bigint
  given: bigint
  share: bigint
}

/** Closes what it can of the victim's position against the other side; false: nothing. `deficit` is e. */
export function deleverage(
  s: ReferenceState,
  victim: ReferenceAccount,
  market: ReferenceMarket,
  deficit: bigint,
  emit: Emit,
): boolean {
  const held = heldBy(victim, market.market)
  const wanted = abs(held)
  const paid = min(deficit, market.tranche)
  const borne = deficit - paid
  const ranked = rank(s, market, held)
  /** Nobody gives more lots than this amount of its own covers of the deficit. */
  const covered = (amount: bigint) => floorDiv(amount * wanted, borne)
  const placed = distribute(
    wanted,
    ranked.filter(({ weight }) => weight > 0n),
    ({ weight }) => weight,
    (c) => (borne === 0n ? c.size : min(c.size, covered(min(c.gain, c.equity)))),
  )
  const more = distribute(
    wanted - placed,
    ranked,
    ({ size, given }) => size - given,
    ({ size, equity, given }) =>
      borne === 0n ? size - given : max(0n, min(size, covered(max(0n, equity))) - given),
  )
  const closed = placed + more
  if (closed === 0n) return false
  const participants = ranked.filter(({ given }) => given > 0n)
  const shared = ceilDiv(borne * closed, wanted)
  allot(shared, closed, participants)
  openAction(s, victim, market, 4, wanted, 0, emit)
  for (const [i, candidate] of participants.entries())
    closeShare(s, victim, market, candidate, i + 1, emit)
  const insurance = floorDiv(paid * closed, wanted)
  const signed = held > 0n ? closed : -closed
  const realized = movePosition(market, victim, -signed, -worth(market, signed))
  victim.cash += worth(market, signed) + shared + insurance
  market.tranche -= insurance
  s.fills += participants.length
  emit({
    kind: 'AdlRound',
    accountId: victim.accountId,
    market: market.market,
    closedLots: Number(closed),
    deficitQuote: Number(shared),
    insuranceQuote: Number(insurance),
    realizedQuote: Number(realized),
    trancheQuote: Number(market.tranche),
    participants: participants.length,
  })
  return true
}

/** The other side by profit times leverage, as many as this command may still touch. */
function rank(s: ReferenceState, market: ReferenceMarket, held: bigint): Candidate[] {
  const candidates: Candidate[] = []
  for (const account of s.accounts) {
    const position = account.positions.get(market.market)
    if (position === undefined || position.lots > 0n === held > 0n) continue
    const at = standingOf(s, account)
    if (isSpared(s, account) || at.gross >= BOUND || at.equity <= 0n) continue
    const gain = max(0n, min(worth(market, position.lots) - position.entry, at.unrealized))
    const leverage =
      at.equity <= 0n ? 0n : min(LEVERAGE_MAX, floorDiv(1_000n * at.notional, at.equity))
    candidates.push({
      account,
      size: abs(position.lots),
      equity: at.equity,
      gain,
      weight: gain * leverage,
      given: 0n,
      share: 0n,
    })
  }
  // The sort is stable: equal weights stay by ascending account.
  const ranked = candidates.toSorted((a, b) => descending(a.weight, b.weight))
  return ranked.slice(0, Math.min(CANDIDATES_MAX, limits.fillsPerCommandMax - s.fills))
}

const descending = (a: bigint, b: bigint): number => (a > b ? -1 : a < b ? 1 : 0)

/** Gives `lots` out in proportion to weight, nobody above its cap; answers how many were placed. */
function distribute(
  lots: bigint,
  among: readonly Candidate[],
  weightOf: (c: Candidate) => bigint,
  capOf: (c: Candidate) => bigint,
): bigint {
  let active = among.map((c) => ({ c, weight: weightOf(c), cap: capOf(c) }))
  let rest = lots
  for (;;) {
    const sum = active.reduce((total, { weight }) => total + weight, 0n)
    if (sum === 0n || rest === 0n) return lots - rest
    const parts = active.map(({ c, weight, cap }) => {
      const product = rest * weight
      return { c, weight, cap, part: product / sum, remainder: product % sum }
    })
    const full = parts.filter(({ part, cap }) => part >= cap)
    if (full.length === 0) {
      const spare = rest - parts.reduce((total, { part }) => total + part, 0n)
      const byRemainder = parts.toSorted(
        (a, b) =>
          descending(a.remainder, b.remainder) || a.c.account.accountId - b.c.account.accountId,
      )
      for (const [i, { c, part }] of byRemainder.entries())
        c.given += part + (BigInt(i) < spare ? 1n : 0n)
      return lots
    }
    for (const { c, cap } of full) {
      c.given += cap
      rest -= cap
    }
    active = parts.filter(({ part, cap }) => part < cap)
  }
}

/** Shares of the deficit by lots given, to the unit. */
function allot(total: bigint, closed: bigint, participants: readonly Candidate[]): void {
  for (const c of participants) c.share = floorDiv(total * c.given, closed)
  const spare = total - participants.reduce((sum, { share }) => sum + share, 0n)
  const byRemainder = participants.toSorted(
    (a, b) =>
      descending((total * a.given) % closed, (total * b.given) % closed) ||
      a.account.accountId - b.account.accountId,
  )
  for (const c of byRemainder.slice(0, Number(spare))) c.share++
}

function closeShare(
  s: ReferenceState,
  victim: ReferenceAccount,
  market: ReferenceMarket,
  { account, given, share }: Candidate,
  place: number,
  emit: Emit,
): void {
  settleFunding(s, account, market.market, emit)
  const signed = heldBy(account, market.market) > 0n ? given : -given
  const realized = movePosition(market, account, -signed, -worth(market, signed))
  account.cash += worth(market, signed) - share
  emit({
    kind: 'AdlExecuted',
    accountId: account.accountId,
    market: market.market,
    markTicks: market.mark,
    sizeLots: Number(signed),
    deficitQuote: Number(share),
    positionLots: Number(heldBy(account, market.market)),
    realizedQuote: Number(realized),
    quote: Number(worth(market, signed)),
    victimAccountId: victim.accountId,
    rank: place,
  })
}
