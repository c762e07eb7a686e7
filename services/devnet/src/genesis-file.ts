//! The genesis file: the first commands of the exchange's journal.
import type { Market } from '@plumb/model'
import type { DevnetDeployment } from './deployment.ts'
import { publisherQuorum, settlementLagS } from './deployment.ts'
import { keyOf, type OwnKeys, publisherCount } from './devnet-keys.ts'
import { devnetChainId } from './local-chain.ts'

/** One Genesis and a ListMarket for each market, bytes as hex. */
export const genesisCommands = (
  deployment: DevnetDeployment,
  keys: OwnKeys,
  markets: readonly Market[],
): object[] => [
  {
    kind: 'Genesis',
    chainId: devnetChainId,
    settlementLagS,
    publisherCount,
    publisherQuorum,
    contract: deployment.exchange,
    publishers: Array.from(
      { length: publisherCount },
      (_, i) => keyOf(keys, `publisher-${i}`).address,
    ),
  },
  ...markets.map((market) => Object.assign({ kind: 'ListMarket' }, market)),
]
