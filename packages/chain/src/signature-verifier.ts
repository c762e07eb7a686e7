//! Who signed this? In line, for services that check few signatures and for tests; the gateway uses VerifyPool.
import {
  domainSeparator,
  encodeFundInsurance,
  encodeLogin,
  encodeOrder,
  encodePrices,
  encodeTransfer,
  encodeWithdraw,
  type LoginFields,
  type OrderFields,
  type PricesFields,
  type SigningDomain,
  STRUCT_BYTES_MAX,
  type TransferFields,
  type WithdrawFields,
} from './eip712.ts'
import {
  loadSignatureBackend,
  type SignatureBackend,
  type SignatureBackendName,
} from './signature-backend.ts'
import { readSignature } from './signature-encoding.ts'
import { DigestHasher, recoverAddress } from './signature-recoverer.ts'

/** Recovers signers of one deployment's messages. A null answer: the signature is to be refused. */
export type Verifier = {
  readonly backend: SignatureBackendName
  orderDigest(order: OrderFields): Uint8Array
  withdrawDigest(withdraw: WithdrawFields): Uint8Array
  loginDigest(login: LoginFields): Uint8Array
  pricesDigest(message: PricesFields): Uint8Array
  /** `signature`: 65 bytes r s v or 64 bytes EIP-2098. */
  recoverSigner(digest: Uint8Array, signature: Uint8Array): Uint8Array | null
  recoverOrderSigner(order: OrderFields, signature: Uint8Array): Uint8Array | null
  recoverWithdrawSigner(withdraw: WithdrawFields, signature: Uint8Array): Uint8Array | null
  recoverTransferSigner(transfer: TransferFields, signature: Uint8Array): Uint8Array | null
  recoverFundInsuranceSigner(gift: TransferFields, signature: Uint8Array): Uint8Array | null
  recoverLoginSigner(login: LoginFields, signature: Uint8Array): Uint8Array | null
  recoverPricesSigner(message: PricesFields, signature: Uint8Array): Uint8Array | null
}

/**
 * A verifier bound to one chain and settlement contract.
 *
 * @example
 * const verifier = await createVerifier({ chainId: 1337, contract: '0x…' })
 * const signer = verifier.recoverOrderSigner(order, signature) // 20 bytes or null
 */
export async function createVerifier(
  domain: SigningDomain,
  backend: SignatureBackend = loadSignatureBackend(),
): Promise<Verifier> {
  const hasher = await DigestHasher.create(domainSeparator(domain))
  const struct = new Uint8Array(STRUCT_BYTES_MAX)
  const plain = new Uint8Array(64)

  const digestWith =
    <F>(encode: (out: Uint8Array, at: number, fields: F) => number) =>
    (fields: F) =>
      hasher.digest(struct.subarray(0, encode(struct, 0, fields)))
  const recoverSigner = (digest: Uint8Array, signature: Uint8Array) => {
    const parity = readSignature(signature, plain)
    return parity === -1 ? null : recoverAddress(backend, hasher, digest, plain, parity)
  }
  const recoverWith =
    <F>(digestOf: (fields: F) => Uint8Array) =>
    (fields: F, signature: Uint8Array) =>
      recoverSigner(digestOf(fields), signature)

  const orderDigest = digestWith(encodeOrder)
  const withdrawDigest = digestWith(encodeWithdraw)
  const loginDigest = digestWith(encodeLogin)
  const pricesDigest = digestWith(encodePrices)
  return {
    backend: backend.name,
    orderDigest,
    withdrawDigest,
    loginDigest,
    pricesDigest,
    recoverSigner,
    recoverOrderSigner: recoverWith(orderDigest),
    recoverWithdrawSigner: recoverWith(withdrawDigest),
    recoverTransferSigner: recoverWith(digestWith(encodeTransfer)),
    recoverFundInsuranceSigner: recoverWith(digestWith(encodeFundInsurance)),
    recoverLoginSigner: recoverWith(loginDigest),
    recoverPricesSigner: recoverWith(pricesDigest),
  }
}
