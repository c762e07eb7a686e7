//! Signs a withdrawal.
import { type TypedDomain, type WithdrawalRequest, withdrawTypedData } from '@plumb/protocol'
import { type SignerInput, signTyped } from './signer.ts'

/** A withdrawal request before it is signed. */
export type UnsignedWithdrawal = Omit<WithdrawalRequest, 'signature'>

/**
 * Completes a withdrawal with its owner's signature. It pays to the signer's own address, whoever submits it.
 *
 * @throws RangeError when the amount is no canonical decimal or finer than micro-USDC
 */
export async function signWithdraw(
  signer: SignerInput,
  domain: TypedDomain,
  withdrawal: UnsignedWithdrawal,
): Promise<WithdrawalRequest> {
  const signature = await signTyped(signer, withdrawTypedData(domain, withdrawal))
  return { ...withdrawal, signature }
}
