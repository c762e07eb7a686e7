//! What owners asked for on-chain, and what was done outside of batches: the contract's log, numbered in its order.
import { noticeKind } from '@plumb/model'
import { exchangeInterface, topicOf } from './exchange-interface.ts'
import type { Log, Rpc } from './rpc.ts'

/** A notice as the engine takes it; addresses are 0x-hex, amounts micro-USDC, times block seconds. */
export type Notice = {
  noticeId: number
  what: (typeof noticeKind)[keyof typeof noticeKind]
  owner: string
  subaccount: number
  market: number
  amountQuote: number
  lots: number
  priceTicks: number
  feeQuote: number
  fundingIndex: number
  leftQuote: number
  dueS: number
  lane: number
  laneSeq: number
  feePpm: number
  isLong: number
  blockNumber: number
  txHash: string
}

/** How far the log has been read: everything up to `blockNumber`, the last one being `noticeId`. */
export type NoticeCursor = { noticeId: number; blockNumber: number }

/** The nodes tell different logs: nothing is followed until an operator has looked. */
export class NoticeLogError extends Error {
  readonly code = 'NOTICE_NODES_DISAGREE'
  readonly blockNumber: number

  constructor(blockNumber: number) {
    super(`the nodes disagree about the contract's log at block ${blockNumber}`)
    this.name = 'NoticeLogError'
    this.blockNumber = blockNumber
  }
}

/** What the numbers of the log are read by: the deployment's terms. */
export type NoticeTerms = {
  backstop: string
  directDelayS: number
  forceDelayS: number
  forceFeePpm: number
}

const names = [
  'WithdrawRequested',
  'WithdrawClaimed',
  'ReduceRequested',
  'Reduced',
  'FlaggedTakenOver',
  'LaneCancelRequested',
  'AllCancelRequested',
  'PauseScheduled',
  'PauseEnded',
  'MarginsSet',
] as const
type Name = (typeof names)[number]

const nobody = `0x${'0'.repeat(40)}`
const blank: Omit<Notice, 'what' | 'noticeId' | 'blockNumber' | 'txHash'> = {
  owner: nobody,
  subaccount: 0,
  market: 0,
  amountQuote: 0,
  lots: 0,
  priceTicks: 0,
  feeQuote: 0,
  fundingIndex: 0,
  leftQuote: 0,
  dueS: 0,
  lane: 0,
  laneSeq: 0,
  feePpm: 0,
  isLong: 0,
}

/** The first notice: the terms themselves. */
export const termsNotice = (terms: NoticeTerms, blockNumber: number): Notice => ({
  ...blank,
  noticeId: 1,
  what: noticeKind.terms,
  feePpm: terms.forceFeePpm,
  blockNumber,
  txHash: `0x${'0'.repeat(64)}`,
})

// An owner may ask for more than there is money: what is beyond exact integers means "all" just as well.
const amount = (value: unknown): number => {
  const big = BigInt(String(value))
  const most = BigInt(Number.MAX_SAFE_INTEGER)
  return Number(big > most ? most : big)
}

type Values = Record<string, unknown>
const readers: Record<Name, (values: Values, terms: NoticeTerms) => Partial<Notice>> = {
  WithdrawRequested: (v, { backstop }) => ({
    what: noticeKind.withdrawRequested,
    amountQuote: amount(v['amount']),
    dueS: String(v['owner']).toLowerCase() === backstop ? 0 : amount(v['claimableAt']),
  }),
  WithdrawClaimed: (v) => ({
    what: noticeKind.withdrawClaimed,
    amountQuote: amount(v['amount']),
    leftQuote: amount(v['stillRequested']),
  }),
  ReduceRequested: (v, { directDelayS, forceDelayS }) => ({
    what: noticeKind.reduceRequested,
    market: amount(v['market']),
    lots: amount(v['lots']),
    amountQuote: amount(v['withdraw']),
    dueS: Math.max(0, amount(v['executableAt']) - forceDelayS + directDelayS),
    isLong: v['isLong'] === true ? 1 : 0,
  }),
  Reduced: (v) => ({
    what: noticeKind.reduced,
    market: amount(v['market']),
    lots: Number(v['lots']),
    priceTicks: amount(v['price']),
    feeQuote: amount(v['fee']),
    amountQuote: amount(v['paid']),
    leftQuote: amount(v['stillRequested']),
    fundingIndex: Number(v['fundingIndex']),
  }),
  // Its sign is the size's: who gives a long position away is paid.
  FlaggedTakenOver: (v) => ({
    what: noticeKind.takenOver,
    market: amount(v['market']),
    lots: Number(v['size']),
    priceTicks: amount(v['mark']),
    amountQuote: Math.abs(Number(v['quote'])),
    fundingIndex: Number(v['fundingIndex']),
  }),
  LaneCancelRequested: (v) => ({
    what: noticeKind.laneCancelled,
    lane: amount(v['lane']),
    laneSeq: amount(v['seq']),
  }),
  AllCancelRequested: (v) => ({
    what: noticeKind.allCancelled,
    laneSeq: amount(v['minSeq']),
  }),
  PauseScheduled: (v) => ({ what: noticeKind.pauseScheduled, dueS: amount(v['until']) }),
  PauseEnded: () => ({ what: noticeKind.pauseEnded }),
  MarginsSet: (v) => ({
    what: noticeKind.marginsSet,
    market: amount(v['market']),
    lane: amount(v['imBps']),
    laneSeq: amount(v['mmBps']),
  }),
}

