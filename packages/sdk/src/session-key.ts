//! Session keys: terms, both signatures, and a fresh key. A key trades for its owner within its terms, and does nothing else.
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import {
  quoteToText,
  type SessionKeyTerms,
  sessionKeyTypedData,
  type TypedDomain,
  textToQuote,
} from '@plumb/protocol'
import { privateKeyAccount } from './signing/private-key-account.ts'
import { type LocalSigner, type SignerInput, signTyped } from './signing/signer.ts'

const ALL_MARKETS = 2n ** 64n - 1n
const NO_LIMIT = 2n ** 64n - 1n
const NOTIONAL_END = 2n ** 48n
const DEFAULT_LIFETIME_S = 7 * 86_400
/** As the contract has it. */
const LIFETIME_S_MAX = 35 * 86_400

/** What a key may do. Amounts are USDC text. */
export type SessionKeyLimits = {
  /** What its orders may fill in all, each at its own limit price; never refilled. */
  notional: string
  /** The one it trades; every one if left out. */
  subaccount?: number
  /** Those it trades, by `index` of GET /v1/markets; every one if left out. */
  markets?: readonly { index: number }[]
  /** One order at its limit price; no limit if left out. */
  maxOrderNotional?: string
  /** Lots beyond which it may not grow a position, either side; no limit if left out. */
  maxPositionLots?: number
  /** Seconds until it ends, at most 35 days; a week if left out. */
  lifetimeS?: number
}

/** A new random key. Keep `privateKey` secret: it trades for whoever registers it. */
export function createSessionKey(): LocalSigner & { privateKey: string } {
  const privateKey = `0x${bytesToHex(secp256k1.utils.randomSecretKey())}`
  return { ...privateKeyAccount(privateKey), privateKey }
}

/**
 * The terms that owner and key sign.
 *
 * @param owner whose account the key trades
 * @param nowS Unix second from which `lifetimeS` counts
 * @throws RangeError on an amount, market or lifetime that the contract would refuse
 */
export function sessionKeyTerms(
  owner: string,
  key: string,
  limits: SessionKeyLimits,
  nowS: number = Math.floor(Date.now() / 1_000),
): SessionKeyTerms {
  const { subaccount, lifetimeS = DEFAULT_LIFETIME_S, maxPositionLots } = limits
  if (!(lifetimeS > 0 && lifetimeS <= LIFETIME_S_MAX))
    throw new RangeError(`lifetimeS: 1 to ${LIFETIME_S_MAX} seconds`)
  const notional = micro(limits.notional, 'notional')
  if (notional >= NOTIONAL_END)
    throw new RangeError(`notional: below ${quoteToText(Number(NOTIONAL_END))} USDC`)
  return {
    owner,
    key,
    subaccount: subaccount ?? 0,
    allSubaccounts: subaccount === undefined,
    expiry: nowS + Math.floor(lifetimeS),
    notional,
    markets: marketMap(limits.markets),
    maxPosition: maxPositionLots === undefined ? NO_LIMIT : BigInt(maxPositionLots),
    maxOrderNotional:
      limits.maxOrderNotional === undefined
        ? NO_LIMIT
        : micro(limits.maxOrderNotional, 'maxOrderNotional'),
  }
}

function micro(text: string, name: string): bigint {
  const quote = textToQuote(text)
  if (typeof quote !== 'number') throw new RangeError(`${name}: ${text} is no USDC amount`)
  return BigInt(quote)
}

function marketMap(markets: SessionKeyLimits['markets']): bigint {
  if (markets === undefined) return ALL_MARKETS
  let map = 0n
  for (const { index } of markets) map |= 1n << BigInt(index)
  return map
}

/** Signs a key's terms, as its owner or as the key: 65 bytes as hex. */
export async function signSessionKey(
  signer: SignerInput,
  domain: TypedDomain,
  terms: SessionKeyTerms,
): Promise<string> {
  return await signTyped(signer, sessionKeyTypedData(domain, terms))
}

/** 65 bytes r, s, v as the contract takes them: r, and s with the parity in its highest bit (EIP-2098). */
export function splitSignature(signature: string): [r: string, vs: string] {
  const hex = signature.replace(/^0x/, '')
  const v = Number.parseInt(hex.slice(128, 130), 16)
  const s = BigInt(`0x${hex.slice(64, 128)}`)
  const vs = v === 28 || v === 1 ? s | (1n << 255n) : s
  return [`0x${hex.slice(0, 64)}`, `0x${vs.toString(16).padStart(64, '0')}`]
}
