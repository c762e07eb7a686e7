//! The road of an order: checks, signature, sequencer, answer once the view shows it.

import {
  bytesHex,
  compactSignature,
  hexBytes,
  type OrderFields,
  type Recovered,
  type SignerWaiter,
  scaleE8,
} from '@plumb/chain'
import { orderKind, orderOption, type PlaceAdvancedOrder, type Side } from '@plumb/model'
import {
  type OrderReply,
  type OrderRequest,
  PlumbError,
  signedKindOf,
  validateOrder,
} from '@plumb/protocol'
import { faultPoint } from '@plumb/runtime'
import type { Origin } from '../guard/traffic-guard.ts'
import type { AccountView } from '../view/account-view.ts'
import type { OrderView } from '../view/order-view.ts'
import { Asking, ReplyList, type ReplySink } from './asking.ts'
import { CommandEncoder } from './command-encoder.ts'
import {
  type AdmittedOrder,
  admitOrder,
  fundedAccount,
  marketOf,
  orderIdOf,
  sideFilter,
} from './order-checks.ts'
import { stage } from './order-stages.ts'
import { advancedTerms, amendedTrigger, isAdvanced } from './order-terms.ts'
import { type Release, unordered } from './ordered-release.ts'
import { foundNothing, replayOrder } from './replay-order.ts'
import { type Answer, eventOf, poolClosed, type Submission } from './submission.ts'

/** Names an order to cancel. */
export type CancelTarget = { orderId: string } | { clientOrderId: string }
export type CancelAllFilter = { market?: string | undefined; side?: 'buy' | 'sell' | undefined }

type Placing = {
  request: OrderRequest
  origin: Origin
  /** The order to amend, if it is no new one. */
  amends: string | undefined
}

const encoder = new CommandEncoder()

/** Every request is answered through its sink; what is wrong at the door at once, all else in time. */
export class OrderEntry {
  readonly #submission: Submission

  constructor(submission: Submission) {
    this.#submission = submission
  }

