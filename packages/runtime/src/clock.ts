//! Time as a service reads it; the engine's time comes from the sequencer's stamps instead.

/** Two clocks: the wall, which may jump, and one that only runs forward. */
export type Clock = {
  /** Wall time, milliseconds since 1970. */
  nowMs(): number
  /** Milliseconds since some fixed moment; never falls, unaffected by clock corrections. */
  monotonicMs(): number
}

/** The machine's clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}

/** A clock that stands until a test moves it. */
export type ManualClock = Clock & {
  /** Both clocks move on. */
  advance(milliseconds: number): void
  /** Only the wall jumps. */
  jumpWall(milliseconds: number): void
}

/** @example const clock = createManualClock(1_700_000_000_000); clock.advance(1_000) */
export const createManualClock = (startMs: number): ManualClock => {
  let wall = startMs
  let monotonic = 0
  return {
    nowMs: () => wall,
    monotonicMs: () => monotonic,
    advance: (milliseconds) => {
      wall += milliseconds
      monotonic += milliseconds
    },
    jumpWall: (milliseconds) => {
      wall += milliseconds
    },
  }
}
