//! Signs an order.
import { type OrderRequest, orderTypedData, type TypedDomain } from '@plumb/protocol'
import { type SignerInput, signTyped } from './signer.ts'

/** An order request before it is signed. */
export type UnsignedOrder = Omit<OrderRequest, 'signature'>

/**
 * Completes an order with the EIP-712 signature of its owner.
 *
 * @param market the market's index (`index` in GET /v1/markets)
 * @throws RangeError when price or amount is no canonical decimal
 * @example
 * const body = await signOrder(account, domain, 0, { account: account.address, subaccount: 0, market: 'BTC-PERP', … })
 */
export async function signOrder(
  signer: SignerInput,
  domain: TypedDomain,
  market: number,
  order: UnsignedOrder,
): Promise<OrderRequest> {
  const signature = await signTyped(signer, orderTypedData(domain, order, market))
  return { ...order, signature }
}
