//! One account that trades: signs, picks lanes, places, edits, cancels, withdraws and reads.
import type {
  CancelAllReply,
  MarketObject,
  OrderObject,
  OrderReply,
  OrderRequest,
  TypedDomain,
  WithdrawalReply,
} from '@plumb/protocol'
import { OutcomeUnknownError, ReplayProtectionError } from './errors.ts'
import type { Http } from './http.ts'
import type { LaneManagerOptions, LaneSlot } from './lane-manager.ts'
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
import { createSession, type Session } from './session.ts'
import { signOrder } from './signing/sign-order.ts'
import { signWithdraw } from './signing/sign-withdraw.ts'
import { type SignerInput, signerAddress } from './signing/signer.ts'
import type { Stream } from './stream.ts'

const S = 1_000
const DEFAULT_LIFETIME_S = 24 * 3_600
const ATTEMPTS_MAX = 3

/** A limit order in a trader's words. Price and amount are canonical decimal text. */
export type NewOrder = {
  market: string
  side: 'buy' | 'sell'
  price: string
  amount: string
  /** GTC by default. */
  timeInForce?: 'GTC' | 'IOC' | 'FOK'
  postOnly?: boolean
  reduceOnly?: boolean
  /** Highest fee accepted in units of 10 ppm; the market's taker fee by default. */
  maxFee?: number
  /**
   * Seconds the signature is good for, 24 h by default. The exchange matches until 600 s (its settlement lag) before
   * that: less than that is refused as SIGNATURE_EXPIRED.
   */
  lifetimeS?: number
  /** Your own id, at most 36 characters; lets you ask what became of an order whose answer was lost. */
  clientOrderId?: string
  selfTradePrevention?: 'cancel_taker' | 'cancel_maker' | 'cancel_both'
}

/** What changes; the rest stays. `amount` is what shall remain open: less at the same price keeps the priority. */
export type OrderChange = { price?: string; amount?: string; lifetimeS?: number }

export type TraderOptions = {
  subaccount?: number
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
  readonly session: Session
  readonly #context: Context
  readonly #subaccount: number
  readonly #lanes: OpenLanes
  #entry: OrderEntry
  #stream: Stream | undefined
  #address: Promise<string> | undefined

  constructor(context: Context, { subaccount = 0, lanes }: TraderOptions = {}) {
    this.#context = context
    this.#subaccount = subaccount
    this.session = createSession(context.http, context.domain, context.signer)
    this.read = privateReads(context.http, this.session, () => this.owner())
    this.#lanes = new OpenLanes(this.read, lanes)
    this.#entry = restOrderEntry(context.http, this.session)
  }

  /** Address and subaccount. */
  async owner(): Promise<Owner> {
    this.#address ??= signerAddress(this.#context.signer)
    return { account: await this.#address, subaccount: this.#subaccount }
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

  /** Places a limit order and resolves once it is matched and durable. */
  async place(order: NewOrder): Promise<OrderReply> {
    return await this.#submit(
      () => this.#lanes.take(),
      async (slot) => this.#entry.place(await this.sign(order, slot)),
    )
  }

  /**
   * Changes an open order in one step: it stays as it was unless the change is accepted, and keeps its id. Its place in
   * the queue survives when only the amount shrinks.
   */
  async edit(order: OrderObject, change: OrderChange): Promise<OrderReply> {
    const { market, side, reduceOnly, postOnly } = order
    const timeInForce = order.timeInForce === 'PO' ? 'GTC' : order.timeInForce
    const price = change.price ?? order.price
    const amount = change.amount ?? order.remaining
    const lifetimeS = change.lifetimeS ?? DEFAULT_LIFETIME_S
    const { maxFee } = order
    const clientOrderId = order.clientOrderId === null ? {} : { clientOrderId: order.clientOrderId }
    const changed = { market, side, reduceOnly, postOnly, timeInForce, price, amount, maxFee }
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

  /** Signs an order for a lane without sending it. `place` does this by itself. */
  async sign(order: NewOrder, slot: LaneSlot): Promise<OrderRequest> {
    const { signer, domain, market } = this.#context
    const { index, takerFeeUnits } = await market(order.market)
    const { lifetimeS = DEFAULT_LIFETIME_S, ...rest } = order
    return await signOrder(signer, await domain(), index, {
      type: 'limit',
      timeInForce: 'GTC',
      postOnly: false,
      reduceOnly: false,
      maxFee: Math.max(takerFeeUnits, 0),
      ...rest,
      ...(await this.owner()),
      ...slot,
      expiry: expiry(lifetimeS),
    })
  }

  /** Takes a lane, submits, and settles what became of the lane; a replay refusal is signed anew. */
  async #submit<R extends OrderReply | WithdrawalReply>(
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
        if (heldLane !== undefined || mayHoldLane(error)) this.#lanes.hold(slot.lane)
        else this.#lanes.release(slot.lane)
        const again = error instanceof ReplayProtectionError && laneCodes.has(error.code)
        if (!again || attempt === ATTEMPTS_MAX) throw error
        await this.#lanes.refresh()
      }
    }
  }
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
