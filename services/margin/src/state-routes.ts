//! What the margin service answers: the whole state for the reconciler, one account's risk, the markets.
import type { Engine } from '@plumb/engine'
import type { StatusAnswer } from '@plumb/runtime'
import { accountRisk, type MarketRisk } from './account-risk.ts'
import { type EngineFollower, hexHash } from './follow-engine.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

const answer = (body: object): StatusAnswer => ({ status: 200, body })
const unknown = (error: string): StatusAnswer => ({ status: 404, body: { error } })

/** Sums in the ledger's words. */
const totalsOf = (engine: Engine) => {
  const totals = engine.totals()
  return {
    cashQuote: totals.cashQuote,
    feesQuote: totals.feesQuote,
    poolsQuote: totals.fundingPoolsQuote + totals.insuranceQuote,
    pendingWithdrawalsQuote: totals.pendingWithdrawalsQuote,
    depositsQuote: totals.depositsQuote,
    paidQuote: totals.paidQuote,
  }
}

const accountsOf = (engine: Engine) =>
  Array.from({ length: engine.totals().accounts }, (_, i) => engine.account(i + 1)).flatMap(
    (account) =>
      account === undefined
        ? []
        : [
            {
              accountId: account.accountId,
              owner: `0x${hex(account.owner)}`,
              subaccount: account.subaccount,
              cashQuote: account.cashQuote,
              positions: account.positions.map(({ market, lots, fundingIndex }) => ({
                market,
                lots,
                fundingIndex,
              })),
            },
          ],
  )

const risksOf = (engine: Engine): Map<number, MarketRisk> =>
  new Map(engine.markets().map((market) => [market.market, market]))

const riskOf = (engine: Engine, id: string): StatusAnswer => {
  const account = engine.account(Number(id))
  if (account === undefined) return unknown('UNKNOWN_ACCOUNT')
  const { accountId, cashQuote, positions, withdrawableQuote, openOrders } = account
  const held = positions.map(({ market, lots, fundingIndex }) => ({ market, lots, fundingIndex }))
  const risk = accountRisk(cashQuote, held, risksOf(engine))
  return answer({ seq: engine.seq, accountId, ...risk, withdrawableQuote, openOrders })
}

/** GET routes over a follower; every answer is of the end of one durable group. */
export const stateRoutes =
  (follower: () => EngineFollower | undefined) =>
  (path: string): StatusAnswer | undefined => {
    const following = follower()
    const [, name, id, what] = path.split('/')
    const isOurs = name === 'state' || name === 'markets' || name === 'accounts'
    if (!isOurs) return undefined
    if (following === undefined) return { status: 503, body: { error: 'STARTING' } }
    const { engine, stateHash, chainHash } = following
    if (path === '/markets') return answer({ seq: engine.seq, markets: engine.markets() })
    if (path === '/state')
      return answer({
        seq: engine.seq,
        timeMs: engine.timeMs,
        stateHash: hexHash(stateHash),
        chainHash: hex(chainHash),
        totals: totalsOf(engine),
        accounts: accountsOf(engine),
      })
    if (name === 'accounts' && id !== undefined && /^\d{1,9}$/.test(id) && what === 'risk')
      return riskOf(engine, id)
    return undefined
  }
