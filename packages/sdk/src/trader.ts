//! One account that trades: signs, picks lanes, places, edits, cancels, withdraws and reads.
import type {
  CancelAllReply,
  MarketObject,
  OrderObject,
  OrderReply,
  OrderRequest,
  TickerObject,
  TransferReply,
  TypedDomain,
  WithdrawalReply,
} from '@plumb/protocol'
import { type AccountActions, accountActions } from './account-actions.ts'
import {
  errorDetailOf,
  errorFrom,
  MarketClosedError,
  OutcomeUnknownError,
  type PlumbError,
  ReplayProtectionError,
} from './errors.ts'
import type { Http } from './http.ts'
import type { LaneManagerOptions, LaneSlot } from './lane-manager.ts'
import { type NewOrder, termsOf } from './new-order.ts'
import { OpenLanes } from './open-lanes.ts'
import {
  type CancelFilter,
  type OrderEntry,
  type OrderRef,
  type Owner,
  restOrderEntry,
  streamOrderEntry,
} from './order-entry.ts'
import { type PrivateReads, privateReads } from './private-reads.ts'
import { createSession, keyOf, type Session } from './session.ts'
import { signOrder } from './signing/sign-order.ts'
import { signTransfer } from './signing/sign-transfer.ts'
import { signWithdraw } from './signing/sign-withdraw.ts'
import { type SignerInput, signerAddress } from './signing/signer.ts'
import type { Stream } from './stream.ts'

const S = 1_000
const DEFAULT_LIFETIME_S = 24 * 3_600
const ATTEMPTS_MAX = 3

/** What changes; the rest stays. `amount` is what shall remain open: less at the same price keeps the priority. */
export type OrderChange = {
  price?: string
  amount?: string
  /** Of an order that still waits for it. */
  triggerPrice?: string
  lifetimeS?: number
}

/** An entry with its exits: both reduce what the entry has filled, and one gives way to the other. */
export type Bracket = {
  entry: NewOrder
  stopLoss?: { triggerPrice: string; price: string; triggerBy?: 'mark' | 'index' | 'last' }
  takeProfit?: { triggerPrice: string; price: string; triggerBy?: 'mark' | 'index' | 'last' }
}
/** The orders of a bracket; null: that exit was not asked for. */
export type BracketReply = {
  entry: OrderReply
  stopLoss: OrderReply | null
  takeProfit: OrderReply | null
}

/** Which account is traded, and how. */
export type TraderOptions = {
  subaccount?: number
  /** Whose account it is; the signer's own if left out. Another's: the signer is a session key of that owner. */
  account?: string
  lanes?: LaneManagerOptions
}

type Context = {
  http: Http
  signer: SignerInput
  domain: () => Promise<TypedDomain>
  market: (id: string) => Promise<MarketObject>
}

/**
 * A trading account. Every method may be called many times at once: each order takes a lane of its own, so none waits
 * for another and a rejected one blocks nothing.
 *
 * @example
 * const trader = client.trader(privateKeyAccount(key))
 * const { order, fills } = await trader.place({ market: 'BTC-PERP', side: 'buy', price: '60000', amount: '0.1' })
 */
export class Trader {
  /** Reads of this account. */
  readonly read: PrivateReads
  /** Settings and margin questions of this account. */
  readonly account: AccountActions
  readonly session: Session
  readonly #context: Context
  readonly #subaccount: number
  readonly #account: string | undefined
  readonly #lanes: OpenLanes
  #entry: OrderEntry
  #stream: Stream | undefined
  #address: Promise<string> | undefined
  #keyEnd: Promise<number> | undefined

  constructor(context: Context, { subaccount = 0, account, lanes }: TraderOptions = {}) {
    this.#context = context
    this.#subaccount = subaccount
    this.#account = account
    this.session = createSession(context.http, context.domain, context.signer, account)
    this.read = privateReads(context.http, this.session, () => this.owner())
    this.account = accountActions(context.http, this.session, () => this.owner())
    this.#lanes = new OpenLanes(this.read, lanes)
    this.#entry = restOrderEntry(context.http, this.session)
  }

  /** Address and subaccount. */
  async owner(): Promise<Owner> {
    const account = this.#account ?? (await this.#signer())
    return { account, subaccount: this.#subaccount }
  }

  #signer(): Promise<string> {
    this.#address ??= signerAddress(this.#context.signer)
    return this.#address
  }

