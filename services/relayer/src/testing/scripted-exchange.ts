//! Sequencer and engine of a test: it says what happened, durably and in order, and takes the relayer's commands.
import {
  type ChainNotice,
  type Command,
  decodeCommand,
  type EventBody,
  encodeCommand,
  encodeEvent,
  type RejectCode,
  rejectCode,
} from '@plumb/model'
import type { CommandReply, FeedGroup } from '@plumb/runtime'
import { CommandError } from '@plumb/runtime'
import type { OpenFeed } from '../settle-feed.ts'

const refused = (code: RejectCode): EventBody => ({
  kind: 'CommandRejected',
  accountId: -1,
  market: -1,
  code,
  commandKind: 0,
  orderId: 0,
  limitValue: 0,
  clientOrderId: '',
})

const hexOf = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`

export class ScriptedExchange {
  readonly groups: FeedGroup[] = []
  readonly accountIds = new Map<string, number>()
  readonly confirmed: { batchNo: number; toSeq: number; txHash: string }[] = []
  depositId = 0
  creditedQuote = 0
  withdrawalsPaused = false
  /** Last command that did not come from the relayer. */
  askedSeq = 0
  /** Levels of every SetThrottle. */
  readonly throttles: number[] = []
  /** Session keys by address: when they end. */
  readonly keys = new Map<string, number>()
  /** Since when the oldest step waits, as the relayer told each time; 0: none did. */
  readonly unsettledSince: number[] = []
  /** What of the contract's log was followed. */
  readonly notices: ChainNotice[] = []
  /** The next answers that get lost on their way: the command counts all the same. */
  lostReplies = 0
  readonly #nowMs: () => number
  #wake: (() => void)[] = []

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  get headSeq(): number {
    return this.groups.at(-1)?.lastSeq ?? 0
  }

  /** One command and its events as a durable group of its own. */
  append(command: Command, bodies: readonly EventBody[]): number {
    const seq = this.headSeq + 1
    const timeMs = this.#nowMs()
    const events = bodies.map((body, leg) => encodeEvent({ seq, timeMs, leg, ...body }))
    this.groups.push({
      firstSeq: seq,
      lastSeq: seq,
      chainHash: new Uint8Array(32).fill(seq % 251),
      stateHash: { hi: seq, lo: 7 },
      entries: [
        { seq, command: encodeCommand(command, seq, timeMs), events: Buffer.concat(events) },
      ],
    })
    for (const wake of this.#wake.splice(0)) wake()
    this.askedSeq = seq
    return seq
  }

  readonly openFeed: OpenFeed = (fromSeq) => {
    const life = { open: true }
    const headSeq = () => this.headSeq
    return {
      get headSeq() {
        return headSeq()
      },
      close: () => {
        life.open = false
        for (const wake of this.#wake.splice(0)) wake()
        return Promise.resolve()
      },
      groups: () => this.#follow(fromSeq, life),
    }
  }

  async *#follow(fromSeq: number, life: { open: boolean }): AsyncGenerator<FeedGroup> {
    for (let seq = fromSeq; life.open; ) {
      const group = this.groups[seq - 1]
      if (group === undefined) await new Promise<void>((resolve) => this.#wake.push(resolve))
      else {
        yield group
        seq += 1
      }
    }
  }

  /** What the engine does with a command of the relayer. */
  readonly submit = async (bytes: Uint8Array): Promise<CommandReply> => {
    await new Promise((resolve) => setImmediate(resolve))
    const { command } = decodeCommand(bytes)
    const asked = this.askedSeq
    const seq = this.append(command, this.#decide(command))
    this.askedSeq = asked
    const entry = this.groups[seq - 1]?.entries[0]
    if (this.lostReplies > 0) {
      this.lostReplies -= 1
      throw new CommandError('OUTCOME_UNKNOWN')
    }
    return { seq, timeMs: this.#nowMs(), events: entry?.events ?? new Uint8Array() }
  }

  #decide(command: Command): EventBody[] {
    if (command.kind === 'CreditDeposit') return this.#credit(command)
    if (command.kind === 'SetWithdrawals') {
      this.withdrawalsPaused = command.paused === 1
      return [{ kind: 'WithdrawalsSwitched', paused: command.paused }]
    }
    if (command.kind === 'SetThrottle') {
      const { level, minNotionalQuote } = command
      this.throttles.push(level)
      return [{ kind: 'ThrottleSet', level, minNotionalQuote }]
    }
    if (command.kind === 'RegisterKey') {
      const key = hexOf(command.key)
      if (this.keys.has(key)) return [refused(rejectCode.KEY_USED)]
      this.keys.set(key, command.expiryS)
      return [{ ...command, kind: 'KeyRegistered' }]
    }
    if (command.kind === 'RevokeKey') {
      this.keys.set(hexOf(command.key), command.expiryS)
      return [{ ...command, kind: 'KeyRevoked', owner: new Uint8Array(20) }]
    }
    if (command.kind === 'ChainNotice') return this.#notice(command)
    if (command.kind !== 'ConfirmBatch') throw new RangeError(command.kind)
    const last = this.confirmed.at(-1)
    if (command.toSeq <= (last?.toSeq ?? 0)) return [refused(rejectCode.NOTHING_TO_CONFIRM)]
    const { batchNo, toSeq, gasUsed, blockNumber, txHash } = command
    this.confirmed.push({ batchNo, toSeq, txHash: hexOf(txHash) })
    return [{ kind: 'BatchConfirmed', batchNo, toSeq, gasUsed, blockNumber, txHash }]
  }

  #notice(command: ChainNotice): EventBody[] {
    const { noticeId, what, market, blockNumber, txHash } = command
    if (noticeId === 0) {
      this.unsettledSince.push(command.dueS ?? 0)
      return []
    }
    if (noticeId <= this.notices.length) return [refused(rejectCode.NOTICE_REPEATED)]
    if (noticeId > this.notices.length + 1) return [refused(rejectCode.NOTICE_GAP)]
    this.notices.push(command)
    const accountId = this.accountIds.get(`${hexOf(command.owner)}/${command.subaccount}`) ?? 0
    const { amountQuote = 0, lots = 0, dueS = 0, lane = 0, laneSeq = 0 } = command
    const told = { noticeId, what, market, amountQuote, lots, dueS, lane, laneSeq }
    return [{ kind: 'ChainNoticed', accountId, ...told, blockNumber, txHash }]
  }

  #credit(command: Extract<Command, { kind: 'CreditDeposit' }>): EventBody[] {
    const { depositId, amountQuote, owner, subaccount, blockNumber, txHash } = command
    if (depositId <= this.depositId) return [refused(rejectCode.DEPOSIT_REPEATED)]
    if (depositId > this.depositId + 1) return [refused(rejectCode.DEPOSIT_GAP)]
    this.depositId = depositId
    this.creditedQuote += amountQuote
    const key = `${hexOf(owner)}/${subaccount}`
    const known = this.accountIds.get(key)
    const accountId = known ?? this.accountIds.size + 1
    this.accountIds.set(key, accountId)
    const opened: EventBody[] =
      known === undefined ? [{ kind: 'AccountOpened', accountId, owner, subaccount }] : []
    const terms = { accountId, amountQuote, depositId, blockNumber, txHash, cashQuote: 0 }
    return [...opened, { kind: 'DepositCredited', ...terms }]
  }
}
