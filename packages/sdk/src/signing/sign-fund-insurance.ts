//! Signs a gift to a market's insurance.
import { fundInsuranceTypes, type TypedDomain } from '@plumb/protocol'
import { type SignerInput, signTyped } from './signer.ts'

/** Micro-USDC from a subaccount of the signer; the lane is consumed whole. `expiry` in Unix seconds. */
export type InsuranceGift = {
  subaccount: number
  /** Market number. */
  market: number
  amountQuote: number
  lane: number
  seq: number
  expiry: number
}

/** The owner's signature, 65 bytes as hex: what the contract asks of the settlement of a gift. */
export async function signFundInsurance(
  signer: SignerInput,
  domain: TypedDomain,
  gift: InsuranceGift,
): Promise<string> {
  const { amountQuote, ...rest } = gift
  const message = { ...rest, amount: String(amountQuote) }
  const primaryType = 'FundInsurance'
  return await signTyped(signer, { domain, types: fundInsuranceTypes, primaryType, message })
}
