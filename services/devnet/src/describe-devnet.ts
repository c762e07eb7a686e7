//! What `GET /v1/devnet` tells a newcomer.
import type { DevnetDeployment } from './deployment.ts'
import type { NamedKey } from './devnet-keys.ts'
import { devnetMarkets } from './devnet-markets.ts'
import { devnetChainId } from './local-chain.ts'

type Facts = {
  deployment: DevnetDeployment
  rpcUrl: string
  gatewayUrl: string
  accounts: readonly NamedKey[]
}

export const describeDevnet = ({ deployment, rpcUrl, gatewayUrl, accounts }: Facts): object => ({
  chainId: devnetChainId,
  contract: deployment.exchange,
  token: deployment.token,
  rpcUrl,
  gatewayUrl,
  accounts,
  markets: devnetMarkets.map(({ symbol }) => symbol),
})
