//! Keeps an account's lanes in step with the exchange: used ones from the lanes read, live ones from open orders.
import type { OrderObject } from '@plumb/protocol'
import { LaneManager, type LaneManagerOptions, type LaneSlot } from './lane-manager.ts'
import type { PrivateReads } from './private-reads.ts'

const PAGE = 1_000

/** Lanes of one account as this process knows them. */
export class OpenLanes {
  readonly #lanes: LaneManager
  readonly #reads: Pick<PrivateReads, 'lanes' | 'orders'>
  /** Lanes with a request on its way: a refresh must not free them. */
  readonly #inFlight = new Set<number>()
  #synced: Promise<void> | undefined

  constructor(reads: Pick<PrivateReads, 'lanes' | 'orders'>, options?: LaneManagerOptions) {
    this.#reads = reads
    this.#lanes = new LaneManager(options)
  }

  /** How many lanes are free. */
  get free(): number {
    return this.#lanes.free
  }

  /** Reads the exchange's view once; later calls return at once. */
  sync(): Promise<void> {
    if (this.#synced === undefined) {
      this.#synced = this.refresh()
      this.#synced.catch(() => {
        this.#synced = undefined
      })
    }
    return this.#synced
  }

  /** A free lane. @throws RangeError when every lane holds a live order */
  async take(): Promise<LaneSlot> {
    await this.sync()
    let slot = this.#lanes.take()
    if (slot === undefined) {
      await this.refresh()
      slot = this.#lanes.take()
    }
    if (slot === undefined) throw new RangeError('every lane of this account holds a live order')
    this.#inFlight.add(slot.lane)
    return slot
  }

  /** The next sequence number in the lane of a live order. */
  async advance(order: Pick<OrderObject, 'lane' | 'laneSeq'>): Promise<LaneSlot> {
    await this.sync()
    this.#lanes.observe(order.lane, order.laneSeq)
    const slot = this.#lanes.advance(order.lane)
    this.#inFlight.add(slot.lane)
    return slot
  }

  /** What became of an order: its lane is held while it is open. */
  observe(order: OrderObject): void {
    this.#inFlight.delete(order.lane)
    this.#lanes.observe(order.lane, order.laneSeq)
    if (order.status === 'open') this.#lanes.occupy(order.lane)
    else this.#lanes.release(order.lane)
  }

  /** The request failed without a trace: the lane is free again, its sequence number is not used twice. */
  release(lane: number): void {
    this.#inFlight.delete(lane)
    this.#lanes.release(lane)
  }

  /** Something else holds the lane, or nobody knows: kept until the next refresh. */
  hold(lane: number): void {
    this.#inFlight.delete(lane)
    this.#lanes.occupy(lane)
  }

  /** Reads used lanes and open orders again. */
  async refresh(): Promise<void> {
    const before = new Set(this.#inFlight)
    const [seqs, open] = await Promise.all([this.#reads.lanes(), this.#openOrders()])
    for (const [lane, seq] of Object.entries(seqs)) this.#lanes.observe(Number(lane), seq)
    const live = new Set(open.map((order) => order.lane))
    for (let lane = 0; lane < this.#lanes.end; lane++)
      if (live.has(lane)) this.#lanes.occupy(lane)
      else if (!before.has(lane) && !this.#inFlight.has(lane)) this.#lanes.release(lane)
  }

  async #openOrders(): Promise<OrderObject[]> {
    const orders: OrderObject[] = []
    let cursor: string | undefined
    do {
      const page = await this.#reads.orders({
        status: 'open',
        limit: PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      })
      orders.push(...page.items)
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
    return orders
  }
}
