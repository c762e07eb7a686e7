//! Session keys out of the chain's logs: registered and revoked, in the order of the chain.
import type { Result } from 'ethers'
import { exchangeInterface, topicOf } from './exchange-interface.ts'
import type { Log, Rpc } from './rpc.ts'

/** A session key's terms as the contract logged them. Addresses are lowercase hex, amounts micro-USDC. */
export type ChainKeyTerms = {
  owner: string
  key: string
  subaccount: number
  allSubaccounts: boolean
  expiryS: number
  notionalQuote: bigint
  markets: bigint
  maxPositionLots: bigint
  maxOrderNotionalQuote: bigint
}
export type ChainKeyEvent =
  | ({ kind: 'registered'; blockNumber: number } & ChainKeyTerms)
  | { kind: 'revoked'; blockNumber: number; owner: string; key: string; expiryS: number }

/** The nodes do not tell the same: nothing of these blocks is believed until they do. */
export class KeyLogError extends Error {
  readonly code = 'KEY_NODES_DISAGREE'
  override readonly name = 'KeyLogError'
}

const lower = (value: unknown) => String(value).toLowerCase()

const big = (value: unknown) => BigInt(String(value))

/** The contract's `SessionKey` as its interface decodes it. */
export const keyTermsOf = (terms: Result): ChainKeyTerms => ({
  owner: lower(terms['owner']),
  key: lower(terms['key']),
  subaccount: Number(terms['subaccount']),
  allSubaccounts: terms['allSubaccounts'] === true,
  expiryS: Number(terms['expiry']),
  notionalQuote: big(terms['notional']),
  markets: big(terms['markets']),
  maxPositionLots: big(terms['maxPosition']),
  maxOrderNotionalQuote: big(terms['maxOrderNotional']),
})

const registeredOf = (log: Log): ChainKeyEvent => {
  const values = exchangeInterface.decodeEventLog('KeyRegistered', log.data, log.topics)
  return { kind: 'registered', blockNumber: log.blockNumber, ...keyTermsOf(values['terms']) }
}

const revokedOf = (log: Log): ChainKeyEvent => {
  const values = exchangeInterface.decodeEventLog('KeyRevoked', log.data, log.topics)
  const [owner, key] = [lower(values['owner']), lower(values['key'])]
  return {
    kind: 'revoked',
    blockNumber: log.blockNumber,
    owner,
    key,
    expiryS: Number(values['expiry']),
  }
}

/** A reader of `KeyRegistered` and `KeyRevoked` logs. */
export type KeyReader = {
  /**
   * What happened in these blocks, both ends included, in the order of the chain.
   *
   * @throws KeyLogError when the nodes do not tell the same
   */
  read(fromBlock: number, toBlock: number): Promise<ChainKeyEvent[]>
}

/** @param options.rpcs all of them must tell the same */
export const createKeyReader = (options: {
  rpcs: readonly [Rpc, ...Rpc[]]
  contract: string
}): KeyReader => {
  const { rpcs, contract: address } = options
  const readFrom = async (rpc: Rpc, fromBlock: number, toBlock: number) => {
    const logsOf = (name: 'KeyRegistered' | 'KeyRevoked') =>
      rpc.logs({ address, topics: [topicOf(name)], fromBlock, toBlock })
    const [registered, revoked] = await Promise.all([logsOf('KeyRegistered'), logsOf('KeyRevoked')])
    return [
      ...registered.map((log) => ({ log, event: registeredOf(log) })),
      ...revoked.map((log) => ({ log, event: revokedOf(log) })),
    ]
      .toSorted((a, b) => a.log.blockNumber - b.log.blockNumber || a.log.logIndex - b.log.logIndex)
      .map(({ event }) => event)
  }
  return {
    read: async (fromBlock, toBlock) => {
      const [primary, ...others] = rpcs
      const [events, ...opinions] = await Promise.all([
        readFrom(primary, fromBlock, toBlock),
        ...others.map((rpc) => readFrom(rpc, fromBlock, toBlock)),
      ])
      for (const opinion of opinions)
        if (told(opinion) !== told(events))
          throw new KeyLogError(
            `the nodes disagree about session keys of blocks ${fromBlock}-${toBlock}`,
          )
      return events
    },
  }
}

const told = (events: readonly ChainKeyEvent[]): string =>
  JSON.stringify(events, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
