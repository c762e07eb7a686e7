//! One step of docker-compose.yml: keys, contracts and the genesis file, made once for services that run elsewhere.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createRpc } from '@plumb/chain'
import { createLogger } from '@plumb/runtime'
import { setupConfig } from './config.ts'
import { deployDevnet } from './deployment.ts'
import { describeDevnet } from './describe-devnet.ts'
import { demoKeys, loadOwnKeys, loadSecret, writePublisherKeys } from './devnet-keys.ts'
import { devnetMarkets } from './devnet-markets.ts'
import { genesisCommands } from './genesis-file.ts'
import { chainReady } from './local-chain.ts'
import { writeFileDurably } from './write-file.ts'

const logger = createLogger('setup')

/** Files that other services read by `…_FILE` variables or paths; `genesis.json` comes last and says: complete. */
const setUp = async () => {
  const config = setupConfig()
  const { PLUMB_SETUP_DIR: dir, PLUMB_PUBLIC_URL: gatewayUrl } = config
  const genesisPath = join(dir, 'genesis.json')
  if (existsSync(genesisPath)) return logger.info({ dir }, 'already set up')
  const rpc = createRpc(config.PLUMB_RPC_URL)
  await chainReady(rpc, 60_000, 'the log of the chain')
  const keysDir = join(dir, 'keys')
  const keys = await loadOwnKeys(keysDir)
  await writePublisherKeys(keysDir, keys)
  await loadSecret(keysDir, 'gateway-token')
  const deployment = await deployDevnet(rpc, keys, devnetMarkets)
  await writeFileDurably(join(dir, 'contract'), `${deployment.exchange}\n`)
  await writeFileDurably(join(dir, 'deploy-block'), `${deployment.deployBlock}\n`)
  const rpcUrl = config.PLUMB_PUBLIC_RPC_URL ?? config.PLUMB_RPC_URL
  const description = describeDevnet({
    deployment,
    rpcUrl,
    gatewayUrl,
    accounts: demoKeys,
    markets: devnetMarkets,
  })
  await writeFileDurably(join(dir, 'devnet.json'), `${JSON.stringify(description, undefined, 1)}\n`)
  const genesis = genesisCommands(deployment, keys, devnetMarkets)
  await writeFileDurably(genesisPath, `${JSON.stringify(genesis, undefined, 1)}\n`)
  logger.info(deployment, 'contracts deployed, genesis written')
}

await setUp()
