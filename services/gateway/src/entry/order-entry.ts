//! The road of a request that changes something: checks, signature, sequencer, answer once the view shows it.

import {
  bytesHex,
  compactSignature,
  hexBytes,
  type Recovered,
  scaleE8,
  type VerifyPool,
} from '@plumb/chain'
import {
  closeReason,
  decodeEvents,
  type EngineEvent,
  type Side,
  timeInForce,
  timeInForceOf,
} from '@plumb/model'
import {
  type CancelAllReply,
  type OrderReply,
  type OrderRequest,
  PlumbError,
  type WithdrawalReply,
  type WithdrawalRequest,
} from '@plumb/protocol'
import {
  type Clock,
  type CommandClient,
  CommandError,
  type CommandReply,
  faultPoint,
} from '@plumb/runtime'
import type { Origin, TrafficGuard } from '../guard/traffic-guard.ts'
import type { AccountView, FillView } from '../view/account-view.ts'
import { catchingUp } from '../view/catching-up.ts'
import type { ExchangeView } from '../view/exchange-view.ts'
import type { MarketView } from '../view/market-view.ts'
import { newOrder, type OrderView } from '../view/order-view.ts'
import type { PublicObjects } from '../view/public-objects.ts'
import { CommandEncoder } from './command-encoder.ts'
import {
  type AdmittedOrder,
  admitOrder,
  checkAmount,
  checkExpiry,
  checkLane,
  fundedAccount,
  marketOf,
  orderIdOf,
  sideFilter,
} from './order-checks.ts'
import { type Release, unordered } from './ordered-release.ts'
import { rejectError } from './reject-error.ts'

/** Longest wait for the sequencer's answer; then the outcome is open (TIMEOUT). */
const ANSWER_TIMEOUT_MS = 8_000
/** Longest wait for the gateway's own view to show what was acknowledged. */
const VIEW_TIMEOUT_MS = 1_000
/** Unverified signatures beyond which new orders are turned away; cancels still pass. */
const VERIFY_QUEUE_MAX = 4_096

export type OrderEntryParts = {
  view: ExchangeView
  objects: PublicObjects
  commands: CommandClient
  pool: VerifyPool
  guard: TrafficGuard
  clock: Clock
  /** Whether the view has caught up, so that its answers may be trusted. */
  ready: () => boolean
  /** Counts answers by code (`ok` for success) and their latency. */
  answered: (op: string, code: string, seconds: number) => void
}
/** Names an order to cancel. */
export type CancelTarget = { orderId: string } | { clientOrderId: string }
export type CancelAllFilter = { market?: string | undefined; side?: 'buy' | 'sell' | undefined }

export class OrderEntry {
  readonly #parts: OrderEntryParts
  readonly #encoder = new CommandEncoder()

  constructor(parts: OrderEntryParts) {
    this.#parts = parts
  }