  /**
   * Sends orders over the stream from now on (authenticated here, many in flight), and learns from its `orders` channel
   * when lanes become free. Calling it again with the same stream changes nothing.
   */
  async use(stream: Stream): Promise<void> {
    if (this.#stream === stream) return
    const owner = await this.owner()
    await stream.authenticate(owner.account, this.session)
    await this.#lanes.sync()
    await stream.subscribe({ channel: 'orders', ...owner }, ({ data }) => {
      for (const order of ordersOf(data)) this.#lanes.observe(order)
    })
    this.#stream = stream
    this.#entry = streamOrderEntry(stream)
  }

  /** Whether a deposit of this account was ever credited. */
  async isFunded(): Promise<boolean> {
    const { subaccounts } = await this.read.me()
    return subaccounts.some(({ subaccount }) => subaccount === this.#subaccount)
  }

  /** Reads what signing needs (market, domain, lanes) now rather than with the first order. */
  async prepare(market: string): Promise<void> {
    const { domain, market: marketOf } = this.#context
    await Promise.all([marketOf(market), domain(), this.#lanes.sync()])
  }

  /** Places an order of any kind and resolves once it is matched (or waits) and durable. */
  async place(order: NewOrder): Promise<OrderReply> {
    return await this.#submit(
      () => this.#lanes.take(),
      async (slot) => this.#entry.place(await this.sign(order, slot)),
    )
  }

  /** Places up to 50 orders in one request, sequenced in their order; each has its own outcome. */
  async placeAll(orders: readonly NewOrder[]): Promise<(OrderReply | PlumbError)[]> {
    const slots: LaneSlot[] = []
    try {
      const signed: OrderRequest[] = []
      for (const order of orders) {
        const slot = await this.#lanes.take()
        slots.push(slot)
        signed.push(await this.sign(order, slot))
      }
      const { results } = await this.#entry.placeAll(signed)
      return results.map((result, i) => this.#settled(result, slots[i]?.lane ?? 0))
    } catch (error) {
      for (const { lane } of slots) this.#failed(error, lane)
      throw error
    }
  }

  /** Places an entry with its stop-loss and take-profit. Exits that are refused leave the entry as it is, and throw. */
  async bracket({ entry, stopLoss, takeProfit }: Bracket): Promise<BracketReply> {
    const placed = await this.place(entry)
    const { market, amount, lifetimeS } = entry
    const exit = {
      market,
      side: entry.side === 'buy' ? 'sell' : 'buy',
      amount,
      reduceOnly: true,
      parent: placed.order,
      ...(lifetimeS === undefined ? {} : { lifetimeS }),
    } as const
    const stop =
      stopLoss === undefined
        ? null
        : await this.place({ ...exit, ...stopLoss, triggerKind: 'stop' })
    const oco = stop === null ? {} : { oco: stop.order }
    const profit =
      takeProfit === undefined
        ? null
        : await this.place({ ...exit, ...takeProfit, ...oco, triggerKind: 'take_profit' })
    return { entry: placed, stopLoss: stop, takeProfit: profit }
  }

  /**
   * Changes an open order in one step: it stays as it was unless the change is accepted, and keeps its id. Its place in
   * the queue survives when only the amount shrinks.
   */
  async edit(order: OrderObject, change: OrderChange): Promise<OrderReply> {
    const { market, side, reduceOnly, postOnly, type } = order
    const timeInForce = order.timeInForce === 'PO' ? 'GTC' : order.timeInForce
    const price = change.price ?? order.limitPrice
    const trigger = order.waiting ? triggerOf(order, change) : {}
    const amount = change.amount ?? order.remaining
    const lifetimeS = change.lifetimeS ?? DEFAULT_LIFETIME_S
    const { maxFee } = order
    const clientOrderId = order.clientOrderId === null ? {} : { clientOrderId: order.clientOrderId }
    const changed = {
      market,
      side,
      type,
      reduceOnly,
      postOnly,
      timeInForce,
      price,
      amount,
      maxFee,
      ...trigger,
    }
    return await this.#submit(
      () => this.#lanes.advance(order),
      async (slot) =>
        this.#entry.edit(
          order.id,
          await this.sign({ ...changed, ...clientOrderId, lifetimeS }, slot),
        ),
      order.lane,
    )
  }

  /** Cancels one order. @throws OrderNotFoundError when it is already gone */
  async cancel(order: OrderRef): Promise<OrderReply> {
    const reply = await this.#entry.cancel(await this.owner(), order)
    this.#lanes.observe(reply.order)
    return reply
  }

  /** Cancels up to 100 orders in one request; each has its own outcome. */
  async cancelMany(orders: readonly OrderRef[]): Promise<(OrderReply | PlumbError)[]> {
    const { results } = await this.#entry.cancelMany(await this.owner(), orders)
    return results.map((result) => this.#settled(result, null))
  }

  /** Cancels every open order, or those of one market or side. */
  async cancelAll(filter: CancelFilter = {}): Promise<CancelAllReply> {
    const reply = await this.#entry.cancelAll(await this.owner(), filter)
    for (const order of reply.orders) this.#lanes.observe(order)
    return reply
  }

  /** Asks for a payout to the signer's own address; it arrives with a settlement batch. `amount` is USDC text. */
  async withdraw(amount: string, lifetimeS = DEFAULT_LIFETIME_S): Promise<WithdrawalReply> {
    const { signer, domain, http } = this.#context
    return await this.#submit(
      () => this.#lanes.take(),
      async ({ lane, seq }) => {
        const unsigned = { ...(await this.owner()), amount, lane, seq, expiry: expiry(lifetimeS) }
        const body = await signWithdraw(signer, await domain(), unsigned)
        const path = '/v1/withdrawals'
        const reply = await http<WithdrawalReply>({ method: 'POST', path, body })
        this.#lanes.release(lane)
        return reply
      },
    )
  }

  /** Moves USDC to another subaccount of the signer, which is opened if need be. */
  async transfer(toSubaccount: number, amount: string): Promise<TransferReply> {
    const { signer, domain, http } = this.#context
    return await this.#submit(
      () => this.#lanes.take(),
      async ({ lane, seq }) => {
        const terms = { amount, toSubaccount, lane, seq, expiry: expiry(DEFAULT_LIFETIME_S) }
        const unsigned = { ...(await this.owner()), ...terms }
        const body = await signTransfer(signer, await domain(), unsigned)
        const path = '/v1/transfers'
        const reply = await http<TransferReply>({ method: 'POST', path, body })
        this.#lanes.release(lane)
        return reply
      },
    )
  }

  /** Signs an order for a lane without sending it. `place` does this by itself. */
  async sign(order: NewOrder, slot: LaneSlot): Promise<OrderRequest> {
    const { signer, domain, market } = this.#context
    const listed = await market(order.market)
    const terms = await termsOf(order, listed, () => this.#markOf(order.market))
    const key = await keyOf(this.#account, this.#signer())
    return await signOrder(signer, await domain(), listed.index, {
      ...terms,
      ...(await this.owner()),
      ...(key === undefined ? {} : { signer: key }),
      ...slot,
      expiry: Math.min(expiry(order.lifetimeS ?? DEFAULT_LIFETIME_S), await this.#endS(key)),
    })
  }

  /** Unix second at which the session key ends, and its orders with it; without a key nothing ends. */
  #endS(key: string | undefined): Promise<number> | number {
    if (key === undefined) return Number.POSITIVE_INFINITY
    if (this.#keyEnd === undefined) {
      this.#keyEnd = this.read.agent(key).then(({ expiresAt }) => Math.floor(expiresAt / S))
      this.#keyEnd.catch(() => {
        this.#keyEnd = undefined
      })
    }
    return this.#keyEnd
  }

  async #markOf(market: string): Promise<string> {
    const path = `/v1/tickers/${encodeURIComponent(market)}`
    const { mark } = await this.#context.http<TickerObject>({ method: 'GET', path })
    if (mark !== null) return mark
    throw new MarketClosedError({
      code: 'NO_MARK_PRICE',
      message: `${market} has no mark price yet`,
    })
  }

