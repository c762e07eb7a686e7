//! `account(owner, subaccount)` of the contract by hand: every account is asked for after every batch.
import { exchangeInterface } from './exchange-interface.ts'

/** One open position as the contract stores it. */
export type ChainPosition = { market: number; sizeLots: number; fundingSnapshot: number }
/** One account: cash in micro-USDC (on-chain deposits count at once) and its open positions by market. */
export type ChainAccount = { cashQuote: number; positions: ChainPosition[] }
/** Names an account; `owner` is 0x and 40 hex digits. */
export type ChainAccountName = { owner: string; subaccount: number }

const WORD_DIGITS = 64
const WORD_BYTES = 32
const POSITION_WORDS = 3
const selector = exchangeInterface.getFunction('account')?.selector ?? '0x'

/** Calldata of the call. */
export function accountCall({ owner, subaccount }: ChainAccountName): string {
  return `${selector}${word(owner.slice(2))}${word(subaccount.toString(16))}`
}

function word(digits: string): string {
  return digits.toLowerCase().padStart(WORD_DIGITS, '0')
}

/** Its answer. Throws RangeError on what is no account, and on a number of 2^53 or beyond. */
export function readAccount(answer: string): ChainAccount {
  const wordAt = (index: number): bigint => {
    const at = 2 + index * WORD_DIGITS
    const digits = answer.slice(at, at + WORD_DIGITS)
    if (digits.length !== WORD_DIGITS) throw new RangeError('the answer is no account: too short')
    return BigInt(`0x${digits}`)
  }
  const positionsAt = exact(wordAt(1)) / WORD_BYTES
  const count = exact(wordAt(positionsAt))
  if (answer.length < 2 + (positionsAt + 1 + count * POSITION_WORDS) * WORD_DIGITS)
    throw new RangeError('the answer is no account: too short')
  const positions = Array.from({ length: count }, (_, i) => {
    const at = positionsAt + 1 + i * POSITION_WORDS
    return {
      market: exact(wordAt(at)),
      sizeLots: signed(wordAt(at + 1)),
      fundingSnapshot: signed(wordAt(at + 2)),
    }
  })
  return { cashQuote: signed(wordAt(0)), positions }
}

function signed(value: bigint): number {
  return exact(BigInt.asIntN(256, value))
}

function exact(value: bigint): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new RangeError(`${value} exceeds 2^53`)
  return number
}
