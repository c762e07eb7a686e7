//! Chooses the account of every order of a tape so that nobody trades with himself and positions stay small.
import type { TapeResult } from './tape-book.ts'
import type { TapeCommand, TapePlacement } from './tape-file.ts'

/** Accounts that only rest orders, and accounts for orders that take (some of which rest afterwards). */
export type TapeSeats = { makers: number; takers: number }

/** What the recorded tapes need: AMZN has 7,300 live orders, and no account holds more than 1,024. */
export const tapeSeats: TapeSeats = { makers: 12, takers: 3 }

/** Live orders that one account takes: some of its 1,024 lanes stay free. */
const LIVE_MAX = 1_000

type Seat = { live: number; position: number }

/**
 * Hands out accounts, knowing in advance (from the plain book's pass) how much of each order will be filled. Account
 * numbers: makers first, then takers.
 */
export class TapeAccounts {
  readonly #seats: Seat[]
  readonly #makers: number
  readonly #byLine = new Map<number, number>()

  constructor({ makers, takers }: TapeSeats = tapeSeats) {
    this.#makers = makers
    this.#seats = Array.from({ length: makers + takers }, () => ({ live: 0, position: 0 }))
  }

  /** Signed quantity that each account has in the end. */
  get positions(): number[] {
    return this.#seats.map(({ position }) => position)
  }

  /** The account of the order placed at `line`. @throws Error when it was not placed */
  of(line: number): number {
    const account = this.#byLine.get(line)
    if (account === undefined) throw new Error(`no order was placed at line ${line}`)
    return account
  }

  /**
   * Chooses an account for the order of a command: never one of its makers', with room for it if it rests, and then the
   * one whose position its fills bring closest to zero.
   *
   * @param makerLines lines of the orders it will meet
   * @param filled quantity it will trade during the whole tape
   * @throws Error when no account is left
   */
  choose(command: TapePlacement, makerLines: readonly number[], filled: number): number {
    const rests = command.op !== 'take'
    const forbidden = new Set(makerLines.map((line) => this.of(line)))
    const takers = makerLines.length > 0 || !rests
    const signed = command.side === 'B' ? filled : -filled
    let best: number | undefined
    const order = this.#candidates(takers)
    for (const account of order) {
      const seat = this.#seats[account]
      if (seat === undefined || forbidden.has(account)) continue
      if (rests && seat.live >= LIVE_MAX) continue
      if (best === undefined || this.#better(seat, this.#seats[best], signed)) best = account
    }
    if (best === undefined) throw new Error(`line ${command.line}: no account can place the order`)
    const seat = this.#seats[best]
    if (seat !== undefined) {
      seat.position += signed
      if (rests) seat.live++
    }
    this.#byLine.set(command.line, best)
    return best
  }

  /** The order placed at `line` rests no longer. */
  gone(line: number): void {
    const seat = this.#seats[this.of(line)]
    if (seat !== undefined) seat.live--
  }

  #candidates(takers: boolean): number[] {
    const all = this.#seats.map((_, account) => account)
    return takers ? all.slice(this.#makers) : all.slice(0, this.#makers)
  }

  #better(seat: Seat, best: Seat | undefined, signed: number): boolean {
    if (best === undefined) return true
    const distance = Math.abs(seat.position + signed) - Math.abs(seat.position)
    const bestDistance = Math.abs(best.position + signed) - Math.abs(best.position)
    if (distance !== bestDistance) return distance < bestDistance
    return seat.live < best.live
  }
}

/** How much of the order placed at each line trades during the whole tape. */
export function filledByLine(steps: readonly { command: TapeCommand; result: TapeResult }[]) {
  const filled = new Map<number, number>()
  const add = (line: number, qty: number) => filled.set(line, (filled.get(line) ?? 0) + qty)
  for (const { command, result } of steps)
    for (const { maker, qty } of result.matches) {
      add(maker.line, qty)
      add(result.order?.line ?? command.line, qty)
    }
  return filled
}
