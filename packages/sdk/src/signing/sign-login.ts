//! Signs a request for a bearer token.
import { type LoginRequest, loginTypedData, type TypedDomain } from '@plumb/protocol'
import { type SignerInput, signTyped } from './signer.ts'

/** Completes a login with its owner's signature. `issuedAt` and `expiresAt` in milliseconds, at most 24 h apart. */
export async function signLogin(
  signer: SignerInput,
  domain: TypedDomain,
  login: Omit<LoginRequest, 'signature'>,
): Promise<LoginRequest> {
  const signature = await signTyped(signer, loginTypedData(domain, login))
  return { ...login, signature }
}
