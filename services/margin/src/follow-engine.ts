//! A second engine, fed by the feed, that must agree with the first one in every byte.
import { createEngine, type Engine } from '@plumb/engine'
import { CommandBuffer, type Seq } from '@plumb/model'
import type { FeedGroup, StateHash } from '@plumb/runtime'
import { RiskWatch } from './risk-watch.ts'

/** The feed and our engine disagree: one of them is wrong, and nothing after this can be trusted. */
class DivergenceError extends Error {
  readonly code = 'ENGINE_DIVERGED'
  readonly seq: Seq

  constructor(seq: Seq, what: string) {
    super(`the engines diverge at command ${seq}: ${what}`)
    this.name = 'DivergenceError'
    this.seq = seq
  }
}

/** An engine that follows. Between groups it stands at the end of a durable group. */
export type EngineFollower = {
  readonly engine: Engine
  readonly watch: RiskWatch
  /** Hash of our own state after the last group. */
  readonly stateHash: StateHash
  readonly chainHash: Uint8Array
  /** Commands applied since the start of the process. */
  readonly applied: number
  /** @throws DivergenceError */
  take(group: FeedGroup): void
}

/** 64 bits as 16 hex digits. */
export const hexHash = ({ hi, lo }: StateHash) =>
  (hi >>> 0).toString(16).padStart(8, '0') + (lo >>> 0).toString(16).padStart(8, '0')

/**
 * @param engine restored from a snapshot; a new one by default
 * @param watch of the same snapshot; told of every command
 */
export const followEngine = (
  engine: Engine = createEngine(),
  chainHash: Uint8Array = new Uint8Array(32),
  watch: RiskWatch = new RiskWatch(),
): EngineFollower => {
  const slots = new CommandBuffer(1)
  let lastChainHash = chainHash
  let stateHash = engine.stateHash()
  let applied = 0
  return {
    engine,
    watch,
    get stateHash() {
      return stateHash
    },
    get chainHash() {
      return lastChainHash
    },
    get applied() {
      return applied
    },
    take: (group) => {
      for (const { seq, command, events } of group.entries) {
        if (engine.seq + 1 !== seq)
          throw new DivergenceError(seq, `our engine stands at ${engine.seq}`)
        slots.load(0, command)
        engine.events.clear()
        engine.apply(slots, 0)
        const own = engine.events.bytes()
        if (Buffer.compare(own, events) !== 0)
          throw new DivergenceError(seq, firstDifference(own, events))
        watch.take(engine, slots.kind(0), own)
        applied += 1
      }
      stateHash = engine.stateHash()
      const { hi, lo } = group.stateHash
      if (stateHash.hi >>> 0 !== hi >>> 0 || stateHash.lo >>> 0 !== lo >>> 0)
        throw new DivergenceError(
          group.lastSeq,
          `state hash ${hexHash(stateHash)}, the feed has ${hexHash(group.stateHash)}`,
        )
      lastChainHash = group.chainHash
    },
  }
}

const firstDifference = (own: Uint8Array, events: Uint8Array): string => {
  const length = Math.min(own.length, events.length)
  for (let i = 0; i < length; i++)
    if (own[i] !== events[i]) return `events differ at byte ${i} of ${events.length}`
  return `${own.length} bytes of events, the feed has ${events.length}`
}
