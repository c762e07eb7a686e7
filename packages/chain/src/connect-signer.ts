//! A key that signs and sends through one node: for deployments and tools, not for the relayer.
import { JsonRpcProvider, type Signer, Wallet } from 'ethers'

/** A signer and the connection it holds open. */
export type ConnectedSigner = { signer: Signer; close(): void }

/**
 * @param privateKey 32 bytes as 0x-hex
 * @param chainId is not asked of the node
 * @example const { signer, close } = connectSigner(url, 1337, key); await deployContracts(signer, params); close()
 */
export const connectSigner = (
  url: string,
  chainId: number,
  privateKey: string,
): ConnectedSigner => {
  const provider = new JsonRpcProvider(url, chainId, {
    staticNetwork: true,
    pollingInterval: 100,
    cacheTimeout: -1,
  })
  return { signer: new Wallet(privateKey, provider), close: () => provider.destroy() }
}
