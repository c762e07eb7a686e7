//! Account by account, to the unit: the first thing in which two sides differ, by name and amount.
import type { Totals } from '@plumb/ledger'

/** What one side holds of an account. `name` tells a person which it is. */
export type AccountFigures = {
  name: string
  cashQuote: number
  /** Open positions by market, lots. */
  positions: ReadonlyMap<number, number>
}

type Side = 'engine' | 'ledger' | 'chain'

const totalNames = [
  ['cashQuote', 'cash of all accounts'],
  ['feesQuote', 'fees'],
  ['poolsQuote', 'funding and insurance pools'],
  ['pendingWithdrawalsQuote', 'pending withdrawals'],
  ['depositsQuote', 'deposits'],
  ['paidQuote', 'paid withdrawals'],
] as const satisfies readonly (readonly [keyof Totals, string])[]

/** How a difference is told. */
export const sentence = (what: string, side: Side, theirs: number, ours: number): string =>
  `${what}: ${side} has ${theirs}, ledger has ${ours}, difference ${theirs - ours}`

/** Cash, then positions by market; undefined when all is equal. */
export function compareAccount(
  side: Side,
  theirs: AccountFigures,
  ours: AccountFigures,
): string | undefined {
  if (theirs.cashQuote !== ours.cashQuote)
    return sentence(`${ours.name} cash`, side, theirs.cashQuote, ours.cashQuote)
  const markets = new Set([...theirs.positions.keys(), ...ours.positions.keys()])
  for (const market of [...markets].toSorted((a, b) => a - b)) {
    const [a, b] = [theirs.positions.get(market) ?? 0, ours.positions.get(market) ?? 0]
    if (a !== b) return sentence(`${ours.name} position in market ${market}`, side, a, b)
  }
  return undefined
}

export function compareTotals(side: Side, theirs: Totals, ours: Totals): string | undefined {
  for (const [name, title] of totalNames)
    if (theirs[name] !== ours[name]) return sentence(title, side, theirs[name], ours[name])
  return undefined
}

/** Everything accepted by a settled seq is paid in that very batch: the form in which all three sides are alike. */
export const settledForm = (totals: Totals): Totals => ({
  ...totals,
  pendingWithdrawalsQuote: 0,
  paidQuote: totals.paidQuote + totals.pendingWithdrawalsQuote,
})

/** `now` with the ledger's movement between two seqs taken back. */
export const carriedBack = (now: Totals, ledgerNow: Totals, ledgerThen: Totals): Totals => ({
  cashQuote: now.cashQuote - (ledgerNow.cashQuote - ledgerThen.cashQuote),
  feesQuote: now.feesQuote - (ledgerNow.feesQuote - ledgerThen.feesQuote),
  poolsQuote: now.poolsQuote - (ledgerNow.poolsQuote - ledgerThen.poolsQuote),
  pendingWithdrawalsQuote:
    now.pendingWithdrawalsQuote -
    (ledgerNow.pendingWithdrawalsQuote - ledgerThen.pendingWithdrawalsQuote),
  depositsQuote: now.depositsQuote - (ledgerNow.depositsQuote - ledgerThen.depositsQuote),
  paidQuote: now.paidQuote - (ledgerNow.paidQuote - ledgerThen.paidQuote),
})
