//! One comparison of engine, ledger and chain.
import type { Rpc } from '@plumb/chain'
import {
  type AccountRow,
  balancesAt,
  type Ledger,
  ledgerAccount,
  ledgerTotalsAt,
  listAccounts,
  positionsAt,
  type ReconciliationRow,
  type Totals,
} from '@plumb/ledger'
import { limits } from '@plumb/model'
import { type ChainSide, readChainSide } from './chain-side.ts'
import { type ClaimsInFlight, claimsInFlight } from './claims-in-flight.ts'
import {
  type AccountFigures,
  carriedBack,
  compareAccount,
  compareTotals,
  sentence,
  settledForm,
} from './compare-sides.ts'
import { accountName, type DepositTrail, type UncreditedDeposits } from './deposit-trail.ts'
import { type EngineSide, readEngineSide } from './engine-side.ts'
import type { Difference } from './trace-difference.ts'

export type ReconcileParts = {
  ledger: Ledger
  rpc: Rpc
  contract: string
  marginUrl: string
  trail: DepositTrail
  /** Resolves when the ledger has reached `seq`. @throws when it does not within a fair time */
  reached: (seq: number) => Promise<void>
  /** Whether the ledger's own history still holds together, as far as it is looked at this time. */
  history: (ledger: Ledger, seq: number) => Promise<Difference | undefined>
}

/** The row without its sentence, and what differs. */
export type Comparison = Omit<
  ReconciliationRow,
  'id' | 'checkedMs' | 'trigger' | 'firstDifference'
> & {
  difference: Difference | undefined
  /** As of which engine and ledger were compared. */
  engineSeq: number
}

