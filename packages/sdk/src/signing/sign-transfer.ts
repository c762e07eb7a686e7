//! Signs a transfer.
import { type TransferRequest, type TypedDomain, transferTypedData } from '@plumb/protocol'
import { type SignerInput, signTyped } from './signer.ts'

/** A transfer request before it is signed. */
export type UnsignedTransfer = Omit<TransferRequest, 'signature'>

/**
 * Completes a transfer with its owner's signature. The money stays with the signer, in another subaccount.
 *
 * @throws RangeError when the amount is no canonical decimal or finer than micro-USDC
 */
export async function signTransfer(
  signer: SignerInput,
  domain: TypedDomain,
  transfer: UnsignedTransfer,
): Promise<TransferRequest> {
  const signature = await signTyped(signer, transferTypedData(domain, transfer))
  return { ...transfer, signature }
}