  /** Places an order, or amends the one named. Throws PlumbError. */
  place(
    request: OrderRequest,
    origin: Origin,
    amends?: string,
    release: Release = unordered,
  ): Promise<OrderReply> {
    return this.#measured(amends === undefined ? 'place' : 'edit', async () => {
      const verified = this.#verifiedOrder(request, origin, amends)
      const answer = await release.run(verified, ({ command, market }) =>
        this.#submit(command(), market),
      )
      const { digest } = await verified
      return this.#orderReply(answer, request, digest)
    })
  }

  /** Cancels one order of an account that the caller is signed in for. Throws PlumbError. */
  cancel(
    owner: string,
    subaccount: number,
    target: CancelTarget,
    release: Release = unordered,
  ): Promise<OrderReply> {
    return this.#measured('cancel', async () => {
      const prepared = this.#prepareCancel(owner, subaccount, target)
      const reply = await release.run(prepared, ({ command }) => this.#submit(command(), undefined))
      const { account } = await prepared
      await this.#shown(reply.seq)
      const closed = eventOf(reply.events, 'OrderClosed')
      const order = closed === undefined ? undefined : account.order(closed.orderId)
      if (order === undefined) throw new PlumbError('TIMEOUT')
      return { order: this.#parts.objects.order(order), fills: [], seq: reply.seq }
    })
  }

  /** Cancels all orders of an account, in one market or on one side if asked. Throws PlumbError. */
  cancelAll(
    owner: string,
    subaccount: number,
    filter: CancelAllFilter,
    release: Release = unordered,
  ): Promise<CancelAllReply> {
    return this.#measured('cancel_all', async () => {
      const prepared = this.#prepareCancelAll(owner, subaccount, filter)
      const reply = await release.run(prepared, ({ command }) => this.#submit(command(), undefined))
      const { account } = await prepared
      await this.#shown(reply.seq)
      const orders = reply.events.flatMap((event) => {
        const order = event.kind === 'OrderClosed' ? account.order(event.orderId) : undefined
        return order === undefined ? [] : [this.#parts.objects.order(order)]
      })
      return { orders, seq: reply.seq }
    })
  }

  /** Requests a signed withdrawal. Throws PlumbError. */
  withdraw(request: WithdrawalRequest, origin: Origin): Promise<WithdrawalReply> {
    return this.#measured('withdraw', async () => {
      const { command, account } = await this.#verifiedWithdrawal(request, origin)
      const reply = await this.#submit(command, undefined)
      await this.#shown(reply.seq)
      const withdrawal = account.withdrawals.findLast((w) => w.withdrawalId === reply.seq)
      if (withdrawal === undefined) throw new PlumbError('TIMEOUT')
      const { objects } = this.#parts
      return { withdrawal: objects.withdrawal(account, withdrawal), seq: reply.seq }
    })
  }

  async #verifiedOrder(request: OrderRequest, origin: Origin, amends: string | undefined) {
    const { view, guard, clock, pool } = this.#parts
    const nowMs = clock.nowMs()
    guard.order(request.account, origin, nowMs)
    this.#requireReady()
    const admitted = admitOrder(view, request, nowMs)
    const orderId = amends === undefined ? 0 : orderIdOf(amends)
    if (pool.queued > VERIFY_QUEUE_MAX) throw new PlumbError('OVERLOADED')
    const signature = hexBytes(request.signature)
    const job = pool.recoverOrderSigner(signedFields(request, admitted), signature)
    const signed = await this.#signedBy(request.account, signature, job, origin)
    faultPoint('gateway:order-verified')
    const { account, market, priceTicks, sizeLots, flags, selfTrade } = admitted
    const order = {
      accountId: account.accountId,
      market: market.definition.market,
      side: sideOf(request),
      flags,
      priceTicks,
      sizeLots,
      maxFee: request.maxFee,
      lane: request.lane,
      laneSeq: request.seq,
      expiryS: request.expiry,
      selfTrade,
      clientOrderId: request.clientOrderId ?? '',
      orderId,
      signer: signed.signer,
      signature: signed.signature,
    }
    return { command: () => this.#encoder.order(order), market, digest: signed.digest }
  }

  async #verifiedWithdrawal(request: WithdrawalRequest, origin: Origin) {
    const { view, guard, clock, pool } = this.#parts
    const nowMs = clock.nowMs()
    guard.order(request.account, origin, nowMs)
    this.#requireReady()
    checkLane(request.lane)
    checkExpiry(view, request.expiry, nowMs)
    const amountQuote = checkAmount(request.amount)
    const { subaccount, lane, seq, expiry } = request
    const account = fundedAccount(view, request.account, subaccount)
    const signature = hexBytes(request.signature)
    const fields = { subaccount, amount: amountQuote, lane, seq, expiry }
    const job = pool.recoverWithdrawSigner(fields, signature)
    const signed = await this.#signedBy(request.account, signature, job, origin)
    const command = this.#encoder.withdrawal({
      accountId: account.accountId,
      amountQuote,
      lane,
      laneSeq: seq,
      expiryS: expiry,
      signer: signed.signer,
      signature: signed.signature,
    })
    return { command, account }
  }

  async #prepareCancel(owner: string, subaccount: number, target: CancelTarget) {
    const account = this.#admitCancel(owner, subaccount)
    const orderId = 'orderId' in target ? orderIdOf(target.orderId) : 0
    const clientOrderId = 'clientOrderId' in target ? target.clientOrderId : ''
    const command = () => this.#encoder.cancel(account.accountId, orderId, clientOrderId)
    return { account, command }
  }

  async #prepareCancelAll(owner: string, subaccount: number, filter: CancelAllFilter) {
    const account = this.#admitCancel(owner, subaccount)
    const market =
      filter.market === undefined ? -1 : marketOf(this.#parts.view, filter.market).definition.market
    const side = sideFilter(filter.side)
    return { account, command: () => this.#encoder.cancelAll(account.accountId, market, side) }
  }

  #admitCancel(owner: string, subaccount: number): AccountView {
    const { view, guard, clock } = this.#parts
    guard.cancel(owner, clock.nowMs())
    this.#requireReady()
    return fundedAccount(view, owner, subaccount)
  }

  #requireReady(): void {
    if (!this.#parts.ready()) throw catchingUp()
  }

  /** Signer and compact signature, once it is certain that the named account made it. */
  async #signedBy(
    account: string,
    signature: Uint8Array,
    job: Promise<Recovered | null>,
    origin: Origin,
  ): Promise<Recovered & { signature: Uint8Array }> {
    const recovered = await job.catch(() => {
      throw new PlumbError('OVERLOADED') // the pool is closing: nothing was sequenced
    })
    const compact = recovered === null ? null : compactSignature(signature)
    if (
      recovered === null ||
      compact === null ||
      bytesHex(recovered.signer) !== account.toLowerCase()
    ) {
      this.#parts.guard.badSignature(origin, this.#parts.clock.nowMs())
      throw new PlumbError('BAD_SIGNATURE', { field: 'signature' })
    }
    return { ...recovered, signature: compact }
  }

  /** The durable answer of the sequencer; a refusal of the engine as PlumbError. */
  async #submit(command: Uint8Array, market: MarketView | undefined): Promise<Answer> {
    const submitted = this.#parts.commands.submit(command)
    faultPoint('gateway:command-sent')
    const reply = await withDeadline(submitted)
    faultPoint('gateway:command-durable')
    const events = decodeEvents(reply.events)
    const rejected = eventOf(events, 'CommandRejected')
    if (rejected !== undefined) {
      await this.#shown(reply.seq)
      throw rejectError(rejected, market?.definition)
    }
    return { seq: reply.seq, timeMs: reply.timeMs, events }
  }

  /** Waits until reads would show the command; a feed that lags does not hold the answer for long. */
  #shown(seq: number): Promise<boolean> {
    return this.#parts.view.reached(seq, VIEW_TIMEOUT_MS, this.#parts.clock.nowMs())
  }

  async #orderReply(
    answer: Answer,
    request: OrderRequest,
    digest: Uint8Array,
  ): Promise<OrderReply> {
    const { view, objects } = this.#parts
    const account = fundedAccount(view, request.account, request.subaccount)
    const shown = this.#shown(answer.seq)
    const placed = eventOf(answer.events, 'OrderPlaced')
    if (placed !== undefined) {
      const market = marketOf(view, request.market)
      const { order, fills } = replayOrder(placed, answer, account, market)
      order.digest = bytesHex(digest)
      await shown
      if (order.filledLots === 0 && foundNothing(order)) throw new PlumbError('NOT_FILLABLE')
      return {
        order: objects.order(order),
        fills: fills.map((fill) => objects.fill(account, fill)),
        seq: answer.seq,
      }
    }
    const changed =
      eventOf(answer.events, 'OrderAmended') ?? eventOf(answer.events, 'DuplicateRequest')
    await shown
    const order = changed === undefined ? undefined : account.order(changed.orderId)
    if (order === undefined) throw new PlumbError('TIMEOUT')
    const repeated = changed?.kind === 'DuplicateRequest'
    const fills = account.fills.filter(
      (fill) => fill.orderId === order.orderId && (repeated || fill.seq === answer.seq),
    )
    return {
      order: objects.order(order),
      fills: fills.map((fill) => objects.fill(account, fill)),
      seq: answer.seq,
    }
  }

  async #measured<T>(op: string, run: () => Promise<T>): Promise<T> {
    const { clock, answered } = this.#parts
    const start = clock.monotonicMs()
    const done = (code: string) => {
      answered(op, code, (clock.monotonicMs() - start) / 1_000)
    }
    try {
      faultPoint('gateway:request-taken')
      const result = await run()
      faultPoint('gateway:request-answered')
      done('ok')
      return result
    } catch (error) {
      const failure = publicError(error)
      done(failure.code)
      throw failure
    }
  }
}

