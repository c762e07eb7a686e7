//! Signs and recovers for the differential test, many thousand times: the contract says whether hash and signer are right.

import { keccak_256 } from '@noble/hashes/sha3.js'
import type { Market } from '@plumb/model'
import { computeAddress, keccak256, SigningKey, toUtf8Bytes } from 'ethers'
import type { OrderBody, Owner, PriceVectorBody, TransferBody, WithdrawalBody } from '../batch.ts'
import type { OwnerRecovery } from '../decode-batch.ts'
import { createDigestSigner, type DigestSigner } from '../digest-signer.ts'
import {
  bytesHex,
  domainSeparator,
  encodeFundInsurance,
  encodeOrder,
  encodePrices,
  encodeTransfer,
  encodeWithdraw,
  hexBytes,
  STRUCT_BYTES_MAX,
  scaleE8,
} from '../eip712.ts'
import { zeroOwner } from '../settlement-state.ts'
import { loadSignatureBackend } from '../signature-backend.ts'
import { compactSignature, readSignature } from '../signature-encoding.ts'

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

const moneyOf = (transfer: Omit<WithdrawalBody, 'signature'>) => ({
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
  const envelope = new Uint8Array(66)
  envelope.set([0x19, 0x01])
  envelope.set(domainSeparator({ chainId, contract: exchange }), 2)
  const struct = new Uint8Array(STRUCT_BYTES_MAX)
  const digestOf = (length: number): Uint8Array => {
    envelope.set(keccak_256(struct.subarray(0, length)), 34)
    return keccak_256(envelope)
  }
  const orderDigest = (order: Omit<OrderBody, 'signature'>): Uint8Array => {
    const { tickE8, lotE8 } = markets.get(order.market) ?? { tickE8: 1, lotE8: 1 }
    return digestOf(
      encodeOrder(struct, 0, {
        ...order,
        price: scaleE8(order.priceTicks, tickE8),
        size: scaleE8(order.sizeLots, lotE8),
        trigger: scaleE8(order.triggerTicks, tickE8),
        seq: order.laneSeq,
        expiry: order.expiryS,
      }),
    )
  }
  const withdrawalDigest = (withdrawal: Omit<WithdrawalBody, 'signature'>): Uint8Array =>
    digestOf(encodeWithdraw(struct, 0, moneyOf(withdrawal)))
  const transferDigest = (transfer: Omit<TransferBody, 'signature'>): Uint8Array =>
    digestOf(encodeTransfer(struct, 0, { ...moneyOf(transfer), to: transfer.to }))
  const insuranceDigest = (transfer: Omit<TransferBody, 'signature'>): Uint8Array =>
    digestOf(encodeFundInsurance(struct, 0, { ...moneyOf(transfer), to: transfer.to }))
  const pricesDigest = (vector: Omit<PriceVectorBody, 'signature'>): Uint8Array => {
    const packed = new Uint8Array(vector.prices.length * 4)
    const view = new DataView(packed.buffer)
    for (const [i, price] of vector.prices.entries()) view.setUint32(i * 4, price)
    const { page, publishTimeMs: timestampMs } = vector
    return digestOf(encodePrices(struct, 0, { page, timestampMs, prices: packed }))
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

const backend = loadSignatureBackend()
const signers = new WeakMap<SigningKey, DigestSigner>()

function sign({ key }: TestWallet, digest: Uint8Array): Uint8Array {
  const signer = signers.get(key) ?? createDigestSigner(key.privateKey)
  signers.set(key, signer)
  const compact = compactSignature(hexBytes(signer.signDigest(digest)))
  if (compact === null) throw new RangeError('a signature of its own that is refused')
  return compact
}

// What the contract cannot recover is nobody's: high s, r or s out of range. (Values too large for the signed type
// are refused by the contract before it looks at the signature.)
function signerOf(record: { signature: Uint8Array }, digest: () => Uint8Array): Owner {
  const rs = new Uint8Array(64)
  const parity = readSignature(record.signature, rs)
  const publicKey = parity === -1 ? null : backend.recover(rs, parity, digest())
  return publicKey === null ? zeroOwner : bytesHex(keccak_256(publicKey).subarray(12))
}
