//! The kinds of signer the sdk takes: a local key, an ethers Signer, a viem account or wallet client.
import type { TypedData } from '@plumb/protocol'
import { typedDataDigest } from './typed-data-digest.ts'

/** Signs 32-byte digests directly; made by `privateKeyAccount`. */
export type LocalSigner = {
  address: string
  /** @returns 65 bytes r, s, v as hex, s in the lower half. */
  signDigest(digest: Uint8Array): string
}

/** ethers v6 `Wallet`, `JsonRpcSigner`, … */
export type EthersSigner = {
  getAddress(): Promise<string>
  signTypedData(
    domain: Record<string, unknown>,
    types: Record<string, { name: string; type: string }[]>,
    message: Record<string, unknown>,
  ): Promise<string>
}

// viem's own parameter types are generic over the message: `any` value of them takes ours.
type ViemSignTypedData = { bivarianceHack(parameters: object): Promise<string> }['bivarianceHack']

/** viem `privateKeyToAccount(…)`. */
export type ViemAccount = { address: string; signTypedData: ViemSignTypedData }

/** viem wallet client with an account. */
export type ViemWalletClient = { account: { address: string }; signTypedData: ViemSignTypedData }

/** Whatever signs typed data: a private key's account, or one of ethers or viem. */
export type SignerInput = LocalSigner | EthersSigner | ViemAccount | ViemWalletClient

/** Address of any accepted signer. */
export async function signerAddress(signer: SignerInput): Promise<string> {
  if ('getAddress' in signer) return await signer.getAddress()
  return 'account' in signer ? signer.account.address : signer.address
}

/**
 * Signs typed data with any accepted signer. A local key hashes it itself (no wallet in between); every other signer
 * gets the readable message. All give the same bytes.
 */
export async function signTyped(signer: SignerInput, data: TypedData<object>): Promise<string> {
  if ('signDigest' in signer) return signer.signDigest(typedDataDigest(data))
  if ('getAddress' in signer)
    return await signer.signTypedData({ ...data.domain }, data.types, { ...data.message })
  if ('account' in signer) return await signer.signTypedData({ ...data, account: signer.account })
  return await signer.signTypedData(data)
}