type Answer = { seq: number; timeMs: number; events: EngineEvent[] }

/** The sequencer did not answer in time. */
class AnswerTimeout extends Error {}

function withDeadline(reply: Promise<CommandReply>): Promise<CommandReply> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new AnswerTimeout())
    }, ANSWER_TIMEOUT_MS)
    reply.then(resolve, reject).finally(() => {
      clearTimeout(timer)
    })
  })
}

/** What the transport did, in public words: only a command that surely was not sequenced may be called failed. */
function publicError(error: unknown): PlumbError {
  if (error instanceof PlumbError) return error
  if (error instanceof AnswerTimeout) return new PlumbError('TIMEOUT')
  if (error instanceof CommandError) {
    if (error.code === 'OUTCOME_UNKNOWN') return new PlumbError('TIMEOUT')
    if (error.code === 'OVERLOADED') return new PlumbError('OVERLOADED', { retryAfter: 100 })
    if (error.code === 'UNAVAILABLE') return new PlumbError('UNAVAILABLE', { retryAfter: 1_000 })
  }
  throw error // a bug: the edge answers INTERNAL and logs it
}

function eventOf<K extends EngineEvent['kind']>(
  events: readonly EngineEvent[],
  kind: K,
): Extract<EngineEvent, { kind: K }> | undefined {
  const isKind = (event: EngineEvent): event is Extract<EngineEvent, { kind: K }> =>
    event.kind === kind
  return events.find(isKind)
}

