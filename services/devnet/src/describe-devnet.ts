//! What `GET /v1/devnet` tells a newcomer.
import type { Market } from '@plumb/model'
import type { DevnetDeployment } from './deployment.ts'
import type { NamedKey } from './devnet-keys.ts'
import { devnetChainId } from './local-chain.ts'

type Facts = {
  deployment: DevnetDeployment
  rpcUrl: string
  gatewayUrl: string
  accounts: readonly NamedKey[]
  markets: readonly Market[]
}

export const describeDevnet = ({
  deployment,
  rpcUrl,
  gatewayUrl,
  accounts,
  markets,
}: Facts): object => ({
  chainId: devnetChainId,
  contract: deployment.exchange,
  token: deployment.token,
  rpcUrl,
  gatewayUrl,
  accounts,
  markets: markets.map(({ symbol }) => symbol),
})