const noticeOf = (log: Log, noticeId: number, terms: NoticeTerms): Notice => {
  const parsed = exchangeInterface.parseLog({ topics: [...log.topics], data: log.data })
  const name = names.find((one) => one === parsed?.name)
  if (parsed === null || name === undefined) throw new RangeError(`no notice: ${parsed?.name}`)
  const values: Values = parsed.args.toObject()
  const owner = 'owner' in values ? String(values['owner']).toLowerCase() : nobody
  const subaccount = Number(values['subaccount'] ?? 0)
  const { blockNumber, txHash } = log
  const read = readers[name](values, terms)
  const what = read.what ?? noticeKind.terms
  return { ...blank, owner, subaccount, ...read, what, noticeId, blockNumber, txHash }
}

const byPlace = (a: Log, b: Log) => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex

const isSame = (a: Log | undefined, b: Log | undefined) =>
  a?.blockNumber === b?.blockNumber &&
  a?.txHash === b?.txHash &&
  a?.logIndex === b?.logIndex &&
  a?.data === b?.data &&
  a?.topics.join() === b?.topics.join()

/** A reader of what the engine has to follow. */
export type NoticeReader = {
  /**
   * Notices after `cursor` up to `finalBlock` (or a bounded piece of it), in the log's order, and the cursor after them.
   *
   * @throws NoticeLogError when the nodes tell different logs
   */
  read(
    cursor: NoticeCursor,
    finalBlock: number,
  ): Promise<{ notices: Notice[]; cursor: NoticeCursor }>
}

export type NoticeReaderOptions = {
  rpcs: readonly [Rpc, ...Rpc[]]
  contract: string
  terms: NoticeTerms
  blocksMax?: number
}

/** What a call outside of batches has moved. */
export type OutsideMove = {
  owner: string
  subaccount: number
  /** Paid out of the contract, micro-USDC. */
  paidQuote: number
  /** Subaccount of the backstop's owner that has taken lots of the account; undefined when no position moved. */
  backstopSubaccount: number | undefined
  blockNumber: number
}

const movedOf = ({ owner, subaccount, amountQuote, what, market, blockNumber }: Notice) => {
  const account = { owner, subaccount, blockNumber }
  if (what === noticeKind.takenOver)
    return { ...account, paidQuote: 0, backstopSubaccount: market + 1 }
  const backstopSubaccount = what === noticeKind.reduced ? 0 : undefined
  return { ...account, paidQuote: amountQuote, backstopSubaccount }
}

/** Logs that move money or positions outside of batches, of all owners. */
export const outsideLogs = async (
  rpc: Rpc,
  contract: string,
  { fromBlock, toBlock }: { fromBlock: number; toBlock: number },
): Promise<OutsideMove[]> => {
  const topics = [['WithdrawClaimed', 'Reduced', 'FlaggedTakenOver'].map(topicOf)]
  const logs = await rpc.logs({ address: contract, topics, fromBlock, toBlock })
  const terms = { backstop: nobody, directDelayS: 0, forceDelayS: 0, forceFeePpm: 0 }
  return logs.toSorted(byPlace).map((log) => movedOf(noticeOf(log, 0, terms)))
}

/** @example const { notices } = await createNoticeReader({ rpcs, contract, terms }).read(cursor, finalBlock) */
export const createNoticeReader = (options: NoticeReaderOptions): NoticeReader => {
  const { rpcs, contract, terms, blocksMax = 5_000 } = options
  const topics = [names.map(topicOf)]
  const readFrom = async (rpc: Rpc, fromBlock: number, toBlock: number) =>
    (await rpc.logs({ address: contract, topics, fromBlock, toBlock })).toSorted(byPlace)
  return {
    read: async (cursor, finalBlock) => {
      const fromBlock = cursor.blockNumber + 1
      const toBlock = Math.min(finalBlock, cursor.blockNumber + blocksMax)
      if (toBlock < fromBlock) return { notices: [], cursor }
      const [primary, ...others] = rpcs
      const [logs, ...opinions] = await Promise.all([
        readFrom(primary, fromBlock, toBlock),
        ...others.map((rpc) => readFrom(rpc, fromBlock, toBlock)),
      ])
      for (const opinion of opinions)
        for (let i = 0; i < Math.max(opinion.length, logs.length); i++)
          if (!isSame(opinion[i], logs[i]))
            throw new NoticeLogError((logs[i] ?? opinion[i])?.blockNumber ?? toBlock)
      const notices = logs.map((log, i) => noticeOf(log, cursor.noticeId + 1 + i, terms))
      return {
        notices,
        cursor: { noticeId: cursor.noticeId + notices.length, blockNumber: toBlock },
      }
    },
  }
}