function sideOf(request: OrderRequest): Side {
  return request.side === 'buy' ? 0 : 1
}

function signedFields(request: OrderRequest, admitted: AdmittedOrder) {
  const { definition } = admitted.market
  return {
    market: definition.market,
    subaccount: request.subaccount,
    side: sideOf(request),
    flags: admitted.flags,
    kind: 0,
    price: scaleE8(admitted.priceTicks, definition.tickE8),
    size: scaleE8(admitted.sizeLots, definition.lotE8),
    trigger: 0,
    maxFee: request.maxFee,
    lane: request.lane,
    seq: request.seq,
    expiry: request.expiry,
  }
}

/** The order and its fills as this one command left them, whatever has happened since. */
function replayOrder(
  placed: Extract<EngineEvent, { kind: 'OrderPlaced' }>,
  { events, seq, timeMs }: Answer,
  account: AccountView,
  market: MarketView,
): { order: OrderView; fills: FillView[] } {
  const order = newOrder(placed, timeMs, account, market)
  const fills: FillView[] = []
  for (const event of events) {
    if (event.kind === 'TradeExecuted' && event.takerOrderId === order.orderId) {
      order.filledLots += event.sizeLots
      order.remainingLots = event.takerRemainingLots
      order.filledQuote += event.quote
      order.feeQuote += event.takerFeeQuote
      order.lastTradeAtMs = timeMs
      const { tradeId, priceTicks, sizeLots, quote } = event
      const { orderId, clientOrderId, side } = order
      fills.push({
        market,
        tradeId,
        seq,
        leg: event.leg,
        timeMs,
        orderId,
        clientOrderId,
        side,
        liquidity: 'taker',
        priceTicks,
        sizeLots,
        quote,
        feeQuote: event.takerFeeQuote,
        fee: event.takerFee,
        realizedQuote: event.takerRealizedQuote,
      })
      if (order.remainingLots === 0) order.closeReason = closeReason.filled
    }
    if (event.kind === 'OrderClosed' && event.orderId === order.orderId)
      order.closeReason = event.reason
  }
  return { order, fills }
}

/** An immediate order that closed because nothing matched it. */
function foundNothing({ flags, closeReason: reason }: OrderView): boolean {
  const tif = timeInForceOf(flags)
  return (
    (tif === timeInForce.ioc && reason === closeReason.ioc) ||
    (tif === timeInForce.fok && reason === closeReason.fok)
  )
}
