//! What is kept of each account's headroom (headroom.ts), and what lowers it.

/** Doubles of an account's entry. */
export const HEADROOM_D = 4
/** Eₒ − cash − Σ R when it was measured, less what was taken off since. */
export const H_BASE = 0
/** Σ (|lots| + lots of open orders) at the worse of mark and mean, and funding due. */
export const H_EXPOSED = 1
/** `drift` as of the measurement; −Infinity: not measured. */
export const H_SINCE = 2

export type Headroom = {
  readonly f64: Float64Array
  /** Sum of the largest moves so far, each a part of the market's mark. */
  drift: number
  /** How far each market has moved since any account was last measured, and the most of these. */
  readonly moved: Float64Array
  mostMoved: number
  /** Second until which no market that anybody holds gets a stale mark. */
  freshUntilS: number
  /** Time until which settlement is not stopped, ms. */
  settlesUntilMs: number
}

export function createHeadroom(homes: number, markets: number): Headroom {
  return {
    f64: new Float64Array(homes * HEADROOM_D).fill(-Infinity),
    drift: 0,
    moved: new Float64Array(markets),
    mostMoved: 0,
    freshUntilS: 0,
    settlesUntilMs: 0,
  }
}

/** The account's bound is no longer known. */
export function forgetHeadroom({ f64 }: Headroom, account: number): void {
  f64[account * HEADROOM_D + H_SINCE] = -Infinity
}

/** Margin itself has changed: no account's bound is known. */
export function forgetAllHeadroom(headroom: Headroom): void {
  headroom.drift += 1
}

/** Marks or funding index of a market have moved by this part of the mark. */
export function noteMove(headroom: Headroom, market: number, part: number): void {
  const moved = headroom.moved[market]! + part
  headroom.moved[market] = moved
  if (moved <= headroom.mostMoved) return
  headroom.drift += moved - headroom.mostMoved
  headroom.mostMoved = moved
}

/** An account has been measured: what markets moved before is in its bound. */
export function beginMoves(headroom: Headroom): void {
  if (headroom.mostMoved === 0) return
  headroom.moved.fill(0)
  headroom.mostMoved = 0
}

/** Takes off what an order or fill of the common path costs at most, and adds what it exposes. */
export function lowerHeadroom(
  { f64 }: Headroom,
  account: number,
  cost: number,
  exposed: number,
): void {
  const h = account * HEADROOM_D
  f64[h + H_BASE] = f64[h + H_BASE]! - cost
  f64[h + H_EXPOSED] = f64[h + H_EXPOSED]! + exposed
}
