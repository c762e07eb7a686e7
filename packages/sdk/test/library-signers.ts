//! The libraries that people sign with, one key in each.
import { Buffer } from 'node:buffer'
import { SignTypedDataVersion, signTypedData } from '@metamask/eth-sig-util'
import { domainTypes, type TypedField } from '@plumb/protocol'
import { Wallet } from 'ethers'
import { privateKeyToAccount } from 'viem/accounts'
import { privateKeyAccount } from '../src/signing/private-key-account.ts'
import type { SignerInput } from '../src/signing/signer.ts'

/** What MetaMask does: V4, with the domain among the types. */
const metamask = (key: string): SignerInput => ({
  getAddress: async () => new Wallet(key).address,
  async signTypedData(of, types, message) {
    const allTypes: typeof domainTypes & Record<string, TypedField[]> = { ...domainTypes, ...types }
    const data = { domain: of, types: allTypes, primaryType: Object.keys(types)[0] ?? '', message }
    const privateKey = Buffer.from(key.slice(2), 'hex')
    return signTypedData({ privateKey, data, version: SignTypedDataVersion.V4 })
  },
})

/** One key in every library; the sdk's own first. */
export function signersOf(key: `0x${string}`): [name: string, signer: SignerInput][] {
  return [
    ['a local key', privateKeyAccount(key)],
    ['ethers', new Wallet(key)],
    ['viem', privateKeyToAccount(key)],
    ['eth-sig-util', metamask(key)],
  ]
}
