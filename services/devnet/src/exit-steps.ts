//! What somebody who leaves has to do next, decided from the contract's state alone: a program that forgets nothing
//! because it keeps nothing.
import type { ChainPosition, ExitCall, ExitClaim, ExitTerms, FreezeState } from '@plumb/chain'

/** One request against the backstop; `lots` 0 = there is none. */
type Reduce = { lots: number; isLong: boolean; executableAtS: number }

/** All that the decision rests on. Times are block times in seconds, amounts micro-USDC. */
export type ExitView = {
  nowS: number
  owner: string
  subaccount: number
  terms: ExitTerms
  lastBatchTimeS: number
  freeze: FreezeState
  cashQuote: number
  positions: readonly (ChainPosition & { reduce: Reduce })[]
  withdraw: { amountQuote: number; claimableAtS: number }
  owedQuote: number
  claim: ExitClaim
}

/** `leave`: out through the backstop while the exchange lives. `freeze`: end it and claim. */
export type ExitRoute = 'leave' | 'freeze'

export type ExitStep =
  | { kind: 'send'; call: ExitCall; values: readonly unknown[]; says: string }
  | { kind: 'wait'; untilS: number; says: string }
  | { kind: 'done'; says: string }

/** Everything that has become free. */
const allOfIt = 2n ** 64n - 1n

const send = (call: ExitCall, values: readonly unknown[], says: string): ExitStep => ({
  kind: 'send',
  call,
  values,
  says,
})

/** The next step; after it was carried out, look again. A frozen exchange knows one route only. */
export const nextExitStep = (view: ExitView, route: ExitRoute): ExitStep => {
  if (view.freeze.frozenAtS !== 0) return claimStep(view)
  return route === 'leave' ? leaveStep(view) : freezeStep(view)
}

const fits = ({ sizeLots, reduce }: ExitView['positions'][number]) =>
  reduce.lots > 0 && reduce.isLong === sizeLots > 0

const leaveStep = (view: ExitView): ExitStep => {
  const { positions, subaccount, owner, nowS } = view
  const unasked = positions.find((position) => !fits(position))
  if (unasked !== undefined) {
    const { market, sizeLots } = unasked
    const lots = Math.abs(sizeLots)
    return send(
      'forceReduce',
      [subaccount, market, lots, allOfIt],
      `ask the backstop to take ${lots} lots of market ${market} and to pay out what becomes free`,
    )
  }
  const due = positions.find(({ reduce }) => reduce.executableAtS <= nowS)
  if (due !== undefined)
    return send(
      'executeForceReduce',
      [owner, subaccount, due.market],
      `execute the forced reduction in market ${due.market}`,
    )
  if (positions.length > 0) {
    const untilS = Math.min(...positions.map(({ reduce }) => reduce.executableAtS))
    return { kind: 'wait', untilS, says: 'the forced reduction may be executed' }
  }
  return withdrawStep(view)
}

const withdrawStep = ({
  owner,
  subaccount,
  cashQuote,
  withdraw,
  owedQuote,
  nowS,
}: ExitView): ExitStep => {
  if (owedQuote > 0) return send('collect', [owner], 'collect what an outflow limit has held up')
  if (cashQuote <= 0) return { kind: 'done', says: 'nothing of yours is left on the exchange' }
  if (withdraw.amountQuote === 0)
    return send('requestWithdraw', [subaccount, cashQuote], 'ask for the cash')
  if (withdraw.claimableAtS <= nowS)
    return send('claimWithdraw', [owner, subaccount], 'claim the cash')
  return { kind: 'wait', untilS: withdraw.claimableAtS, says: 'the cash may be claimed' }
}

const freezeStep = ({
  terms,
  lastBatchTimeS,
  nowS,
  positions,
  owner,
  subaccount,
}: ExitView): ExitStep => {
  const neglected = positions.find(
    (position) =>
      fits(position) &&
      position.reduce.executableAtS - terms.forceDelayS + terms.freezeDelayS <= nowS,
  )
  if (neglected !== undefined)
    return send(
      'freezeOverdue',
      [owner, subaccount, neglected.market],
      'freeze the exchange: a request is overdue',
    )
  const untilS = lastBatchTimeS + terms.freezeDelayS
  if (untilS > nowS) return { kind: 'wait', untilS, says: 'the exchange may be frozen' }
  return send('freeze', [], 'freeze the exchange: no batch has settled for too long')
}

const claimStep = ({ freeze, claim, owner, subaccount, owedQuote, nowS }: ExitView): ExitStep => {
  if (!claim.registered)
    return send('claim', [owner, subaccount], 'register the claim at the frozen prices')
  if (!claim.paid) {
    if (freeze.payableAtS > nowS)
      return { kind: 'wait', untilS: freeze.payableAtS, says: 'claims are paid' }
    return send('payout', [owner, subaccount], 'have the claim paid')
  }
  if (owedQuote > 0) return send('collect', [owner], 'collect what the token had refused')
  return { kind: 'done', says: 'the claim is paid' }
}
