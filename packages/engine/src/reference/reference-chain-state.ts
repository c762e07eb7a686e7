//! What the contract has told, as the rest of the reference engine asks for it (RULES.md 7).
import type { ReferenceAccount, ReferenceState } from './reference-state.ts'

export const isBackstopOwners = (s: ReferenceState, { ownerHex }: ReferenceAccount): boolean =>
  ownerHex === s.chain.backstopHex && !/^0*$/.test(ownerHex)

/** Whether the account may back the market: on-chain subaccount market + 1 of the backstop's owner does. */
export const mayBack = (s: ReferenceState, account: ReferenceAccount, market: number): boolean =>
  /^0*$/.test(s.chain.backstopHex) ||
  (isBackstopOwners(s, account) && account.subaccount === market + 1)

export const isPaused = (s: ReferenceState): boolean => s.timeMs < s.chain.pausedUntilS * 1_000

/** No more leaves than has come in. */
export function custody(s: ReferenceState): bigint {
  return s.withdrawals.reduce((left, { amount }) => left - amount, s.deposits - s.paid)
}

/** Liquidations of now would reach the chain too late. */
export const isSettlementLate = (s: ReferenceState): boolean => behindMs(s) > s.lagS * 500

/** Nothing is matched or paid that would wait for settlement. */
export const isSettlementStopped = (s: ReferenceState): boolean => behindMs(s) > s.lagS * 1_000

function behindMs({ timeMs, chain: { heardMs, unsettledMs } }: ReferenceState): number {
  if (heardMs === 0) return 0
  const times = unsettledMs === 0 ? [heardMs] : [heardMs, unsettledMs]
  return timeMs - Math.min(...times)
}
