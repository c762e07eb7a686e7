//! What the settlement contract holds, read at a given block.
import type { Result } from 'ethers'
import {
  accountCall,
  type ChainAccount,
  type ChainAccountName,
  readAccount,
} from './account-call.ts'
import type { ExitTerms } from './deploy.ts'
import { exchangeInterface } from './exchange-interface.ts'
import { type ChainKeyTerms, keyTermsOf } from './key-events.ts'
import type { BlockTag, Rpc } from './rpc.ts'

export type ChainLane = { seq: number; filledLots: number }
export type ChainMarket = {
  listed: boolean
  tickE8: number
  lotE8: number
  quotePerTickLot: number
  imBps: number
  mmBps: number
  markBandPpm: number
  fixedMark: boolean
  maxOrderLots: number
  maxPositionLots: number
  markTicks: number
  markTimeS: number
  fundingIndex: number
  fundingCreditTimeS: number
  fundingPoolQuote: number
  openInterestLots: number
  tiers: ChainTier[]
  liquidationFeePpm: number
  insuranceQuote: number
  /** A batch may end the market; one has, and the mark is the price its positions are closed at. */
  isDelisting: boolean
  isSettled: boolean
  /** Deficits of a delisted market's holders that nobody bore. */
  badDebtQuote: number
}
/** A size tier of margin above the market's own fractions. */
export type ChainTier = { boundUsdc: number; imfPpm: number }
/** Commitment of the last settled batch; batchNo 0 before the first. `stateHash` is 64 bits. */
export type ChainBatch = {
  batchNo: number
  toSeq: number
  hashSeq: number
  journalHash: string
  stateHash: bigint
}
/**
 * Cash of all accounts = deposits − withdrawals − fees − funding pools − insurance; the token balance covers deposits −
 * withdrawals + owed.
 */
export type ChainTotals = {
  tokenBalanceQuote: number
  depositsQuote: number
  withdrawalsQuote: number
  feesQuote: number
  fundingPoolsQuote: number
  /** Debited, and held up on its way out by an outflow limit or the token. */
  owedQuote: number
  insuranceQuote: number
}

/** The contract's public state. Every read takes the block it is about (default: the head). */
export type ContractViews = {
  account(owner: string, subaccount: number, tag?: BlockTag): Promise<ChainAccount>
  /** Many accounts, in the order asked for, in few requests. */
  accounts(names: readonly ChainAccountName[], tag?: BlockTag): Promise<ChainAccount[]>
  lane(owner: string, subaccount: number, lane: number, tag?: BlockTag): Promise<ChainLane>
  market(id: number, tag?: BlockTag): Promise<ChainMarket>
  lastBatch(tag?: BlockTag): Promise<ChainBatch>
  lastDeposit(tag?: BlockTag): Promise<{ depositId: number; rollingHash: string }>
  totals(tag?: BlockTag): Promise<ChainTotals>
  isRelayer(address: string, tag?: BlockTag): Promise<boolean>
  /** Terms of a session key, its notional as far as it is left; owner zero: no such key. */
  sessionKey(key: string, tag?: BlockTag): Promise<ChainKeyTerms>
  /** Owner of the backstop's accounts, lowercase; fixed at deployment. */
  backstop(tag?: BlockTag): Promise<string>
  /** The terms of leaving, fixed at deployment. */
  exitTerms(tag?: BlockTag): Promise<ExitTerms>
}

const safe = (value: unknown): number => {
  const big = typeof value === 'bigint' ? value : BigInt(String(value))
  const number = Number(big)
  if (!Number.isSafeInteger(number)) throw new RangeError(`${big} exceeds 2^53`)
  return number
}