  /** What became of one item of a batch, and of its lane. */
  #settled(result: OrderReply | { error: unknown }, lane: number | null) {
    if ('order' in result) {
      this.#lanes.observe(result.order)
      return result
    }
    const detail = errorDetailOf(result) ?? { code: 'INTERNAL', message: 'no answer for this item' }
    const error = errorFrom(detail)
    if (lane !== null) this.#failed(error, lane)
    return error
  }

  #failed(error: unknown, lane: number): void {
    if (mayHoldLane(error)) this.#lanes.hold(lane)
    else this.#lanes.release(lane)
  }

  /** Takes a lane, submits, and settles what became of the lane; a replay refusal is signed anew. */
  async #submit<R extends OrderReply | WithdrawalReply | TransferReply>(
    take: () => Promise<LaneSlot>,
    send: (slot: LaneSlot) => Promise<R>,
    heldLane?: number,
  ): Promise<R> {
    for (let attempt = 1; ; attempt++) {
      const slot = await take()
      try {
        const reply = await send(slot)
        if ('order' in reply) this.#lanes.observe(reply.order)
        return reply
      } catch (error) {
        if (heldLane === undefined) this.#failed(error, slot.lane)
        else this.#lanes.hold(slot.lane)
        const again = error instanceof ReplayProtectionError && laneCodes.has(error.code)
        if (!again || attempt === ATTEMPTS_MAX) throw error
        await this.#lanes.refresh()
      }
    }
  }
}

/** The trigger of an amended order that still waits, with what changes of it. */
function triggerOf(order: OrderObject, { triggerPrice }: OrderChange) {
  const { triggerKind, triggerBy } = order
  const at = triggerPrice ?? order.triggerPrice
  if (triggerKind === null || triggerBy === null || at === null) return {}
  return { triggerKind, triggerBy, triggerPrice: at }
}

const laneCodes: ReadonlySet<string> = new Set(['NONCE_USED', 'LANE_BUSY'])

function mayHoldLane(error: unknown): boolean {
  return (
    error instanceof OutcomeUnknownError ||
    (error instanceof ReplayProtectionError && error.code === 'LANE_BUSY')
  )
}

function expiry(lifetimeS: number): number {
  return Math.floor(Date.now() / S) + lifetimeS
}

/** The `orders` channel carries one order, or a list in its snapshot. */
function ordersOf(data: unknown): OrderObject[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the orders channel carries nothing else
  return (Array.isArray(data) ? data : [data]) as OrderObject[]
}
