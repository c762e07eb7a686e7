//! Turns a tape into what is sent: who places each order, in which lane, and what must come back.
import type { LaneManager, NewOrder } from '@plumb/sdk'
import { filledByLine, TapeAccounts, type TapeSeats } from './tape-accounts.ts'
import { TapeBook, type TapeResult, tapeFills } from './tape-book.ts'
import type { Tape, TapeCommand, TapeFill, TapePlacement } from './tape-file.ts'
import type { TapeScale } from './tape-market.ts'

/** A plain limit order. */
export type TapeOrder = NewOrder & { price: string }

/** An order's place in its account. */
export type TapeSlot = { account: number; lane: number; seq: number }
/** A fill as it must come back: the maker by the line that placed it. */
type ExpectedFill = { makerLine: number; px: number; qty: number }

/** One request of the replay. `line` is the tape's line, `orderLine` the line that placed the order meant. */
export type TapeStep =
  | { kind: 'place'; line: number; slot: TapeSlot; order: TapeOrder; expected: ExpectedFill[] }
  | { kind: 'cancel'; line: number; account: number; orderLine: number }
  | { kind: 'edit'; line: number; slot: TapeSlot; order: TapeOrder; orderLine: number }

export type TapePlan = {
  steps: TapeStep[]
  /** Book after the last step, as the tape's CRC-32. */
  crc32: string
  /** Largest number of resting orders at once. */
  liveMax: number
  /** Tape id of the order placed at a line. */
  idOfLine: Map<number, number>
}

type Applied = { command: TapeCommand; result: TapeResult }

/**
 * Plans a whole tape against the lanes of the accounts that will play it. Deterministic.
 *
 * @throws Error when the tape contradicts itself (a fill that price-time priority does not give)
 */
export function planTape(
  tape: Tape,
  market: string,
  scale: TapeScale,
  lanes: readonly LaneManager[],
  seats?: TapeSeats,
): TapePlan {
  const book = new TapeBook()
  let liveMax = 0
  const applied = tape.commands.map((command) => {
    const result = snapshot(book.apply(command))
    liveMax = Math.max(liveMax, book.size)
    checkFills(command, result)
    return { command, result }
  })
  const planner = new Planner(market, scale, lanes, new TapeAccounts(seats), filledByLine(applied))
  const steps = applied.map((step) => planner.step(step))
  return { steps, crc32: book.crc32(), liveMax, idOfLine: planner.idOfLine }
}

class Planner {
  readonly idOfLine = new Map<number, number>()
  readonly #market: string
  readonly #scale: TapeScale
  readonly #lanes: readonly LaneManager[]
  readonly #accounts: TapeAccounts
  readonly #filled: Map<number, number>
  /** Slots of the orders that rest, by the line that placed them. */
  readonly #slots = new Map<number, TapeSlot>()

  constructor(
    market: string,
    scale: TapeScale,
    lanes: readonly LaneManager[],
    accounts: TapeAccounts,
    filled: Map<number, number>,
  ) {
    this.#market = market
    this.#scale = scale
    this.#lanes = lanes
    this.#accounts = accounts
    this.#filled = filled
  }

  step({ command, result }: Applied): TapeStep {
    const { line } = command
    for (const { maker } of result.matches) if (maker.qty === 0) this.#gone(maker.line)
    if ('side' in command) return this.#place(command, result)
    const order = result.order
    if (order === undefined) throw new Error(`line ${line} names no order`)
    if (command.op === 'cancel' || order.qty === 0) {
      const account = this.#accounts.of(order.line)
      this.#gone(order.line)
      return { kind: 'cancel', line, account, orderLine: order.line }
    }
    const { account, lane } = this.#slot(order.line)
    const slot = { account, ...this.#lanesOf(account).advance(lane) }
    const edited = this.#order(order.side, order.px, order.qty)
    return { kind: 'edit', line, slot, order: edited, orderLine: order.line }
  }

  #place(command: TapePlacement, result: TapeResult): TapeStep {
    const { line, side, px } = command
    const makerLines = result.matches.map(({ maker }) => maker.line)
    const account = this.#accounts.choose(command, makerLines, this.#filled.get(line) ?? 0)
    const taken = this.#lanesOf(account).take()
    if (taken === undefined) throw new Error(`line ${line}: account ${account} has no free lane`)
    const slot = { account, ...taken }
    const rests = result.order !== undefined && result.order.qty > 0
    if (rests) this.#slots.set(line, slot)
    else this.#lanesOf(account).release(taken.lane)
    if (!rests && result.order !== undefined) this.#accounts.gone(line)
    if (result.order !== undefined) this.idOfLine.set(line, result.order.id)
    const order: TapeOrder = {
      ...this.#order(side, px, command.qty),
      ...(command.op === 'take' ? { timeInForce: 'IOC' } : {}),
    }
    const expected = result.matches.map((match) => ({
      makerLine: match.maker.line,
      px: match.px,
      qty: match.qty,
    }))
    return { kind: 'place', line, slot, order, expected }
  }

  #order(side: 'B' | 'S', px: number, qty: number): TapeOrder {
    return {
      market: this.#market,
      side: side === 'B' ? 'buy' : 'sell',
      price: this.#scale.price(px),
      amount: this.#scale.amount(qty),
    }
  }

  #gone(line: number): void {
    const { account, lane } = this.#slot(line)
    this.#lanesOf(account).release(lane)
    this.#accounts.gone(line)
    this.#slots.delete(line)
  }

  #slot(line: number): TapeSlot {
    const slot = this.#slots.get(line)
    if (slot === undefined) throw new Error(`the order of line ${line} does not rest`)
    return slot
  }

  #lanesOf(account: number): LaneManager {
    const lanes = this.#lanes[account]
    if (lanes === undefined) throw new Error(`no account ${account}`)
    return lanes
  }
}

/** The book changes its orders in place: what the plan needs is how they were after this command. */
function snapshot({ matches, order }: TapeResult): TapeResult {
  return {
    matches: matches.map((match) => ({ ...match, maker: { ...match.maker } })),
    order: order === undefined ? undefined : { ...order },
  }
}

function checkFills(command: TapeCommand, result: TapeResult): void {
  if (!('fills' in command)) return
  const given = JSON.stringify(tapeFills(result.matches))
  const wanted: TapeFill[] = command.fills
  if (given !== JSON.stringify(wanted))
    throw new Error(
      `line ${command.line}: price-time priority gives ${given}, the tape ${JSON.stringify(wanted)}`,
    )
}
