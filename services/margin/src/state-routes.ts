//! What the margin service answers: the whole state for the reconciler, one account's risk, the markets.
import type { Engine } from '@plumb/engine'
import type { StatusAnswer } from '@plumb/runtime'
import { type EngineFollower, hexHash } from './follow-engine.ts'
import { riskRoute } from './risk-routes.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

const answer = (body: object): StatusAnswer => ({ status: 200, body })

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

const owns = new Set(['state', 'markets', 'accounts', 'warnings', 'notices'])

/** GET routes over a follower; every answer is of the end of one durable group. */
export const stateRoutes =
  (follower: () => EngineFollower | undefined) =>
  (path: string, query: URLSearchParams = new URLSearchParams()): StatusAnswer | undefined => {
    const following = follower()
    if (!owns.has(path.split('/')[1] ?? '')) return undefined
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
        markets: engine
          .markets()
          .map(({ market, fundingPoolQuote, insuranceQuote, badDebtQuote }) => ({
            market,
            fundingPoolQuote,
            insuranceQuote,
            badDebtQuote,
          })),
      })
    return riskRoute(following, path, query)
  }
