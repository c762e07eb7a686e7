//! Auto-deleveraging pro rata (risk.md 1.10): who closes how many lots, and who bears which share of the deficit.
import { mulDivFloor } from './mul-div.ts'
import type { AccountId, Lots, Quote } from './units.ts'

const LEVERAGE_MAX = 100_000
const LEVERAGE_UNIT = 1_000

/** An account on the other side of the position that has to be closed, at one set of marks, funding settled. */
export type AdlCandidate = {
  accountId: AccountId
  /** |s|, what it holds in the market. */
  lots: Lots
  /** g: max(0, min(uPnL of the market, ΣuPnL)), micro-USDC; hedges count. */
  gainQuote: Quote
  equityQuote: Quote
  /** ΣN of all its positions. */
  notionalQuote: Quote
}

/** What one participant closes; `shareQuote` of the deficit comes off its cash. */
export type AdlPart = { accountId: AccountId; lots: Lots; shareQuote: Quote }

/** Thousandths of leverage, floor(1000·ΣN/E), at most 100,000; 0 without equity. */
export function adlLeverage(candidate: AdlCandidate): number {
  const { equityQuote, notionalQuote } = candidate
  if (equityQuote <= 0) return 0
  // The cap decides where the quotient could leave exact integers.
  if (notionalQuote >= equityQuote * (LEVERAGE_MAX / LEVERAGE_UNIT)) return LEVERAGE_MAX
  return mulDivFloor(notionalQuote, LEVERAGE_UNIT, equityQuote)
}

/** Who is deleveraged first: gain × leverage. */
export function adlWeight(candidate: AdlCandidate): bigint {
  return BigInt(candidate.gainQuote) * BigInt(adlLeverage(candidate))
}

/** Candidates by weight descending, ties by lower account id: rank 1 comes first. */
export function rankAdl(candidates: readonly AdlCandidate[]): AdlCandidate[] {
  const weighed = candidates.map((candidate) => ({ candidate, weight: adlWeight(candidate) }))
  weighed.sort((a, b) =>
    a.weight === b.weight
      ? a.candidate.accountId - b.candidate.accountId
      : a.weight > b.weight
        ? -1
        : 1,
  )
  return weighed.map(({ candidate }) => candidate)
}

/** Who takes part in a distribution: by `weight`, up to `cap`; `given` is the outcome. */
type Entry = { readonly accountId: AccountId; weight: bigint; cap: number; given: number }

/**
 * Closes `lots` of a position against ranked candidates, who bear `deficitQuote` δ for the whole of them, the same for
 * each lot. Round A by weight, nobody giving more than its gain and its equity; round B, for what is left, by size within
 * equity. Answers the participants by rank; their shares sum to ceil(δ·closed/lots), and what they could not close is left.
 */
export function deleverage(
  lots: Lots,
  deficitQuote: Quote,
  ranked: readonly AdlCandidate[],
): AdlPart[] {
  const bearable = (quote: Quote, own: Lots) =>
    deficitQuote === 0 ? own : Math.min(own, lotsFor(Math.max(0, quote), lots, deficitQuote))
  const rounds = ranked.map((candidate) => {
    const { accountId, gainQuote, equityQuote } = candidate
    const cap = bearable(Math.min(gainQuote, equityQuote), candidate.lots)
    return { candidate, a: { accountId, weight: adlWeight(candidate), cap, given: 0 } }
  })
  const rest = distribute(
    lots,
    rounds.map(({ a }) => a),
  )
  const entries = rounds.map(({ candidate, a }) => {
    const left = candidate.lots - a.given
    const cap = Math.min(left, bearable(candidate.equityQuote, candidate.lots) - a.given)
    return { a, b: { accountId: a.accountId, weight: BigInt(left), cap, given: 0 } }
  })
  distribute(
    rest,
    entries.map(({ b }) => b),
  )
  const parts = entries
    .map(({ a, b }) => ({ accountId: a.accountId, lots: a.given + b.given, shareQuote: 0 }))
    .filter((part) => part.lots > 0)
  return withShares(lots, deficitQuote, parts)
}

/** Adds to each part its share of the deficit of all lots that were closed. */
function withShares(lots: Lots, deficitQuote: Quote, parts: readonly AdlPart[]): AdlPart[] {
  const closed = BigInt(parts.reduce((sum, part) => sum + part.lots, 0))
  const total = Number((BigInt(deficitQuote) * closed + BigInt(lots) - 1n) / BigInt(lots))
  const shares = parts.map((part) => ({
    part,
    share: { accountId: part.accountId, weight: BigInt(part.lots), cap: total, given: 0 },
  }))
  giveInProportion(
    total,
    shares.map(({ share }) => share),
  )
  return shares.map(({ part, share }) => ({
    accountId: part.accountId,
    lots: part.lots,
    shareQuote: share.given,
  }))
}

/** floor(quote·lots/deficit): of how many lots a quote can bear the deficit. */
function lotsFor(quote: Quote, lots: Lots, deficitQuote: Quote): Lots {
  return Number((BigInt(quote) * BigInt(lots)) / BigInt(deficitQuote))
}

/**
 * Shares `amount` by weight within caps: who would reach its cap gets it and leaves, until nobody does. A weight of 0 gets
 * nothing. The largest remainders always fit, since a share below its cap rounds up to the cap at most. Answers the rest.
 */
function distribute(amount: number, entries: readonly Entry[]): number {
  let left = amount
  let active = entries.filter((entry) => entry.weight > 0n)
  for (;;) {
    const weights = sumOfWeights(active)
    const units = BigInt(left)
    const full = active.filter(({ weight, cap }) => (units * weight) / weights >= BigInt(cap))
    if (full.length === 0) break
    for (const entry of full) {
      entry.given = entry.cap
      left -= entry.cap
    }
    const gone = new Set(full)
    active = active.filter((entry) => !gone.has(entry))
  }
  if (active.length === 0) return left
  giveInProportion(left, active)
  return 0
}

function sumOfWeights(entries: readonly Entry[]): bigint {
  return entries.reduce((sum, { weight }) => sum + weight, 0n)
}

/** Floors of amount·weight/Σweight, then one unit each by the largest remainder, ties by lower account id. */
function giveInProportion(amount: number, entries: readonly Entry[]): void {
  const weights = sumOfWeights(entries)
  const units = BigInt(amount)
  let left = amount
  const remainders = entries.map((entry) => {
    entry.given = Number((units * entry.weight) / weights)
    left -= entry.given
    return { entry, remainder: (units * entry.weight) % weights }
  })
  remainders.sort((a, b) => {
    if (a.remainder !== b.remainder) return a.remainder > b.remainder ? -1 : 1
    return a.entry.accountId - b.entry.accountId
  })
  for (const { entry } of remainders.slice(0, left)) entry.given++
}
