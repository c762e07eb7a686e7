//! The contract's own log, once final, to the engine in its order and exactly once: it refuses gaps and repeats.
import {
  createNoticeReader,
  type FinalitySource,
  hexBytes,
  type Notice,
  type NoticeCursor,
  type NoticeTerms,
  type Rpc,
  termsNotice,
} from '@plumb/chain'
import {
  decodeEvents,
  encodeCommand,
  noticeKind,
  rejectCode,
  rejectName,
  type Seq,
} from '@plumb/model'
import { type CommandClient, faultPoint, type Logger } from '@plumb/runtime'

/** The engine does not take a notice: nothing after it is followed, since ids are contiguous. */
class NoticeRefusedError extends Error {
  readonly code = 'NOTICE_REFUSED'
  readonly noticeId: number

  constructor(noticeId: number, refusal: string) {
    super(`the engine refuses notice ${noticeId}: ${refusal}`)
    this.name = 'NoticeRefusedError'
    this.noticeId = noticeId
  }
}

/** How far the log is followed, and where in the feed that is known, newest last: `blockNumber` whole by `seq`. */
export type NoticePlace = NoticeCursor & { followed: readonly { blockNumber: number; seq: Seq }[] }

export type ContractFollowerOptions = {
  rpcs: readonly [Rpc, ...Rpc[]]
  contract: string
  terms: NoticeTerms
  finality: FinalitySource
  commands: Pick<CommandClient, 'submit'>
  place: NoticePlace
  save: (place: NoticePlace) => Promise<void>
  logger: Logger
}

export type ContractFollower = {
  readonly place: NoticePlace
  /** Tells the engine what is final and new; answers how many. A failure leaves the place, the next call repeats. */
  step(): Promise<number>
}

const followedMax = 64
const saveBlocks = 50

const commandOf = (notice: Notice, backstop: string): Uint8Array =>
  encodeCommand({
    kind: 'ChainNotice',
    ...notice,
    owner: hexBytes(notice.owner),
    backstop: hexBytes(backstop),
    txHash: hexBytes(notice.txHash),
  })

/** How far settlement is behind: the engine liquidates nobody whose liquidation would come too late. */
export const settlementCommand = (unsettledSinceMs: number): Uint8Array => {
  const nobody = new Uint8Array(20)
  return encodeCommand({
    kind: 'ChainNotice',
    noticeId: 0,
    what: noticeKind.settlement,
    market: 0,
    subaccount: 0,
    owner: nobody,
    backstop: nobody,
    blockNumber: 0,
    txHash: new Uint8Array(32),
    dueS: unsettledSinceMs,
  })
}

/** @example setInterval(() => follower.step(), 1_000) */
export const createContractFollower = (options: ContractFollowerOptions): ContractFollower => {
  const { rpcs, contract, terms, finality, commands, save, logger } = options
  const reader = createNoticeReader({ rpcs, contract, terms })
  let place = options.place

  const tell = async (notice: Notice): Promise<Seq> => {
    const told = commands.submit(commandOf(notice, terms.backstop))
    faultPoint('relayer:notice-sent')
    const { seq, events } = await told
    faultPoint('relayer:notice-followed')
    const refusal = decodeEvents(events).find((event) => event.kind === 'CommandRejected')
    // Followed before a crash or an unanswered submit: done is done.
    if (refusal?.code === rejectCode.NOTICE_REPEATED) return seq
    if (refusal !== undefined)
      throw new NoticeRefusedError(notice.noticeId, rejectName(refusal.code))
    const { noticeId, what, owner, subaccount } = notice
    logger.info({ seq, noticeId, what, owner, subaccount }, 'notice followed')
    return seq
  }

  return {
    get place() {
      return place
    },
    step: async () => {
      const finalBlock = await finality.finalBlock()
      if (finalBlock === undefined || finalBlock <= place.blockNumber) return 0
      const first = place.noticeId === 0 ? [termsNotice(terms, place.blockNumber)] : []
      const from = { ...place, noticeId: Math.max(place.noticeId, 1) }
      const found = await reader.read(from, finalBlock)
      const notices = [...first, ...found.notices]
      // One after the other: a gap behind a failure would be refused, and its place in the feed is needed.
      let seq = 0
      for (const notice of notices) seq = await tell(notice)
      const { blockNumber } = found.cursor
      const isNews = notices.length > 0
      const followed = isNews
        ? [...place.followed, { blockNumber, seq }].slice(-followedMax)
        : place.followed
      const next = { ...found.cursor, followed }
      if (isNews || blockNumber - place.blockNumber >= saveBlocks) {
        await save(next)
        faultPoint('relayer:notices-saved')
      }
      place = next
      return notices.length
    },
  }
}
