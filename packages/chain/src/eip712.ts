//! EIP-712 encoding of Plumb's messages straight into bytes: type hash, then one 32-byte word a field.
import { keccak_256 } from '@noble/hashes/sha3.js'
import {
  domainTypes,
  fundInsuranceTypes,
  loginTypes,
  orderTypes,
  pricesTypes,
  type TypedField,
  transferTypes,
  typedDomain,
  withdrawTypes,
} from '@plumb/protocol'

const WORD = 32
const TWO_32 = 4_294_967_296

/** Deployment a signature is bound to. `contract`: the settlement contract, 0x and 40 hex digits. */
export type SigningDomain = { chainId: number; contract: string }

/** The signed fields of an order. Price, size and trigger are the decimals × 1e8 (u64). */
export type OrderFields = {
  market: number
  subaccount: number
  side: number
  flags: number
  kind: number
  price: number | bigint
  size: number | bigint
  trigger: number | bigint
  maxFee: number
  lane: number
  seq: number
  expiry: number
}
/** `amount` in micro-USDC. */
export type WithdrawFields = {
  subaccount: number
  amount: number | bigint
  lane: number
  seq: number
  expiry: number
}
/** A transfer to subaccount `to` of the signer, or a gift to the insurance of market `to`; micro-USDC. */
export type TransferFields = WithdrawFields & { to: number }
/** Times in milliseconds; `account` is 20 bytes. */
export type LoginFields = { account: Uint8Array; issuedAt: number; expiresAt: number }
/** `prices`: packed big-endian u32 ticks of one page of markets. */
export type PricesFields = { page: number; timestampMs: number; prices: Uint8Array }

/** units × unitE8 as the plain integer that is signed: a bigint only where a number would not be exact. */
export function scaleE8(units: number, unitE8: number): number | bigint {
  const product = units * unitE8
  return product <= Number.MAX_SAFE_INTEGER ? product : BigInt(units) * BigInt(unitE8)
}

function typeHashOf(types: Record<string, TypedField[]>): Uint8Array {
  const text = Object.entries(types)
    .map(([name, fields]) => `${name}(${fields.map((f) => `${f.type} ${f.name}`).join(',')})`)
    .join('')
  return keccakOfText(text)
}

function keccakOfText(text: string): Uint8Array {
  return keccak_256(new TextEncoder().encode(text))
}

/** Type hashes as the contract has them. */
export const typeHashes = {
  domain: typeHashOf(domainTypes),
  order: typeHashOf(orderTypes),
  withdraw: typeHashOf(withdrawTypes),
  transfer: typeHashOf(transferTypes),
  fundInsurance: typeHashOf(fundInsuranceTypes),
  login: typeHashOf(loginTypes),
  prices: typeHashOf(pricesTypes),
} as const

/** Bytes of the encoded structs, type hash included. */
export const structBytes = {
  order: WORD * 13,
  withdraw: WORD * 6,
  transfer: WORD * 7,
  login: WORD * 4,
  prices: WORD * 4,
} as const
/** The longest encoded struct. */
export const STRUCT_BYTES_MAX = structBytes.order

/** Hash of the domain of one deployment. */
export function domainSeparator({ chainId, contract }: SigningDomain): Uint8Array {
  const domain = typedDomain(chainId, contract)
  const out = new Uint8Array(WORD * 5)
  out.set(typeHashes.domain, 0)
  out.set(keccakOfText(domain.name), WORD)
  out.set(keccakOfText(domain.version), WORD * 2)
  writeWord(out, WORD * 3, chainId)
  out.set(addressBytes(contract), WORD * 4 + 12)
  return keccak_256(out)
}

/** The 20 bytes of an address; throws RangeError on anything else. */
export function addressBytes(address: string): Uint8Array {
  if (!/^0x[0-9a-fA-F]{40}$/.test(address)) throw new RangeError(`not an address: ${address}`)
  return hexBytes(address)
}

/** Bytes of 0x-prefixed hex; the caller has checked the digits. */
export function hexBytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.slice(2), 'hex'))
}

/** 0x-prefixed lower-case hex. */
export function bytesHex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}