const marketOf = (
  view: Result,
  tiers: Result,
  insurance: unknown,
  delisting: Result,
): ChainMarket => ({
  listed: view['listed'] === true,
  tickE8: safe(view['tickE8']),
  lotE8: safe(view['lotE8']),
  quotePerTickLot: safe(view['quotePerTickLot']),
  imBps: safe(view['imBps']),
  mmBps: safe(view['mmBps']),
  markBandPpm: safe(view['markBandPpm']),
  fixedMark: view['fixedMark'] === true,
  maxOrderLots: safe(view['maxOrderLots']),
  maxPositionLots: safe(view['maxPositionLots']),
  markTicks: safe(view['mark']),
  markTimeS: safe(view['markTime']),
  fundingIndex: safe(view['fundingIndex']),
  fundingCreditTimeS: safe(view['fundingCreditTime']),
  fundingPoolQuote: safe(view['fundingPool']),
  openInterestLots: safe(view['openInterest']),
  tiers: tiersOf(tiers),
  liquidationFeePpm: safe(tiers['liquidationFeePpm']),
  insuranceQuote: safe(insurance),
  isDelisting: delisting['announced'] === true,
  isSettled: delisting['settled'] === true,
  badDebtQuote: safe(delisting['badDebt']),
})
// A bound of zero ends the list.
const tiersOf = (view: Result): ChainTier[] => {
  const bounds: Result = view['boundUsdc']
  const fractions: Result = view['imfPpm']
  const tiers = [...bounds].map((bound, n) => ({
    boundUsdc: safe(bound),
    imfPpm: safe(fractions[n]),
  }))
  const end = tiers.findIndex(({ boundUsdc }) => boundUsdc === 0)
  return tiers.slice(0, end < 0 ? tiers.length : end)
}

/** @example const { cashQuote } = await contractViews(rpc, contract).account(owner, 0) */
export const contractViews = (rpc: Rpc, contract: string): ContractViews => {
  const read = async (name: string, values: readonly unknown[], tag: BlockTag) => {
    const data = exchangeInterface.encodeFunctionData(name, values)
    return exchangeInterface.decodeFunctionResult(name, await rpc.call({ to: contract, data }, tag))
  }
  return {
    account: async (owner, subaccount, tag = 'latest') =>
      readAccount(await rpc.call({ to: contract, data: accountCall({ owner, subaccount }) }, tag)),
    accounts: async (names, tag = 'latest') => {
      const calls = names.map((name) => ({ to: contract, data: accountCall(name) }))
      return (await rpc.calls(calls, tag)).map(readAccount)
    },
    lane: async (owner, subaccount, lane, tag = 'latest') => {
      const view = await read('lane', [owner, subaccount, lane], tag)
      return { seq: safe(view['seq']), filledLots: safe(view['filled']) }
    },
    market: async (id, tag = 'latest') => {
      const [view, tiers, insurance, delisting] = await Promise.all([
        read('market', [id], tag),
        read('marketTiers', [id], tag),
        read('insuranceOf', [id], tag),
        read('delistingOf', [id], tag),
      ])
      return marketOf(view[0], tiers, insurance[0], delisting)
    },
    lastBatch: async (tag = 'latest') => {
      const view = await read('lastBatch', [], tag)
      return {
        batchNo: safe(view['batchNo']),
        toSeq: safe(view['toSeq']),
        hashSeq: safe(view['hashSeq']),
        journalHash: String(view['journalHash']),
        stateHash: BigInt(String(view['stateHash'])),
      }
    },
    lastDeposit: async (tag = 'latest') => {
      const view = await read('lastDeposit', [], tag)
      return { depositId: safe(view['depositId']), rollingHash: String(view['rollingHash']) }
    },
    totals: async (tag = 'latest') => {
      const totals: Result = (await read('totals', [], tag))[0]
      return {
        tokenBalanceQuote: safe(totals['tokenBalance']),
        depositsQuote: safe(totals['deposits']),
        withdrawalsQuote: safe(totals['withdrawals']),
        feesQuote: safe(totals['fees']),
        fundingPoolsQuote: safe(totals['fundingPools']),
        owedQuote: safe(totals['owed']),
        insuranceQuote: safe(totals['insurance']),
      }
    },
    sessionKey: async (key, tag = 'latest') =>
      keyTermsOf((await read('sessionKey', [key], tag))[0]),
    isRelayer: async (address, tag = 'latest') =>
      (await read('isRelayer', [address], tag))[0] === true,
    exitTerms: async (tag = 'latest') => {
      const terms: Result = (await read('exitTerms', [], tag))[0]
      return {
        directDelayS: safe(terms['directDelayS']),
        forceDelayS: safe(terms['forceDelayS']),
        freezeDelayS: safe(terms['freezeDelayS']),
        claimPeriodS: safe(terms['claimPeriodS']),
        forceFeePpm: safe(terms['forceFeePpm']),
        forceBlockQuote: safe(terms['forceBlockQuote']),
      }
    },
    backstop: async (tag = 'latest') => String((await read('backstop', [], tag))[0]).toLowerCase(),
  }
}
