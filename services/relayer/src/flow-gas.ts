//! What settling the events of the feed will cost, before they are in a batch: as in chain's batch-gas.ts, an order, an account
//! and its lane cost once for each batch they will stand in, a fill next to nothing.
import { decodeEvent, EVENT_STRIDE, eventHeader, eventKind } from '@plumb/model'

/** Orders with their lane slots, accounts with a few positions, fills, and what a batch costs by itself. */
const GAS = { order: 11_250, account: 8_000, fill: 660, batch: 65_000 }
/** As much as one batch takes; then everything counts anew. */
const WINDOW_FILLS = 500

/** What settling each of the rarer takes, gas: from the snapshots of contracts/, with its share of segment and batch. */
const gasByKind: Record<number, number> = {
  [eventKind.LiquidationFilled]: 100_000,
  [eventKind.PositionTakenOver]: 150_000,
  [eventKind.AdlExecuted]: 60_000,
  [eventKind.OrderTriggered]: 25_000,
  [eventKind.WithdrawalAccepted]: 90_000,
  [eventKind.TransferBooked]: 110_000,
  [eventKind.InsuranceFunded]: 90_000,
  [eventKind.PositionReduced]: 160_000,
  [eventKind.PositionSettled]: 40_000,
}

/** @example gas += flow.of(events) // the event records of one command */
export class FlowGas {
  readonly #orders = new Set<number>()
  readonly #accounts = new Set<number>()
  #fills = 0

  /** Gas that these events add to what waits; in the order of the feed. */
  of(events: Uint8Array): number {
    const view = new DataView(events.buffer, events.byteOffset, events.byteLength)
    let gas = 0
    for (let at = 0; at < events.length; at += EVENT_STRIDE) {
      const kind = view.getInt32(at + eventHeader.kindI32 * 4, true)
      gas += kind === eventKind.TradeExecuted ? this.#trade(events, at) : (gasByKind[kind] ?? 0)
    }
    return gas
  }

  /** What comes from now on will stand in another batch. */
  begin(): void {
    this.#orders.clear()
    this.#accounts.clear()
    this.#fills = 0
  }

  #trade(events: Uint8Array, at: number): number {
    const trade = decodeEvent(events, at)
    if (trade.kind !== 'TradeExecuted') return 0
    if (this.#fills === WINDOW_FILLS) this.begin()
    this.#fills += 1
    const { takerOrderId, makerOrderId, takerAccountId, makerAccountId } = trade
    return (
      GAS.fill +
      (this.#fills === 1 ? GAS.batch : 0) +
      GAS.order * countNew(this.#orders, [takerOrderId, makerOrderId]) +
      GAS.account * countNew(this.#accounts, [takerAccountId, makerAccountId])
    )
  }
}

/** Adds them, and answers how many were not there. */
function countNew(known: Set<number>, ids: readonly number[]): number {
  const before = known.size
  for (const id of ids) known.add(id)
  return known.size - before
}
