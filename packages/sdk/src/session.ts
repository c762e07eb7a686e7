//! A bearer token for private reads and cancels, signed for once and renewed before it expires.
import type { LoginReply, TypedDomain } from '@plumb/protocol'
import { AuthenticationError, PlumbError } from './errors.ts'
import type { Http } from './http.ts'
import { signLogin } from './signing/sign-login.ts'
import { type SignerInput, signerAddress } from './signing/signer.ts'

const LIFETIME_MS = 12 * 3_600_000
const RENEW_BEFORE_MS = 10 * 60_000

/** A bearer token that renews itself. */
export type Session = {
  /** A token good for at least ten more minutes. */
  token(): Promise<string>
  /** Forgets the token: the next call signs anew. */
  forget(): void
}

/** Address of a signer that is a session key of `account`; undefined: it is the account's own. */
export async function keyOf(
  account: string | undefined,
  signer: Promise<string>,
): Promise<string | undefined> {
  const address = await signer
  return account === undefined || account.toLowerCase() === address.toLowerCase()
    ? undefined
    : address
}

/** A session that signs a login when a token is first needed, and again shortly before it expires. */
export function createSession(
  http: Http,
  domain: () => Promise<TypedDomain>,
  signer: SignerInput,
  account?: string,
): Session {
  let current: Promise<LoginReply> | undefined
  let expiresAt = 0
  const renew = async () => {
    const reply = await login(http, await domain(), signer, account)
    expiresAt = reply.expiresAt
    return reply
  }
  const forget = () => {
    current = undefined
    expiresAt = 0
  }
  return {
    forget,
    async token() {
      if (current === undefined || (expiresAt > 0 && Date.now() > expiresAt - RENEW_BEFORE_MS)) {
        expiresAt = 0
        current = renew()
        current.catch(forget)
      }
      return (await current).token
    },
  }
}

async function login(
  http: Http,
  domain: TypedDomain,
  signer: SignerInput,
  owner: string | undefined,
): Promise<LoginReply> {
  const address = signerAddress(signer)
  const account = owner ?? (await address)
  const key = await keyOf(owner, address)
  const named = key === undefined ? {} : { signer: key }
  const attempt = async (nowMs: number) => {
    const unsigned = { account, ...named, issuedAt: nowMs, expiresAt: nowMs + LIFETIME_MS }
    const body = await signLogin(signer, domain, unsigned)
    return await http<LoginReply>({ method: 'POST', path: '/v1/auth', body })
  }
  try {
    return await attempt(Date.now())
  } catch (error) {
    if (!(error instanceof PlumbError) || error.code !== 'CLOCK_SKEW') throw error
    // This machine's clock is off: sign with the exchange's.
    const { ts } = await http<{ ts: number }>({ method: 'GET', path: '/v1/time' })
    return await attempt(ts)
  }
}

/**
 * Runs a request with the session's token; if the exchange no longer takes it (a new secret, an early expiry), once
 * more with a new one.
 */
export async function withToken<T>(
  session: Session,
  request: (token: string) => Promise<T>,
): Promise<T> {
  try {
    return await request(await session.token())
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error
    session.forget()
    return await request(await session.token())
  }
}
