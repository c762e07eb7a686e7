//! The road of an order: checks, signature, sequencer, answer once the view shows it.

import { bytesHex, hexBytes, scaleE8 } from '@plumb/chain'
import { orderKind, orderOption, type PlaceAdvancedOrder, type Side } from '@plumb/model'
import {
  type CancelAllReply,
  type CancelBatchReply,
  type OrderReply,
  type OrderRequest,
  PlumbError,
  signedKindOf,
} from '@plumb/protocol'
import { faultPoint } from '@plumb/runtime'
import type { Origin } from '../guard/traffic-guard.ts'
import type { AccountView } from '../view/account-view.ts'
import type { MarketView } from '../view/market-view.ts'
import type { OrderView } from '../view/order-view.ts'
import { CommandEncoder } from './command-encoder.ts'
import {
  type AdmittedOrder,
  admitOrder,
  fundedAccount,
  marketOf,
  orderIdOf,
  sideFilter,
} from './order-checks.ts'
import { advancedTerms, amendedTrigger, isAdvanced } from './order-terms.ts'
import { type Release, unordered } from './ordered-release.ts'
import { foundNothing, replayOrder } from './replay-order.ts'
import type { Submission } from './submission.ts'
import { type Answer, type EntryParts, eventOf } from './submission.ts'

/** Names an order to cancel. */
export type CancelTarget = { orderId: string } | { clientOrderId: string }
export type CancelAllFilter = { market?: string | undefined; side?: 'buy' | 'sell' | undefined }

type Prepared = {
  command: () => Uint8Array
  market: MarketView
  digest: Uint8Array
  terms: PlaceAdvancedOrder | null
}

export class OrderEntry {
  readonly #submission: Submission
  readonly #parts: EntryParts
  readonly #encoder = new CommandEncoder()

  constructor(submission: Submission) {
    this.#submission = submission
    this.#parts = submission.parts
  }

