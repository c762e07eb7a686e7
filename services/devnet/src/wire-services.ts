//! Gathers what the services' environments are made of.
import type { DevnetDeployment } from './deployment.ts'
import { keyOf, loadSecret, type OwnKeys, writePublisherKeys } from './devnet-keys.ts'
import type { DevnetPaths } from './devnet-paths.ts'
import { type DevnetPrices, devnetPrices } from './devnet-prices.ts'
import { pricesInFile } from './listed-prices.ts'
import { finalBlockPath } from './local-chain.ts'
import { claimPort } from './ports.ts'
import { services, type Wiring } from './service-table.ts'

/** Claims a status port for each service and writes the key files. */
export const wireServices = async (
  logLevel: string,
  paths: DevnetPaths,
  keys: OwnKeys,
  ports: { gateway: number; rpc: number },
  databaseUrl: string,
  deployment: DevnetDeployment,
  prices: DevnetPrices = devnetPrices(),
): Promise<Omit<Wiring, 'provenSeq'>> => {
  const statusPorts = new Map<string, number>()
  for (const { name } of services) statusPorts.set(name, await claimPort(0, name, ''))
  return {
    paths,
    sequencer: `unix:${paths.sequencerSocket}`,
    databaseUrl,
    rpcUrl: `http://127.0.0.1:${ports.rpc}`,
    deployment,
    prices: await pricesInFile(paths, prices),
    finalBlockFile: finalBlockPath(paths.chain),
    gatewayPort: ports.gateway,
    statusPorts,
    keyFiles: {
      relayer: keyOf(keys, 'relayer').file,
      publishers: await writePublisherKeys(paths.keys, keys),
      marketMaker: keyOf(keys, 'market-maker').file,
      taker: keyOf(keys, 'taker').file,
      capture: keyOf(keys, 'capture').file,
      liquidator: keyOf(keys, 'liquidator').file,
      token: await loadSecret(paths.keys, 'gateway-token'),
    },
    logLevel: logLevel,
  }
}
