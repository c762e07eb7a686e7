//! Wallets of tests on a real chain: one that anvil signs for, and a contract that answers for a guardian (ERC-1271).
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ContractFactory, JsonRpcProvider, Wallet } from 'ethers'
import type { LocalSigner, SignerInput } from '../signing/signer.ts'

const contracts = fileURLToPath(new URL('../../../../contracts', import.meta.url))
const source = 'test/base/Wallets.sol'

/** The chain's own account: `eth_signTypedData_v4` over JSON-RPC, no key in this process. */
export async function unlockedSigner(rpcUrl: string): Promise<SignerInput & { close(): void }> {
  const provider = new JsonRpcProvider(rpcUrl, undefined, { staticNetwork: true })
  const signer = await provider.getSigner(0)
  return {
    getAddress: () => signer.getAddress(),
    signTypedData: (domain, types, message) => signer.signTypedData(domain, types, message),
    close: () => provider.destroy(),
  }
}

type Compiled = {
  contracts?: Record<
    string,
    Record<string, { abi: object[]; evm: { bytecode: { object: string } } }>
  >
}

/** `Wallet` of contracts/test/base/Wallets.sol, compiled here and now. */
function compileWallet() {
  const names = [source, 'src/interfaces/IERC1271.sol']
  const sources = Object.fromEntries(
    names.map((name) => [name, { content: readFileSync(`${contracts}/${name}`, 'utf8') }]),
  )
  const input = JSON.stringify({
    language: 'Solidity',
    sources,
    settings: { outputSelection: { '*': { Wallet: ['abi', 'evm.bytecode.object'] } } },
  })
  const { stdout } = spawnSync(process.execPath, [`${contracts}/bin/solc`, '--standard-json'], {
    input,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  const output: Compiled = JSON.parse(stdout)
  const wallet = output.contracts?.[source]?.['Wallet']
  if (wallet === undefined) throw new Error(stdout.slice(0, 2_000))
  return wallet
}

/** Deploys a contract wallet that stands by what `guardian` signs: its address, and how it is asked to sign a digest. */
export async function deployContractWallet(
  rpcUrl: string,
  deployerKey: string,
  guardian: LocalSigner,
): Promise<{ address: string; sign: (digest: Uint8Array) => Promise<string> }> {
  const provider = new JsonRpcProvider(rpcUrl, undefined, { staticNetwork: true, cacheTimeout: -1 })
  provider.pollingInterval = 100
  const { abi, evm } = compileWallet()
  const factory = new ContractFactory(abi, evm.bytecode.object, new Wallet(deployerKey, provider))
  const contract = await factory.deploy(guardian.address)
  await contract.waitForDeployment()
  const address = await contract.getAddress()
  provider.destroy()
  return {
    address,
    sign: async (digest) => {
      // r, s, a byte of its own, v: nothing that an EOA's signature could be taken for.
      const signature = guardian.signDigest(digest)
      return `${signature.slice(0, 130)}00${signature.slice(130)}`
    },
  }
}