  /** Places an order, or amends the one named; replies with `OrderReply`. */
  place(
    request: OrderRequest,
    origin: Origin,
    sink: ReplySink,
    amends?: string,
    release: Release = unordered,
  ): void {
    const placement = new Placement(this.#submission, { request, origin, amends }, sink, release)
    placement.start()
  }

  /** Cancels one order of an account that the caller is signed in for; replies with `OrderReply`. */
  cancel(
    owner: string,
    subaccount: number,
    target: CancelTarget,
    sink: ReplySink,
    release: Release = unordered,
    origin?: Origin,
  ): void {
    const cancel = new Cancel(this.#submission, target, sink)
    cancel.start(owner, subaccount, release, origin)
  }

  /** Judges and places each of several orders, in the order given; replies with `OrderBatchReply`. */
  placeAll(
    bodies: readonly unknown[],
    origin: Origin,
    requestId: string | undefined,
    sink: ReplySink,
    release: Release = unordered,
  ): void {
    const replies = new ReplyList(bodies.length, requestId, sink)
    for (const [place, body] of bodies.entries()) {
      const item = replies.item(place)
      const order = validateOrder(body)
      if (order.ok) this.place(order.value, origin, item, undefined, release)
      else item.failed(order.error)
    }
  }

  /** Cancels several orders; each has its own outcome. Replies with `CancelBatchReply`. */
  cancelBatch(
    owner: string,
    subaccount: number,
    targets: readonly CancelTarget[],
    requestId: string | undefined,
    sink: ReplySink,
    release: Release = unordered,
  ): void {
    const replies = new ReplyList(targets.length, requestId, sink)
    for (const [place, target] of targets.entries())
      this.cancel(owner, subaccount, target, replies.item(place), release)
  }

  /** Cancels all orders of an account, in one market or on one side if asked; replies with `CancelAllReply`. */
  cancelAll(
    owner: string,
    subaccount: number,
    filter: CancelAllFilter,
    sink: ReplySink,
    release: Release = unordered,
    origin?: Origin,
  ): void {
    const cancel = new CancelAll(this.#submission, filter, sink)
    cancel.start(owner, subaccount, release, origin)
  }
}

/** A signed order on its way. */
class Placement extends Asking implements SignerWaiter {
  readonly #submission: Submission
  readonly #placing: Placing
  readonly #release: Release
  #admitted: AdmittedOrder | undefined
  #fields: OrderFields | undefined
  #terms: ReturnType<typeof advancedTerms> | null = null
  #advanced: PlaceAdvancedOrder | null = null
  #signature: Uint8Array | null = null
  #signed: Recovered | undefined
  /** When the stage it is in began. */
  #sinceMs: number

  constructor(submission: Submission, placing: Placing, sink: ReplySink, release: Release) {
    super(submission, placing.amends === undefined ? 'place' : 'edit', sink)
    this.#submission = submission
    this.#placing = placing
    this.#release = release
    this.#sinceMs = this.startMs
  }

  start(): void {
    let signature: Uint8Array
    try {
      signature = this.#admit()
    } catch (error) {
      this.failed(error)
      return
    }
    this.#release.enter(this)
    try {
      this.#submission.parts.pool.recoverOrder(this.#known(this.#fields), signature, this)
    } catch (error) {
      // Its turn must come all the same: others stand behind it.
      this.refusal = error
      this.#release.ready(this)
    }
  }

  /** Everything that can be refused without the engine but the signature. */
  #admit(): Uint8Array {
    const { request, origin, amends } = this.#placing
    const { view, guard, clock } = this.#submission.parts
    const nowMs = clock.nowMs()
    guard.order(request.account, request.reduceOnly, origin, nowMs)
    this.#submission.requireReady()
    const admitted = admitOrder(view, request, nowMs)
    const { definition } = admitted.market
    const isNew = amends === undefined
    if (!isNew) orderIdOf(amends)
    this.#terms = isNew && isAdvanced(request) ? advancedTerms(request, definition) : null
    const triggerTicks = isNew
      ? (this.#terms?.triggerTicks ?? 0)
      : amendedTrigger(request, definition)
    this.#submission.requireRoom()
    const signature = hexBytes(request.signature)
    this.#fields = signedFields(request, admitted, signedKindOf(request), triggerTicks)
    this.#admitted = admitted
    this.market = definition
    this.#triggerTicks = triggerTicks
    this.#signature = signature
    return signature
  }

  #triggerTicks = 0

  recovered(recovered: Recovered | null): void {
    this.#passed(stage.verify)
    try {
      const { account } = this.#known(this.#admitted)
      const { request, origin } = this.#placing
      const signer = request.signer === undefined ? account.owner : hexBytes(request.signer)
      this.#signed = this.#submission.requireSigner(signer, recovered, origin)
      faultPoint('gateway:order-verified')
    } catch (error) {
      this.refusal = error
    }
    this.#release.ready(this)
  }

  poolFailed(): void {
    this.refusal = poolClosed()
    this.#release.ready(this)
  }

  #passed(place: number): void {
    const { stages, clock } = this.#submission.parts
    const nowMs = clock.monotonicMs()
    stages.took(place, nowMs - this.#sinceMs)
    this.#sinceMs = nowMs
  }

  protected override command(): Uint8Array {
    this.#passed(stage.turn)
    const { request, amends } = this.#placing
    const { account, market, priceTicks, sizeLots, flags, selfTrade } = this.#known(this.#admitted)
    const signature = compactSignature(this.#known(this.#signature ?? undefined))
    if (signature === null) throw new PlumbError('BAD_SIGNATURE', { field: 'signature' })
    const order = {
      accountId: account.accountId,
      market: market.definition.market,
      side: sideOf(request),
      flags,
      orderKind: signedKindOf(request),
      priceTicks,
      sizeLots,
      triggerTicks: this.#triggerTicks,
      maxFee: request.maxFee,
      lane: request.lane,
      laneSeq: request.seq,
      expiryS: request.expiry,
      selfTrade,
      clientOrderId: request.clientOrderId ?? '',
      signer: this.#known(this.#signed).signer,
      signature,
    }
    if (this.#terms !== null) {
      this.#advanced = { kind: 'PlaceAdvancedOrder', orderId: 0, ...order, ...this.#terms }
      return encoder.advanced(this.#advanced)
    }
    const orderId = amends === undefined ? 0 : orderIdOf(amends)
    const options = orderId === 0 && request.type === 'market' ? orderOption.market : 0
    return encoder.order(order, orderId, options)
  }

  protected override replyTo(answer: Answer): string {
    const { account, market } = this.#known(this.#admitted)
    const placed = eventOf(answer.events, 'OrderPlaced')
    if (placed === undefined) return this.#changeReply(account, answer)
    const isMarketOrder = this.#placing.request.type === 'market'
    const { order, fills } = replayOrder(
      placed,
      answer,
      account,
      market,
      this.#advanced,
      isMarketOrder,
    )
    order.digest = bytesHex(this.#known(this.#signed).digest)
    order.signer = this.#placing.request.signer?.toLowerCase() ?? null
    remember(account.order(order.orderId), order)
    if (foundNothing(order)) throw new PlumbError('NOT_FILLABLE')
    const { objects } = this.#submission.parts
    const shown = fills.map((fill) => JSON.stringify(objects.fill(account, fill)))
    return `{"order":${objects.orderText(order)},"fills":[${shown.join(',')}],"seq":${answer.seq}}`
  }

  /** An amend, or a repetition of what was placed before. */
  #changeReply(account: AccountView, { events, seq }: Answer): string {
    const changed = eventOf(events, 'OrderAmended') ?? eventOf(events, 'DuplicateRequest')
    const order = changed === undefined ? undefined : account.order(changed.orderId)
    if (order === undefined) throw new PlumbError('TIMEOUT')
    const repeated = changed?.kind === 'DuplicateRequest'
    if (repeated && foundNothing(order)) throw new PlumbError('NOT_FILLABLE')
    return JSON.stringify(this.#shownReply(account, order, seq, repeated))
  }

  #shownReply(account: AccountView, order: OrderView, seq: number, all: boolean): OrderReply {
    const { objects } = this.#submission.parts
    const fills = account.fills.filter(
      (fill) => fill.orderId === order.orderId && (all || fill.seq === seq),
    )
    return {
      order: objects.order(order),
      fills: fills.map((fill) => objects.fill(account, fill)),
      seq,
    }
  }

  /** What an earlier step of this order has set. */
  #known<T>(value: T | undefined): T {
    if (value === undefined) throw new Error('an order was handed on before it was admitted')
    return value
  }
}

/** What is known of the digest need not be hashed again when the order is shown next. */
function remember(live: OrderView | undefined, { digest, laneSeq }: OrderView): void {
  if (live !== undefined && live.laneSeq === laneSeq) live.digest = digest
}

/** A cancel of an account that the caller is signed in for. */
abstract class Canceling extends Asking {
  protected readonly submission: Submission
  protected account: AccountView | undefined

  constructor(submission: Submission, op: string, sink: ReplySink) {
    super(submission, op, sink)
    this.submission = submission
  }

  start(owner: string, subaccount: number, release: Release, origin: Origin | undefined): void {
    try {
      const { view, guard, clock } = this.submission.parts
      guard.cancel(owner, clock.nowMs(), origin)
      this.submission.requireReady(true)
      this.account = fundedAccount(view, owner, subaccount)
      this.prepare()
    } catch (error) {
      this.failed(error)
      return
    }
    release.enter(this)
    release.ready(this)
  }

  /** Throws PlumbError for what names nothing. */
  protected abstract prepare(): void
}

class Cancel extends Canceling {
  readonly #target: CancelTarget
  #orderId = 0

  constructor(submission: Submission, target: CancelTarget, sink: ReplySink) {
    super(submission, 'cancel', sink)
    this.#target = target
  }

  protected override prepare(): void {
    this.#orderId = 'orderId' in this.#target ? orderIdOf(this.#target.orderId) : 0
  }

  protected override command(): Uint8Array {
    const clientOrderId = 'clientOrderId' in this.#target ? this.#target.clientOrderId : ''
    return encoder.cancel(this.account?.accountId ?? -1, this.#orderId, clientOrderId)
  }

  protected override replyTo({ events, seq }: Answer): string {
    const closed = eventOf(events, 'OrderClosed')
    const order = closed === undefined ? undefined : this.account?.order(closed.orderId)
    if (order === undefined) throw new PlumbError('TIMEOUT')
    return `{"order":${this.submission.parts.objects.orderText(order)},"fills":[],"seq":${seq}}`
  }
}

class CancelAll extends Canceling {
  readonly #filter: CancelAllFilter
  #market = -1

  constructor(submission: Submission, filter: CancelAllFilter, sink: ReplySink) {
    super(submission, 'cancel_all', sink)
    this.#filter = filter
  }

  protected override prepare(): void {
    const { market } = this.#filter
    if (market !== undefined)
      this.#market = marketOf(this.submission.parts.view, market).definition.market
  }

  protected override command(): Uint8Array {
    const side = sideFilter(this.#filter.side)
    return encoder.cancelAll(this.account?.accountId ?? -1, this.#market, side)
  }

  protected override replyTo({ events, seq }: Answer): string {
    const { objects } = this.submission.parts
    const orders: string[] = []
    for (const event of events) {
      if (event.kind !== 'OrderClosed') continue
      const order = this.account?.order(event.orderId)
      if (order !== undefined) orders.push(objects.orderText(order))
    }
    return `{"orders":[${orders.join(',')}],"seq":${seq}}`
  }
}

function sideOf(request: OrderRequest): Side {
  return request.side === 'buy' ? 0 : 1
}

function signedFields(
  request: OrderRequest,
  admitted: AdmittedOrder,
  kind: number,
  triggerTicks: number,
): OrderFields {
  const { definition } = admitted.market
  const isTriggerSigned = kind === orderKind.stop || kind === orderKind.takeProfit
  return {
    market: definition.market,
    subaccount: request.subaccount,
    side: sideOf(request),
    flags: admitted.flags,
    kind,
    price: scaleE8(admitted.priceTicks, definition.tickE8),
    size: scaleE8(admitted.sizeLots, definition.lotE8),
    trigger: isTriggerSigned ? scaleE8(triggerTicks, definition.tickE8) : 0,
    maxFee: request.maxFee,
    lane: request.lane,
    seq: request.seq,
    expiry: request.expiry,
  }
}
