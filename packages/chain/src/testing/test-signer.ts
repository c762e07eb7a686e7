//! Signs and recovers with ethers, independently of the fast path under test elsewhere.

import type { Market } from '@plumb/model'
import {
  fundInsuranceTypes,
  orderTypes,
  pricesTypes,
  transferTypes,
  typedDomain,
  withdrawTypes,
} from '@plumb/protocol'
import {
  computeAddress,
  getBytes,
  hexlify,
  keccak256,
  recoverAddress,
  Signature,
  SigningKey,
  TypedDataEncoder,
  toUtf8Bytes,
} from 'ethers'
import type { OrderBody, Owner, PriceVectorBody, TransferBody, WithdrawalBody } from '../batch.ts'
import type { OwnerRecovery } from '../decode-batch.ts'
import { zeroOwner } from '../settlement-state.ts'

export type TestWallet = { owner: Owner; key: SigningKey }

/** A wallet that follows from its name. */
export function testWallet(name: string): TestWallet {
  const key = new SigningKey(keccak256(toUtf8Bytes(name)))
  return { key, owner: computeAddress(key).toLowerCase() }
}

export type TestSigner = OwnerRecovery & {
  signOrder(wallet: TestWallet, order: Omit<OrderBody, 'signature'>): Uint8Array
  signWithdrawal(wallet: TestWallet, withdrawal: Omit<WithdrawalBody, 'signature'>): Uint8Array
  signTransfer(wallet: TestWallet, transfer: Omit<TransferBody, 'signature'>): Uint8Array
  signInsurance(wallet: TestWallet, transfer: Omit<TransferBody, 'signature'>): Uint8Array
  signPrices(wallet: TestWallet, vector: Omit<PriceVectorBody, 'signature'>): Uint8Array
}

const moneyOf = (transfer: Omit<TransferBody, 'signature'>) => ({
  subaccount: transfer.subaccount,
  amount: transfer.amountQuote,
  lane: transfer.lane,
  seq: transfer.laneSeq,
  expiry: transfer.expiryS,
})

/** A signer for one deployment; `markets` scale ticks and lots to what is signed. */
export function testSigner(
  chainId: number,
  exchange: string,
  markets: ReadonlyMap<number, Market>,
): TestSigner {
  const domain = typedDomain(chainId, exchange)
  const orderDigest = (order: Omit<OrderBody, 'signature'>): string => {
    const market = markets.get(order.market)
    return TypedDataEncoder.hash(domain, orderTypes, {
      market: order.market,
      subaccount: order.subaccount,
      side: order.side,
      flags: order.flags,
      kind: order.kind,
      price: BigInt(order.priceTicks) * BigInt(market?.tickE8 ?? 1),
      size: BigInt(order.sizeLots) * BigInt(market?.lotE8 ?? 1),
      trigger: BigInt(order.triggerTicks) * BigInt(market?.tickE8 ?? 1),
      maxFee: order.maxFee,
      lane: order.lane,
      seq: order.laneSeq,
      expiry: order.expiryS,
    })
  }
  const withdrawalDigest = (withdrawal: Omit<WithdrawalBody, 'signature'>): string =>
    TypedDataEncoder.hash(domain, withdrawTypes, {
      subaccount: withdrawal.subaccount,
      amount: withdrawal.amountQuote,
      lane: withdrawal.lane,
      seq: withdrawal.laneSeq,
      expiry: withdrawal.expiryS,
    })
  const transferDigest = (transfer: Omit<TransferBody, 'signature'>): string => {
    const message = { ...moneyOf(transfer), toSubaccount: transfer.to }
    return TypedDataEncoder.hash(domain, transferTypes, message)
  }
  const insuranceDigest = (transfer: Omit<TransferBody, 'signature'>): string => {
    const message = { ...moneyOf(transfer), market: transfer.to }
    return TypedDataEncoder.hash(domain, fundInsuranceTypes, message)
  }
  const pricesDigest = (vector: Omit<PriceVectorBody, 'signature'>): string => {
    const packed = new Uint8Array(vector.prices.length * 4)
    const view = new DataView(packed.buffer)
    for (const [i, price] of vector.prices.entries()) view.setUint32(i * 4, price)
    return TypedDataEncoder.hash(domain, pricesTypes, {
      page: vector.page,
      timestampMs: vector.publishTimeMs,
      prices: packed,
    })
  }
  return {
    signOrder: (wallet, order) => sign(wallet, orderDigest(order)),
    signWithdrawal: (wallet, withdrawal) => sign(wallet, withdrawalDigest(withdrawal)),
    signTransfer: (wallet, transfer) => sign(wallet, transferDigest(transfer)),
    signInsurance: (wallet, transfer) => sign(wallet, insuranceDigest(transfer)),
    signPrices: (wallet, vector) => sign(wallet, pricesDigest(vector)),
    orderOwner: (order) => signerOf(order, () => orderDigest(order)),
    withdrawalOwner: (withdrawal) => signerOf(withdrawal, () => withdrawalDigest(withdrawal)),
    transferOwner: (transfer) => signerOf(transfer, () => transferDigest(transfer)),
    insuranceOwner: (transfer) => signerOf(transfer, () => insuranceDigest(transfer)),
    vectorSigner: (vector) => signerOf(vector, () => pricesDigest(vector)),
  }
}

const sign = (wallet: TestWallet, digest: string): Uint8Array =>
  getBytes(wallet.key.sign(digest).compactSerialized)

// What the contract cannot recover is nobody's: high s, r or s out of range. (Values too large for the signed type
// are refused by the contract before it looks at the signature.)
function signerOf(record: { signature: Uint8Array }, digest: () => string): Owner {
  try {
    return recoverAddress(digest(), Signature.from(hexlify(record.signature))).toLowerCase()
  } catch {
    return zeroOwner
  }
}