/** Writes an order's struct at `at`; returns its length (`structBytes.order`). */
export function encodeOrder(out: Uint8Array, at: number, order: OrderFields): number {
  out.fill(0, at, at + structBytes.order)
  out.set(typeHashes.order, at)
  writeWord(out, at + WORD, order.market)
  writeWord(out, at + WORD * 2, order.subaccount)
  writeWord(out, at + WORD * 3, order.side)
  writeWord(out, at + WORD * 4, order.flags)
  writeWord(out, at + WORD * 5, order.kind)
  writeWord(out, at + WORD * 6, order.price)
  writeWord(out, at + WORD * 7, order.size)
  writeWord(out, at + WORD * 8, order.trigger)
  writeWord(out, at + WORD * 9, order.maxFee)
  writeWord(out, at + WORD * 10, order.lane)
  writeWord(out, at + WORD * 11, order.seq)
  writeWord(out, at + WORD * 12, order.expiry)
  return structBytes.order
}

/** Writes a withdrawal's struct at `at`; returns its length. */
export function encodeWithdraw(out: Uint8Array, at: number, withdraw: WithdrawFields): number {
  out.fill(0, at, at + structBytes.withdraw)
  out.set(typeHashes.withdraw, at)
  writeWord(out, at + WORD, withdraw.subaccount)
  writeWord(out, at + WORD * 2, withdraw.amount)
  writeWord(out, at + WORD * 3, withdraw.lane)
  writeWord(out, at + WORD * 4, withdraw.seq)
  writeWord(out, at + WORD * 5, withdraw.expiry)
  return structBytes.withdraw
}

/** Writes a transfer's struct at `at`; returns its length. */
export function encodeTransfer(out: Uint8Array, at: number, transfer: TransferFields): number {
  return writeTransfer(out, at, typeHashes.transfer, transfer)
}

/** Writes the struct of a gift to insurance at `at`; returns its length. */
export function encodeFundInsurance(out: Uint8Array, at: number, gift: TransferFields): number {
  return writeTransfer(out, at, typeHashes.fundInsurance, gift)
}

function writeTransfer(
  out: Uint8Array,
  at: number,
  typeHash: Uint8Array,
  { subaccount, to, amount, lane, seq, expiry }: TransferFields,
): number {
  out.fill(0, at, at + structBytes.transfer)
  out.set(typeHash, at)
  const words = [subaccount, to, amount, lane, seq, expiry]
  for (const [i, word] of words.entries()) writeWord(out, at + WORD * (i + 1), word)
  return structBytes.transfer
}

/** Writes a login's struct at `at`; returns its length. */
export function encodeLogin(out: Uint8Array, at: number, login: LoginFields): number {
  out.fill(0, at, at + structBytes.login)
  out.set(typeHashes.login, at)
  out.set(login.account, at + WORD + 12)
  writeWord(out, at + WORD * 2, login.issuedAt)
  writeWord(out, at + WORD * 3, login.expiresAt)
  return structBytes.login
}

/** Writes a price message's struct at `at`; returns its length. */
export function encodePrices(out: Uint8Array, at: number, message: PricesFields): number {
  out.fill(0, at, at + structBytes.prices)
  out.set(typeHashes.prices, at)
  writeWord(out, at + WORD, message.page)
  writeWord(out, at + WORD * 2, message.timestampMs)
  out.set(keccak_256(message.prices), at + WORD * 3)
  return structBytes.prices
}

/** Low 8 bytes of the 32-byte word at `at`, big-endian; the rest of the word is already zero. */
function writeWord(out: Uint8Array, at: number, value: number | bigint): void {
  if (typeof value === 'number') {
    write32(out, at + 28, value % TWO_32)
    if (value >= TWO_32) write32(out, at + 24, Math.floor(value / TWO_32))
  } else {
    write32(out, at + 28, Number(value & 0xffff_ffffn))
    write32(out, at + 24, Number((value >> 32n) & 0xffff_ffffn))
  }
}

function write32(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24
  out[at + 1] = value >>> 16
  out[at + 2] = value >>> 8
  out[at + 3] = value
}
