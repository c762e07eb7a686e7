//! The relayer process.
import {
  confirmationsSource,
  contractViews,
  createRpc,
  createTransactionSender,
  createTransactionSigner,
  durableBlockSource,
  finalizedTagSource,
  type Rpc,
} from '@plumb/chain'
import { openLedger } from '@plumb/ledger'
import {
  createCommandClient,
  createFeedClient,
  createLifecycle,
  createLogger,
  createMetrics,
  faultPoint,
  startStatusServer,
  systemClock,
  watchFaults,
} from '@plumb/runtime'
import { readConfig } from './config.ts'
import { ledgerStore } from './ledger-store.ts'
import { Relayer } from './relayer.ts'
import { createRelayerMetrics } from './relayer-metrics.ts'

/** From a batch's first step to its block, at most. */
const markAgeReserveS = 60
/** Less than the lifecycle allows for the whole ending. */
const drainMs = 6_000
/** The ledger service migrates the database, and may start later than this one. */
const SCHEMA_WAIT_MS = 60_000

const config = readConfig()
const logger = createLogger('relayer', { level: config.PLUMB_LOG_LEVEL })
const metrics = createMetrics('relayer')
const lifecycle = createLifecycle({ logger, parentPid: config.PLUMB_PARENT_PID })

watchFaults(config.PLUMB_FAULT_FILE)

// 1. The chain, and that it is the right one.
const [first = '', ...others] = config.PLUMB_RPC_URL
const rpc = createRpc(first)
const rpcs: [Rpc, ...Rpc[]] = [rpc, ...others.map((url) => createRpc(url))]
for (const node of rpcs) {
  const chainId = await node.chainId()
  if (chainId !== config.PLUMB_CHAIN_ID)
    throw new Error(`${node.url} is chain ${chainId}, not ${config.PLUMB_CHAIN_ID}`)
}
const signer = createTransactionSigner(config.PLUMB_RELAYER_KEY, config.PLUMB_CHAIN_ID)
const views = contractViews(rpc, config.PLUMB_CONTRACT)
if (!(await views.isRelayer(signer.address)))
  throw new Error(`${signer.address} may not settle on ${config.PLUMB_CONTRACT}`)
const terms = await views.exitTerms()
const sender = createTransactionSender({
  rpc,
  signer,
  nowMs: () => systemClock.nowMs(),
  bumpAfterMs: config.PLUMB_BUMP_AFTER_MS,
  maxFeePerGasCap: BigInt(config.PLUMB_MAX_FEE_GWEI) * 1_000_000_000n,
})
const finality =
  config.PLUMB_FINAL_BLOCK_FILE !== undefined
    ? durableBlockSource(rpc, config.PLUMB_FINAL_BLOCK_FILE)
    : config.PLUMB_FINALITY === 'finalized'
      ? finalizedTagSource(rpc)
      : confirmationsSource(rpc, Number(config.PLUMB_FINALITY))

// 2. What was stored, and the sequencer.
const ledger = await openLedger(config.DATABASE_URL, {
  applicationName: 'relayer',
  max: 3,
  schemaWaitMs: SCHEMA_WAIT_MS,
  reached: faultPoint,
})
lifecycle.onClose('ledger', () => ledger.close())
const address = config.PLUMB_SEQUENCER
const commands = createCommandClient({ address, name: 'relayer', logger })
lifecycle.onClose('commands', () => commands.close())

// 3. Work.
const relayer = new Relayer({
  openFeed: (fromSeq) => createFeedClient({ address, name: 'relayer', fromSeq, logger }),
  commands,
  headSeq: () => commands.durableSeq,
  store: ledgerStore(ledger, systemClock),
  rpcs,
  views,
  contract: config.PLUMB_CONTRACT,
  deployBlock: config.PLUMB_DEPLOY_BLOCK,
  sender,
  finality,
  deployed: {
    // A little less than the contract's: what is judged now is settled a little later.
    markAgeMaxS: config.PLUMB_MARK_AGE_MAX_S - markAgeReserveS,
    backstop: await views.backstop(),
    forceFeePpm: terms.forceFeePpm,
    directDelayS: terms.directDelayS,
    forceDelayS: terms.forceDelayS,
  },
  limits: {
    fillsMax: config.PLUMB_BATCH_FILLS_MAX,
    gasMax: config.PLUMB_BATCH_GAS_MAX,
    ageMs: config.PLUMB_BATCH_AGE_MS,
    ageMaxMs: config.PLUMB_BATCH_AGE_MAX_MS,
    fundingAgeMs: config.PLUMB_BATCH_FUNDING_AGE_MS,
  },
  gasPerS: config.PLUMB_GAS_PER_S,
  clock: systemClock,
  logger,
  metrics: createRelayerMetrics(metrics),
})
const { done } = await relayer.start()
done.catch((error: unknown) => lifecycle.crash(error))
lifecycle.onClose('relayer', () => relayer.close(drainMs))

// 4. Answer to the operator.
const status = await startStatusServer({
  listen: config.PLUMB_HTTP,
  logger,
  metrics,
  ready: () => {
    const { poison, difference } = relayer.status
    return {
      ready: commands.connected && poison === undefined && difference === undefined,
      detail: relayer.status,
    }
  },
})
lifecycle.onClose('status server', () => status.close())
