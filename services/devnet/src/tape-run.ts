//! Plays a plan over one pipelined WebSocket: first in, first out, many requests in flight.
import {
  type Client,
  type OrderEntry,
  OrderNotFoundError,
  type Owner,
  type Stream,
  signOrder,
  streamOrderEntry,
} from '@plumb/sdk'
import type { TapePlayer } from './tape-funds.ts'
import type { TapePlan, TapeSlot, TapeStep } from './tape-plan.ts'

/** Requests on their way at once. */
const IN_FLIGHT_MAX = 512
const LIFETIME_S = 7_200
const SUBACCOUNT = 0

type Reply = Awaited<ReturnType<OrderEntry['place']>>
type Order = Extract<TapeStep, { order: unknown }>['order']

/** What came back. Order ids and fills by the line that placed the order. */
export type TapeRun = {
  replies: Map<number, Reply>
  /** Lines whose request was refused, with the reason. */
  refused: { line: number; reason: string }[]
  lastSeq: number
  requests: number
  seconds: number
}

export type TapeRunOptions = {
  client: Client
  stream: Stream
  players: readonly TapePlayer[]
  market: string
  /** Tells runs apart: client ids are `line-run`. */
  run: string
  /** Hears how many steps were sent. */
  onProgress?: (sent: number, inFlight: number) => void
}

/** The client order id of a tape's line in one run. */
const clientIdOf = (line: number, run: string) => `${line}-${run}`

/**
 * Sends every step in order and waits for all answers. A refusal is recorded, not thrown.
 *
 * @throws when the connection is lost: an exchange that lost requests cannot be compared
 */
export async function playTape(plan: TapePlan, options: TapeRunOptions): Promise<TapeRun> {
  const player = new Player(options)
  await player.open()
  const startMs = performance.now()
  for (const [i, step] of plan.steps.entries()) {
    await player.send(step)
    options.onProgress?.(i + 1, options.stream.inFlight)
  }
  await player.drain()
  const seconds = (performance.now() - startMs) / 1_000
  return { ...player.outcome, requests: plan.steps.length, seconds }
}

class Player {
  readonly outcome = {
    replies: new Map<number, Reply>(),
    refused: [] as { line: number; reason: string }[],
    lastSeq: 0,
  }
  readonly #options: TapeRunOptions
  readonly #entry: OrderEntry
  readonly #owners: Owner[]
  readonly #placing = new Map<number, Promise<void>>()
  readonly #expiry = Math.floor(Date.now() / 1_000) + LIFETIME_S
  #inFlight = 0
  #wake: (() => void) | undefined

  constructor(options: TapeRunOptions) {
    this.#options = options
    this.#entry = streamOrderEntry(options.stream)
    this.#owners = options.players.map(({ signer }) => ({
      account: signer.address,
      subaccount: SUBACCOUNT,
    }))
  }

  /** Every account on the one connection. */
  async open(): Promise<void> {
    const { stream, players } = this.#options
    for (const { signer, trader } of players)
      await stream.authenticate(signer.address, trader.session)
  }

  /** Sends one step; waits only for room, or for the id of the order it changes. */
  async send(step: TapeStep): Promise<void> {
    while (this.#inFlight >= IN_FLIGHT_MAX)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    if (step.kind === 'place') {
      const body = await this.#sign(step.slot, step.order, step.line)
      this.#placing.set(step.line, this.#track(step.line, this.#entry.place(body)))
    } else if (step.kind === 'cancel') {
      const clientOrderId = clientIdOf(step.orderLine, this.#options.run)
      const owner = this.#owner(step.account)
      void this.#track(step.line, this.#entry.cancel(owner, { clientOrderId }))
    } else {
      await this.#placing.get(step.orderLine)
      const orderId = this.outcome.replies.get(step.orderLine)?.order.id
      if (orderId === undefined) {
        this.outcome.refused.push({ line: step.line, reason: 'its order was refused' })
        return
      }
      const body = await this.#sign(step.slot, step.order, step.orderLine)
      void this.#track(step.line, this.#entry.edit(orderId, body))
    }
  }

  /** Waits until nothing is in flight. */
  async drain(): Promise<void> {
    while (this.#inFlight > 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
  }

  async #track(line: number, request: Promise<Reply>): Promise<void> {
    this.#inFlight++
    try {
      const reply = await request
      this.outcome.lastSeq = Math.max(this.outcome.lastSeq, reply.seq)
      this.outcome.replies.set(line, reply)
    } catch (error) {
      const reason = error instanceof OrderNotFoundError ? error.code : String(error)
      this.outcome.refused.push({ line, reason })
    } finally {
      this.#inFlight--
      this.#placing.delete(line)
      this.#wake?.()
    }
  }

  async #sign({ account, lane, seq }: TapeSlot, order: Order, line: number) {
    const { client, players, run } = this.#options
    const player = players[account]
    if (player === undefined) throw new RangeError(`no player ${account}`)
    const { index } = await client.market(order.market)
    return await signOrder(player.signer, await client.domain(), index, {
      type: 'limit',
      timeInForce: 'GTC',
      postOnly: false,
      reduceOnly: false,
      maxFee: 0,
      ...order,
      ...this.#owner(account),
      lane,
      seq,
      expiry: this.#expiry,
      clientOrderId: clientIdOf(line, run),
    })
  }

  #owner(account: number): Owner {
    const owner = this.#owners[account]
    if (owner === undefined) throw new RangeError(`no player ${account}`)
    return owner
  }
}
