//! Puts the contracts on a chain: token, exchange, roles and markets, from the committed bytecode (no compiler).
import type { Market } from '@plumb/model'
import {
  ContractFactory,
  getCreateAddress,
  Interface,
  type InterfaceAbi,
  type Signer,
} from 'ethers'
import { exchangeExtensionAbi, exchangeExtensionBytecode } from './generated/exchange-extension.ts'
import {
  exchangeGovernanceAbi,
  exchangeGovernanceBytecode,
} from './generated/exchange-governance.ts'
import { plumbExchangeAbi, plumbExchangeBytecode } from './generated/plumb-exchange.ts'
import { riskExtensionAbi, riskExtensionBytecode } from './generated/risk-extension.ts'
import { testUsdcAbi, testUsdcBytecode } from './generated/test-usdc.ts'

/** The terms of leaving (contracts.md 1.9), fixed with the deployment. Times in seconds. */
export type ExitTerms = {
  /** D: a direct request takes effect after this; longer than the settlement lag, at most an hour. */
  directDelayS: number
  /** T1: a forced reduction is executable after this. */
  forceDelayS: number
  /** T2: silence, or neglect of a request, that lets anybody freeze the exchange. */
  freezeDelayS: number
  /** How long claims on a frozen exchange are registered. */
  claimPeriodS: number
  /** What a forced reduction costs, ppm of its notional. */
  forceFeePpm: number
  /** Notional the backstop takes by forced reductions in one block, micro-USDC. */
  forceBlockQuote: number
}

/** What users are told: D 30 min, T1 1 h, T2 24 h, claims 7 days, 0.5 %, 1,000,000 USDC a block. */
export const defaultExitTerms: ExitTerms = {
  directDelayS: 1_800,
  forceDelayS: 3_600,
  freezeDelayS: 86_400,
  claimPeriodS: 7 * 86_400,
  forceFeePpm: 5_000,
  forceBlockQuote: 1_000_000_000_000,
}

/** What the exchange is deployed with. Amounts in micro-USDC, times in seconds. */
export type DeployParams = {
  markets: readonly Market[]
  relayers: readonly string[]
  publishers: readonly string[]
  /** Publishers that must agree, more than half of them. */
  quorum: number
  /** L: longest age of an unsettled fill. */
  settlementLagS: number
  /** At a mark older than this, positions may only shrink. */
  markAgeMaxS: number
  minDepositQuote: number
  maxDepositsQuote: number
  /** Owner of the account (subaccount 0) that takes what forced reductions close; deposit its capital afterwards. */
  backstop: string
  /** {@link defaultExitTerms} when absent. */
  exitTerms?: ExitTerms
  /** Collateral with 6 decimals; a test USDC is deployed when absent (devnets only). */
  token?: string
}

/** Where things are; `deployBlock` is where reading deposits starts. */
export type Deployment = { token: string; exchange: string; deployBlock: number }

/** The `listMarket` argument of a market; a fixed index becomes a fixed mark without a band. */
export function listingOf(market: Market) {
  return {
    market: market.market,
    tickE8: market.tickE8,
    lotE8: market.lotE8,
    quotePerTickLot: market.quotePerTickLot,
    imBps: market.imBps,
    mmBps: market.mmBps,
    markBandPpm: market.fixedIndexTicks === 0 ? market.markBandPpm : 0,
    fixedMark: market.fixedIndexTicks,
    maxOrderLots: market.maxOrderLots,
    maxPositionLots: market.maxPositionLots,
  }
}

/**
 * Deploys and configures everything; the signer becomes the admin. Addresses follow from the signer's nonce alone, so
 * a fresh chain always gives the same ones. Sends all transactions before it waits, whatever the block time.
 *
 * @throws Error when a transaction reverts or the signer cannot pay
 * @example const { exchange, token } = await deployContracts(signer, params)
 */
export async function deployContracts(signer: Signer, params: DeployParams): Promise<Deployment> {
  const from = await signer.getAddress()
  let nonce = await signer.getNonce('pending')
  const sent: { wait(): Promise<{ status: number | null; blockNumber: number } | null> }[] = []

  const create = async (abi: InterfaceAbi, bytecode: string, values: readonly unknown[]) => {
    const address = getCreateAddress({ from, nonce })
    const transaction = await new ContractFactory(abi, bytecode).getDeployTransaction(...values)
    sent.push(
      await signer.sendTransaction({ ...transaction, nonce: nonce++, gasLimit: DEPLOY_GAS }),
    )
    return address
  }
  const token = params.token ?? (await create(testUsdcAbi, testUsdcBytecode, []))
  const genesis = {
    token,
    admin: from,
    settlementLagS: params.settlementLagS,
    markAgeMaxS: params.markAgeMaxS,
    minDeposit: params.minDepositQuote,
    maxDeposits: params.maxDepositsQuote,
    backstop: params.backstop,
  }
  // The last part first, all for the address that the exchange is about to have: they are bound to each other for good.
  const terms = params.exitTerms ?? defaultExitTerms
  const next = getCreateAddress({ from, nonce: nonce + 3 })
  const risk = await create(riskExtensionAbi, riskExtensionBytecode, [genesis, next])
  const governance = await create(exchangeGovernanceAbi, exchangeGovernanceBytecode, [
    genesis,
    terms,
    next,
    risk,
  ])
  const extension = await create(exchangeExtensionAbi, exchangeExtensionBytecode, [
    genesis,
    terms,
    next,
    governance,
  ])
  const exchange = await create(plumbExchangeAbi, plumbExchangeBytecode, [genesis, extension])
  const abi = new Interface(plumbExchangeAbi)
  const configure = async (name: string, values: readonly unknown[]) => {
    const data = abi.encodeFunctionData(name, values)
    sent.push(
      await signer.sendTransaction({ to: exchange, data, nonce: nonce++, gasLimit: CALL_GAS }),
    )
  }
  for (const relayer of params.relayers) await configure('setRelayer', [relayer, true])
  await configure('setPublishers', [params.publishers, params.quorum])
  for (const market of params.markets) await configure('listMarket', [listingOf(market)])

  let deployBlock = Number.MAX_SAFE_INTEGER
  for (const transaction of sent) {
    const receipt = await transaction.wait()
    if (receipt?.status !== 1) throw new Error('a deployment transaction reverted')
    deployBlock = Math.min(deployBlock, receipt.blockNumber)
  }
  return { token, exchange, deployBlock }
}

// Explicit limits: an estimate would need each earlier transaction to be mined first.
const DEPLOY_GAS = 9_000_000
const CALL_GAS = 500_000