const hexOf = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`

/**
 * The engine is compared with the ledger as of the engine's seq, the contract as of the seq it has settled. The row is
 * of the settled seq; the engine's totals are carried back to it over the postings in between.
 *
 * @throws when a side does not answer: no comparison, no alarm
 */
export async function reconcile(parts: ReconcileParts): Promise<Comparison> {
  const { ledger, rpc, contract, marginUrl, trail, reached, history } = parts
  const engine = await readEngineSide(marginUrl)
  await reached(engine.seq)
  const accounts = await listAccounts(ledger)
  const names = accounts.map(({ owner, subaccount }) => ({ owner: hexOf(owner), subaccount }))
  const chain = await readChainSide(rpc, contract, names)
  await reached(chain.toSeq)
  const uncredited = await trail.uncredited(chain.toSeq, chain.block, chain.deposits)
  const { block, toSeq, backstop } = chain
  const claims = await claimsInFlight(ledger, { rpc, contract, block, toSeq, backstop })

  const atEngine = await ledgerSide(ledger, accounts, engine.seq)
  const settled = await ledgerSide(ledger, accounts, chain.toSeq)
  const ours = settledForm(settled.totals)
  const onChain = chainTotals(chain, uncredited, claims, settled)
  const difference =
    (await history(ledger, engine.seq)) ??
    compareEngine(engine, atEngine) ??
    ofChain(uncredited.difference) ??
    compareChain(chain, uncredited, claims, settled) ??
    ofChain(compareTotals('chain', onChain, ours) ?? underfunded(chain))
  return {
    batchNo: chain.batchNo,
    seq: chain.toSeq,
    ok: difference === undefined,
    accounts: accounts.length,
    engine: settledForm(carriedBack(engine.totals, atEngine.totals, settled.totals)),
    ledger: ours,
    chain: onChain,
    difference,
    engineSeq: engine.seq,
  }
}

const ofChain = (text: string | undefined): Difference | undefined =>
  text === undefined ? undefined : { between: 'chain', text }

type LedgerSide = {
  totals: Totals
  balances: ReadonlyMap<number, number>
  accounts: Map<number, AccountFigures & { key: string }>
}

async function ledgerSide(
  ledger: Ledger,
  accounts: readonly AccountRow[],
  seq: number,
): Promise<LedgerSide> {
  const [balances, held, totals] = await Promise.all([
    balancesAt(ledger, seq),
    positionsAt(ledger, seq),
    ledgerTotalsAt(ledger, seq),
  ])
  const positions = new Map<number, Map<number, number>>()
  for (const { accountId, market, positionLots } of held) {
    const own = positions.get(accountId) ?? new Map<number, number>()
    positions.set(accountId, own.set(market, positionLots))
  }
  const figures = accounts.map(({ accountId, owner, subaccount }) => {
    const key = accountName(owner, subaccount)
    const cashQuote = balances.get(accountId) ?? 0
    const own = positions.get(accountId) ?? new Map<number, number>()
    const name = `account ${accountId} (${key})`
    return [accountId, { name, key, cashQuote, positions: own }] as const
  })
  return { totals, balances, accounts: new Map(figures) }
}

/** An account opened by now but not yet by `seq` holds nothing on either side. */
function compareEngine(engine: EngineSide, ours: LedgerSide): Difference | undefined {
  const between = 'engine'
  for (const { accountId, owner, subaccount, cashQuote, positions } of engine.accounts) {
    const own = ours.accounts.get(accountId)
    const key = accountName(owner, subaccount)
    if (own === undefined || own.key !== key)
      return { between, accountId, text: `account ${accountId} (${key}): unknown to the ledger` }
    const lots = new Map(positions.map((position) => [position.market, position.lots]))
    const text = compareAccount(between, { name: own.name, cashQuote, positions: lots }, own)
    if (text !== undefined) return { between, accountId, text }
  }
  for (const { market, ...held } of engine.markets ?? [])
    for (const [name, account, quote] of [
      ['funding pool', ledgerAccount.fundingPool(market), held.fundingPoolQuote],
      ['insurance', ledgerAccount.insurance(market), held.insuranceQuote],
      ['bad debt', ledgerAccount.badDebt(market), 0 - held.badDebtQuote],
    ] as const) {
      const booked = ours.balances.get(account) ?? 0
      if (quote !== booked)
        return {
          between,
          accountId: account,
          text: sentence(`${name} of market ${market}`, between, quote, booked),
        }
    }
  const text = compareTotals(between, engine.totals, ours.totals)
  return text === undefined ? undefined : { between, text }
}

/** The contract counts a deposit or a claim at once, the ledger when it is credited or followed. */
function compareChain(
  chain: ChainSide,
  uncredited: UncreditedDeposits,
  claims: ClaimsInFlight,
  ours: LedgerSide,
): Difference | undefined {
  for (const [i, [accountId, own]] of [...ours.accounts].entries()) {
    const found = chain.accounts[i]
    if (found === undefined || claims.moved.has(own.key)) continue
    const credited = found.cashQuote - (uncredited.byAccount.get(own.key) ?? 0)
    const cashQuote = credited + (claims.byAccount.get(own.key) ?? 0)
    const positions = new Map(found.positions.map(({ market, sizeLots }) => [market, sizeLots]))
    const text = compareAccount('chain', { name: own.name, cashQuote, positions }, own)
    if (text !== undefined) return { between: 'chain', accountId, text }
  }
  return undefined
}

/**
 * Cash is what the contract's own sums leave for accounts: an account that the ledger does not know would show here. Bad debt
 * is cash that nothing stands behind, and while a market ends its clearing account stands for positions still open.
 */
function chainTotals(
  { totals }: ChainSide,
  uncredited: UncreditedDeposits,
  claims: ClaimsInFlight,
  ours: LedgerSide,
): Totals {
  const { depositsQuote, withdrawalsQuote, feesQuote } = totals
  const poolsQuote = totals.fundingPoolsQuote + totals.insuranceQuote
  const heldQuote = depositsQuote - withdrawalsQuote - feesQuote - poolsQuote
  return {
    cashQuote: heldQuote + claims.totalQuote - uncredited.totalQuote - endedQuote(ours.balances),
    feesQuote,
    poolsQuote,
    pendingWithdrawalsQuote: 0,
    depositsQuote: depositsQuote - uncredited.totalQuote,
    paidQuote: withdrawalsQuote - claims.totalQuote,
  }
}

function endedQuote(balances: ReadonlyMap<number, number>): number {
  let sum = 0
  for (let market = 0; market < limits.marketsMax; market++)
    for (const account of [ledgerAccount.badDebt(market), ledgerAccount.clearing(market)])
      sum += balances.get(account) ?? 0
  return sum
}

function underfunded({ totals }: ChainSide): string | undefined {
  const owed = totals.depositsQuote - totals.withdrawalsQuote + totals.owedQuote
  return totals.tokenBalanceQuote >= owed
    ? undefined
    : `the contract holds ${totals.tokenBalanceQuote} of its token and owes ${owed}`
}
