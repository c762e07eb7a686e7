//! What the contract has told, as the rest of the reference engine asks for it (RULES.md 7).
import type { ReferenceAccount, ReferenceState } from './reference-state.ts'

export const isBackstopOwners = (s: ReferenceState, { ownerHex }: ReferenceAccount): boolean =>
  ownerHex === s.chain.backstopHex && !/^0*$/.test(ownerHex)

export const isPaused = (s: ReferenceState): boolean => s.timeMs < s.chain.pausedUntilS * 1_000

/** No more leaves than has come in. */
export function custody(s: ReferenceState): bigint {
  return s.withdrawals.reduce((left, { amount }) => left - amount, s.deposits - s.paid)
}

/** Liquidations of now would reach the chain too late. */
export function isSettlementLate(s: ReferenceState): boolean {
  const { heardMs, unsettledMs } = s.chain
  if (heardMs === 0) return false
  const times = unsettledMs === 0 ? [heardMs] : [heardMs, unsettledMs]
  return s.timeMs - Math.min(...times) > s.lagS * 500
}
