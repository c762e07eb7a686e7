//! Reads from the contract all that somebody who leaves needs to know, and prints it.
import type { ExitDesk } from '@plumb/chain'
import { quoteToText, unitsToText } from '@plumb/sdk'
import type { ExitView } from './exit-steps.ts'
import { paint, print, table } from './trade-terminal.ts'

/** The state of one subaccount, as of the chain's head. */
export const readExitView = async (desk: ExitDesk, subaccount: number): Promise<ExitView> => {
  const [terms, headS, lastBatchTimeS, freeze, account, withdraw, owedQuote, claim] =
    await Promise.all([
      desk.terms(),
      desk.nowS(),
      desk.lastBatchTimeS(),
      desk.freezeState(),
      desk.views.account(desk.owner, subaccount),
      desk.withdrawRequest(subaccount),
      desk.owedQuote(),
      desk.claimOf(subaccount),
    ])
  const positions = await Promise.all(
    account.positions.map(async (position) => ({
      ...position,
      reduce: await desk.reduceRequest(subaccount, position.market),
    })),
  )
  // A chain that mines only when asked stands still; its next block has the time of now.
  const nowS = Math.max(headS, Math.floor(Date.now() / 1_000))
  const { owner } = desk
  const { cashQuote } = account
  return {
    nowS,
    owner,
    subaccount,
    terms,
    lastBatchTimeS,
    freeze,
    cashQuote,
    positions,
    withdraw,
    owedQuote,
    claim,
  }
}

/** A block time as people read it. */
export const timeText = (timeS: number): string =>
  new Date(timeS * 1_000).toISOString().replace('T', ' ').replace('.000Z', ' UTC')

const span = (seconds: number) =>
  seconds % 86_400 === 0 ? `${seconds / 86_400} d` : `${Math.round(seconds / 60)} min`

const printPositions = async (desk: ExitDesk, { positions }: ExitView) => {
  if (positions.length === 0) return print('no open position')
  const rows = await Promise.all(
    positions.map(async ({ market, sizeLots, reduce }) => {
      const [known, slowTicks] = await Promise.all([
        desk.views.market(market),
        desk.slowMarkTicks(market),
      ])
      return [
        String(market),
        unitsToText(sizeLots, known.lotE8),
        unitsToText(known.markTicks, known.tickE8),
        timeText(known.markTimeS),
        unitsToText(slowTicks, known.tickE8),
        reduce.lots === 0 ? '-' : `${reduce.lots} lots from ${timeText(reduce.executableAtS)}`,
      ]
    }),
  )
  const heads = ['market', 'size', 'mark', 'mark of', 'slow mark', 'forced reduction']
  table(heads, rows, ['size', 'mark', 'slow mark'])
}

const printTimes = (view: ExitView) => {
  const { terms, freeze, lastBatchTimeS } = view
  print(
    `direct requests ${span(terms.directDelayS)} · forced reduction ${span(terms.forceDelayS)}, costs ${terms.forceFeePpm / 10_000} % · freeze ${span(terms.freezeDelayS)} · claims ${span(terms.claimPeriodS)}`,
  )
  print(`last batch        ${timeText(lastBatchTimeS)}`)
  if (freeze.frozenAtS === 0) {
    print(`freeze possible   ${timeText(lastBatchTimeS + terms.freezeDelayS)}`)
    return
  }
  print(paint('yellow', `frozen            ${timeText(freeze.frozenAtS)}`))
  print(`claims are paid   ${timeText(freeze.payableAtS)}`)
}

/** Prints position, collateral, requests and times. */
export const printExitView = async (desk: ExitDesk, view: ExitView): Promise<void> => {
  print(`${view.owner}, subaccount ${view.subaccount}, at ${timeText(view.nowS)}`)
  const free = await desk.freeCollateralQuote(view.subaccount)
  const freeText = free === undefined ? 'unknown: a mark is stale' : quoteToText(Math.max(0, free))
  print(`cash              ${quoteToText(view.cashQuote)} USDC`)
  print(`free to withdraw  ${freeText}`)
  const { amountQuote, claimableAtS } = view.withdraw
  if (amountQuote > 0)
    print(`asked for         ${quoteToText(amountQuote)} USDC, from ${timeText(claimableAtS)}`)
  if (view.owedQuote > 0) print(`owed to you       ${quoteToText(view.owedQuote)} USDC`)
  if (view.claim.registered)
    print(
      `claim             ${quoteToText(view.claim.equityQuote)} USDC${view.claim.paid ? ', paid' : ''}`,
    )
  await printPositions(desk, view)
  printTimes(view)
}
