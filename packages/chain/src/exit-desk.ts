//! The contract's way out for one key: what can be asked for, carried out and seen with nothing but an RPC.
import { Contract, type Interface } from 'ethers'
import { connectSigner } from './connect-signer.ts'
import { type ContractViews, contractViews } from './contract-views.ts'
import type { ExitTerms } from './deploy.ts'
import { exchangeInterface } from './exchange-interface.ts'
import type { Rpc } from './rpc.ts'

/** An unserved request; times are block times in seconds, 0 = there is none. */
export type WithdrawRequest = { amountQuote: number; claimableAtS: number }
export type ReduceRequest = {
  lots: number
  withdrawQuote: bigint
  executableAtS: number
  isLong: boolean
}
/** A frozen exchange; `frozenAtS` 0 = it is not. */
export type FreezeState = {
  frozenAtS: number
  assetsQuote: number
  claimedQuote: number
  payableAtS: number
}
export type ExitClaim = { equityQuote: number; registered: boolean; paid: boolean }

/** Sends one call from the key and waits until it is in a block. */
export type ExitCall =
  | 'requestWithdraw'
  | 'claimWithdraw'
  | 'forceReduce'
  | 'executeForceReduce'
  | 'requestCancel'
  | 'requestCancelAll'
  | 'freeze'
  | 'freezeOverdue'
  | 'claim'
  | 'payout'
  | 'collect'

export type ExitDesk = {
  /** The key's address. */
  readonly owner: string
  readonly views: ContractViews
  /** Time of the chain's head, seconds. */
  nowS(): Promise<number>
  terms(): Promise<ExitTerms>
  lastBatchTimeS(): Promise<number>
  freezeState(): Promise<FreezeState>
  withdrawRequest(subaccount: number): Promise<WithdrawRequest>
  reduceRequest(subaccount: number, market: number): Promise<ReduceRequest>
  claimOf(subaccount: number): Promise<ExitClaim>
  /** Debited, and held up on its way to the key. */
  owedQuote(): Promise<number>
  /** What could be claimed now, negative when short; undefined while a mark is stale. */
  freeCollateralQuote(subaccount: number): Promise<number | undefined>
  /** The mark that stands in where publishers are silent, ticks. */
  slowMarkTicks(market: number): Promise<number>
  /** The key's tokens outside the exchange. */
  tokenBalanceQuote(): Promise<number>
  /**
   * @returns hash of the mined transaction
   * @throws ExitRefusedError when the contract refuses, with the name of its error
   */
  send(call: ExitCall, values: readonly unknown[]): Promise<string>
  close(): void
}

/** The contract refuses a call: `code` is the name of its error. */
export class ExitRefusedError extends Error {
  readonly code: string
  constructor(code: string, text: string) {
    super(text)
    this.code = code
  }
}

const tokenAbi = ['function balanceOf(address) view returns (uint256)']

const asNumber = (value: unknown): number => {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new RangeError(`${String(value)} exceeds 2^53`)
  return number
}

/** The contract's own words for a refusal, wherever ethers has put them. */
const refusalOf = (error: unknown, names: Interface): ExitRefusedError | undefined => {
  if (typeof error !== 'object' || error === null || !('data' in error)) return undefined
  if (typeof error.data !== 'string') return undefined
  const parsed = names.parseError(error.data)
  if (parsed === null) return undefined
  return new ExitRefusedError(parsed.name, `${parsed.name}(${parsed.args.join(', ')})`)
}

/**
 * @param privateKey 32 bytes as 0x-hex; signs transactions only
 * @example const desk = await openExitDesk(createRpc(url), contract, key); await desk.send('freeze', [])
 */
export const openExitDesk = async (
  rpc: Rpc,
  contract: string,
  privateKey: string,
): Promise<ExitDesk> => {
  const connected = connectSigner(rpc.url, await rpc.chainId(), privateKey)
  const { signer } = connected
  const owner = await signer.getAddress()
  const exchange = new Contract(contract, exchangeInterface, signer)
  const read = async (name: string, values: readonly unknown[]) => {
    try {
      return await exchange.getFunction(name).staticCall(...values)
    } catch (error) {
      throw refusalOf(error, exchangeInterface) ?? error
    }
  }
  const terms = async (): Promise<ExitTerms> => {
    const found = await read('exitTerms', [])
    return {
      directDelayS: asNumber(found.directDelayS),
      forceDelayS: asNumber(found.forceDelayS),
      freezeDelayS: asNumber(found.freezeDelayS),
      claimPeriodS: asNumber(found.claimPeriodS),
      forceFeePpm: asNumber(found.forceFeePpm),
      forceBlockQuote: asNumber(found.forceBlockQuote),
    }
  }
  const fixed = await terms()
  return {
    owner,
    views: contractViews(rpc, contract),
    nowS: async () => (await rpc.block('latest'))?.timestampS ?? 0,
    terms: async () => fixed,
    lastBatchTimeS: async () => asNumber(await read('lastBatchTime', [])),
    freezeState: async () => {
      const state = await read('freezeState', [])
      const frozenAtS = asNumber(state.frozenAt)
      return {
        frozenAtS,
        assetsQuote: asNumber(state.assets),
        claimedQuote: asNumber(state.claimed),
        payableAtS: frozenAtS === 0 ? 0 : frozenAtS + fixed.claimPeriodS,
      }
    },
    withdrawRequest: async (subaccount) => {
      const request = await read('withdrawRequest', [owner, subaccount])
      return {
        amountQuote: asNumber(request.amount),
        claimableAtS: asNumber(request.claimableAt),
      }
    },
    reduceRequest: async (subaccount, market) => {
      const request = await read('forceRequest', [owner, subaccount, market])
      const lots = asNumber(request.lots)
      return {
        lots,
        withdrawQuote: BigInt(request.withdraw),
        executableAtS: lots === 0 ? 0 : asNumber(request.requestedAt) + fixed.forceDelayS,
        isLong: request.isLong === true,
      }
    },
    claimOf: async (subaccount) => {
      const claim = await read('claimOf', [owner, subaccount])
      return {
        equityQuote: asNumber(claim.equity),
        registered: claim.registered === true,
        paid: claim.paid === true,
      }
    },
    owedQuote: async () => asNumber(await read('owed', [owner])),
    freeCollateralQuote: async (subaccount) => {
      try {
        return asNumber(await read('freeCollateral', [owner, subaccount]))
      } catch (error) {
        if (error instanceof ExitRefusedError && error.code === 'StalePrice') return undefined
        throw error
      }
    },
    slowMarkTicks: async (market) => asNumber(await read('slowMark', [market])),
    tokenBalanceQuote: async () => {
      const token = new Contract(await read('token', []), tokenAbi, signer)
      return asNumber(await token.getFunction('balanceOf').staticCall(owner))
    },
    send: async (call, values) => {
      try {
        const sent = await exchange.getFunction(call)(...values)
        const receipt = await sent.wait()
        if (receipt?.status !== 1) throw new Error(`${call} reverted in ${sent.hash}`)
        return sent.hash
      } catch (error) {
        throw refusalOf(error, exchangeInterface) ?? error
      }
    },
    close: () => connected.close(),
  }
}