  /** Places an order, or amends the one named. Throws PlumbError. */
  place(
    request: OrderRequest,
    origin: Origin,
    amends?: string,
    release: Release = unordered,
  ): Promise<OrderReply> {
    return this.#submission.measured(amends === undefined ? 'place' : 'edit', async () => {
      const verified = this.#verifiedOrder(request, origin, amends)
      const answer = await release.run(verified, ({ command, market }) =>
        this.#submission.submit(command(), market.definition),
      )
      return this.#orderReply(answer, request, await verified)
    })
  }

  /** Cancels one order of an account that the caller is signed in for. Throws PlumbError. */
  cancel(
    owner: string,
    subaccount: number,
    target: CancelTarget,
    release: Release = unordered,
    origin?: Origin,
  ): Promise<OrderReply> {
    return this.#submission.measured('cancel', async () => {
      const prepared = this.#prepareCancel(owner, subaccount, target, origin)
      const reply = await release.run(prepared, ({ command }) => this.#submission.submit(command()))
      const { account } = await prepared
      const closed = eventOf(reply.events, 'OrderClosed')
      const order = closed === undefined ? undefined : account.order(closed.orderId)
      if (order === undefined) throw new PlumbError('TIMEOUT')
      return { order: this.#parts.objects.order(order), fills: [], seq: reply.seq }
    })
  }

  /** Cancels several orders; each has its own outcome. */
  async cancelBatch(
    owner: string,
    subaccount: number,
    targets: readonly CancelTarget[],
    requestId: string | undefined,
    release: Release = unordered,
  ): Promise<CancelBatchReply> {
    const results = targets.map((target) =>
      this.cancel(owner, subaccount, target, release).catch((error: unknown) => ({
        error: itemError(error).body(requestId),
      })),
    )
    return { results: await Promise.all(results) }
  }

  /** Cancels all orders of an account, in one market or on one side if asked. Throws PlumbError. */
  cancelAll(
    owner: string,
    subaccount: number,
    filter: CancelAllFilter,
    release: Release = unordered,
    origin?: Origin,
  ): Promise<CancelAllReply> {
    return this.#submission.measured('cancel_all', async () => {
      const prepared = this.#prepareCancelAll(owner, subaccount, filter, origin)
      const reply = await release.run(prepared, ({ command }) => this.#submission.submit(command()))
      const { account } = await prepared
      const orders = reply.events.flatMap((event) => {
        const order = event.kind === 'OrderClosed' ? account.order(event.orderId) : undefined
        return order === undefined ? [] : [this.#parts.objects.order(order)]
      })
      return { orders, seq: reply.seq }
    })
  }

  async #verifiedOrder(
    request: OrderRequest,
    origin: Origin,
    amends: string | undefined,
  ): Promise<Prepared> {
    const { view, guard, clock, pool } = this.#parts
    const nowMs = clock.nowMs()
    guard.order(request.account, request.reduceOnly, origin, nowMs)
    this.#submission.requireReady()
    const admitted = admitOrder(view, request, nowMs)
    const { definition } = admitted.market
    const orderId = amends === undefined ? 0 : orderIdOf(amends)
    const terms = orderId === 0 && isAdvanced(request) ? advancedTerms(request, definition) : null
    const triggerTicks =
      orderId === 0 ? (terms?.triggerTicks ?? 0) : amendedTrigger(request, definition)
    this.#submission.requireRoom()
    const signature = hexBytes(request.signature)
    const kind = signedKindOf(request)
    const fields = signedFields(request, admitted, kind, triggerTicks)
    const job = pool.recoverOrderSigner(fields, signature)
    const signed = await this.#submission.signedBy(request.account, signature, job, origin)
    faultPoint('gateway:order-verified')
    const { account, market, priceTicks, sizeLots, flags, selfTrade } = admitted
    const order = {
      accountId: account.accountId,
      market: definition.market,
      side: sideOf(request),
      flags,
      orderKind: kind,
      priceTicks,
      sizeLots,
      triggerTicks,
      maxFee: request.maxFee,
      lane: request.lane,
      laneSeq: request.seq,
      expiryS: request.expiry,
      selfTrade,
      clientOrderId: request.clientOrderId ?? '',
      signer: signed.signer,
      signature: signed.signature,
    }
    const { digest } = signed
    if (terms !== null) {
      const advanced: PlaceAdvancedOrder = {
        kind: 'PlaceAdvancedOrder',
        orderId: 0,
        ...order,
        ...terms,
      }
      return { command: () => this.#encoder.advanced(advanced), market, digest, terms: advanced }
    }
    const options = orderId === 0 && request.type === 'market' ? orderOption.market : 0
    const command = () => this.#encoder.order({ ...order, orderId, options })
    return { command, market, digest, terms: null }
  }

  async #prepareCancel(
    owner: string,
    subaccount: number,
    target: CancelTarget,
    origin: Origin | undefined,
  ) {
    const account = this.#admitCancel(owner, subaccount, origin)
    const orderId = 'orderId' in target ? orderIdOf(target.orderId) : 0
    const clientOrderId = 'clientOrderId' in target ? target.clientOrderId : ''
    const command = () => this.#encoder.cancel(account.accountId, orderId, clientOrderId)
    return { account, command }
  }

  async #prepareCancelAll(
    owner: string,
    subaccount: number,
    filter: CancelAllFilter,
    origin: Origin | undefined,
  ) {
    const account = this.#admitCancel(owner, subaccount, origin)
    const market =
      filter.market === undefined ? -1 : marketOf(this.#parts.view, filter.market).definition.market
    const side = sideFilter(filter.side)
    return { account, command: () => this.#encoder.cancelAll(account.accountId, market, side) }
  }

  #admitCancel(owner: string, subaccount: number, origin?: Origin): AccountView {
    const { view, guard, clock } = this.#parts
    guard.cancel(owner, clock.nowMs(), origin)
    this.#submission.requireReady(true)
    return fundedAccount(view, owner, subaccount)
  }

  async #orderReply(
    answer: Answer,
    request: OrderRequest,
    { market, digest, terms }: Prepared,
  ): Promise<OrderReply> {
    const { view, objects } = this.#parts
    const account = fundedAccount(view, request.account, request.subaccount)
    const placed = eventOf(answer.events, 'OrderPlaced')
    if (placed !== undefined) {
      const isMarketOrder = request.type === 'market'
      const { order, fills } = replayOrder(placed, answer, account, market, terms, isMarketOrder)
      order.digest = bytesHex(digest)
      if (foundNothing(order)) throw new PlumbError('NOT_FILLABLE')
      return {
        order: objects.order(order),
        fills: fills.map((fill) => objects.fill(account, fill)),
        seq: answer.seq,
      }
    }
    const changed =
      eventOf(answer.events, 'OrderAmended') ?? eventOf(answer.events, 'DuplicateRequest')
    const order = changed === undefined ? undefined : account.order(changed.orderId)
    if (order === undefined) throw new PlumbError('TIMEOUT')
    const repeated = changed?.kind === 'DuplicateRequest'
    if (repeated && foundNothing(order)) throw new PlumbError('NOT_FILLABLE')
    return this.#shownReply(account, order, answer.seq, repeated)
  }

  #shownReply(account: AccountView, order: OrderView, seq: number, all: boolean): OrderReply {
    const { objects } = this.#parts
    const fills = account.fills.filter(
      (fill) => fill.orderId === order.orderId && (all || fill.seq === seq),
    )
    return {
      order: objects.order(order),
      fills: fills.map((fill) => objects.fill(account, fill)),
      seq,
    }
  }
}

/** An item's failure in a batch; a bug stays a bug. */
export function itemError(error: unknown): PlumbError {
  return error instanceof PlumbError ? error : new PlumbError('INTERNAL')
}

function sideOf(request: OrderRequest): Side {
  return request.side === 'buy' ? 0 : 1
}

function signedFields(
  request: OrderRequest,
  admitted: AdmittedOrder,
  kind: number,
  triggerTicks: number,
) {
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
