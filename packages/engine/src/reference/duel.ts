//! The fast engine against the reference: the same commands, every event, every hash; and the shortest list that differs.
import {
  type Command,
  CommandBuffer,
  decodeCommand,
  decodeEvents,
  type EngineEvent,
  EVENT_STRIDE,
  encodeCommand,
  type StateHash,
} from '@plumb/model'
import { createEngine, type Engine, restoreEngine } from '../engine.ts'
import type { EngineLimits } from '../engine-limits.ts'
import { CommandStream } from './command-stream.ts'
import { InvariantWatch } from './invariant-watch.ts'
import { checkHeadroom, checkInvariants } from './invariants.ts'
import { ReferenceEngine } from './reference-engine.ts'
import { streamProfiles } from './stream-profiles.ts'

/** A command with the time at which it comes. */
export type Timed = { timeMs: number; command: Command }

/** Both engines side by side. */
export class Duel {
  readonly limits: Partial<EngineLimits>
  engine: Engine
  readonly reference: ReferenceEngine
  readonly #buffer = new CommandBuffer(1)

  constructor(engineLimits: Partial<EngineLimits>) {
    this.limits = engineLimits
    this.engine = createEngine(engineLimits)
    this.reference = new ReferenceEngine(engineLimits)
  }

  /** Applies one command to both; `difference` names the first event that is not the same. */
  step({ timeMs, command }: Timed): { events: EngineEvent[]; difference: string | undefined } {
    const stored = encodeCommand(command, this.engine.seq + 1, timeMs)
    this.#buffer.load(0, stored)
    this.engine.events.clear()
    const failures: string[] = []
    try {
      this.engine.readAhead(this.#buffer, 0, 1)
      this.engine.apply(this.#buffer, 0)
    } catch (error) {
      failures.push(`engine    threw ${String(error)}`)
    }
    let expected: Uint8Array[] = []
    try {
      expected = this.reference.apply(decodeCommand(stored))
    } catch (error) {
      failures.push(`reference threw ${error instanceof Error ? error.stack : String(error)}`)
    }
    const bytes = this.engine.events.bytes()
    const difference = failures.length > 0 ? failures.join('\n') : firstDifference(bytes, expected)
    return { events: difference === undefined ? decodeEvents(bytes) : [], difference }
  }

  /** Whether both states have the same hash. */
  hashDifference(): string | undefined {
    const own = this.engine.stateHash()
    const theirs = this.reference.stateHash()
    if (own.hi === theirs.hi && own.lo === theirs.lo) return undefined
    return `state hash: engine ${own.hi}:${own.lo}, reference ${theirs.hi}:${theirs.lo}`
  }

  /** Goes on with the engine that a snapshot of this one restores. */
  restore(): void {
    this.engine = restoreEngine(this.engine.snapshot())
  }
}

/** Names the first record that differs, as the engine wrote it and as the reference did. */
function firstDifference(bytes: Uint8Array, expected: readonly Uint8Array[]): string | undefined {
  for (let i = 0; i < Math.max(expected.length, bytes.length / EVENT_STRIDE); i++) {
    const record = bytes.subarray(i * EVENT_STRIDE, (i + 1) * EVENT_STRIDE)
    const wanted = expected[i] ?? new Uint8Array(0)
    if (record.length === wanted.length && record.every((byte, at) => byte === wanted[at])) continue
    const shown = [record, wanted].map((r) =>
      r.length === 0 ? 'nothing' : JSON.stringify(decodeEvents(r)[0]),
    )
    return `event ${i}\nengine    ${shown[0]}\nreference ${shown[1]}`
  }
  return undefined
}

export type StreamRun = {
  seed: number
  profile: string
  commands: number
  /** Hashes and invariants of the state after every so many commands. */
  hashEvery: number
  /** So many of the first commands are checked one by one, by the engine's own reads too. */
  checkedUntil: number
  /**
   * Whether every command is checked, not only by its events: the named invariants of the state hold after it, and it left
   * the hash as it was if it was refused. Not given: in streams of odd seeds; in the others what changed piles up between
   * two hashes.
   */
  watched?: boolean
  /** Told what each command led to, for the count of outcomes. */
  note?: (command: Command, events: readonly EngineEvent[]) => void
}

/** Plays a stream on both engines; answers the first difference with all that led to it, or undefined. */
export function playStream(run: StreamRun): { text: string; history: Timed[] } | undefined {
  const profile = streamProfiles[run.profile]
  if (profile === undefined) throw new RangeError(`no profile ${run.profile}`)
  const duel = new Duel(profile.limits)
  const stream = new CommandStream(run.seed, profile)
  const watch = new InvariantWatch()
  const history: Timed[] = []
  const watched = run.watched ?? run.seed % 2 === 1
  const restoreEvery = 700 + (run.seed % 97) * 11
  let before: StateHash | undefined
  for (let seq = 1; seq <= run.commands; seq++) {
    const command = stream.next()
    const timed = { timeMs: stream.timeMs, command }
    history.push(timed)
    const { events, difference } = duel.step(timed)
    run.note?.(command, events)
    stream.observe(events)
    const checked = seq <= run.checkedUntil
    const hashed = checked || seq % run.hashEvery === 0 || seq === run.commands
    const after = watched || checked ? duel.engine.stateHash() : undefined
    const found =
      difference ??
      broken(() => watch.follow(duel.reference.state, events, command)) ??
      broken(() => checkHeadroom(duel.engine)) ??
      (hashed ? duel.hashDifference() : undefined) ??
      (hashed || watched ? broken(() => watch.check(duel.reference.state)) : undefined) ??
      (checked || seq === run.commands ? broken(() => checkInvariants(duel.engine)) : undefined) ??
      (events[0]?.kind === 'CommandRejected' ? stateMoved(before, after) : undefined)
    if (found !== undefined)
      return { text: `profile ${run.profile} seed ${run.seed} seq ${seq}: ${found}`, history }
    before = after
    if (seq % restoreEvery === 0) duel.restore()
  }
  return undefined
}

function broken(check: () => void): string | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    return String(error)
  }
}

/** Undefined too where one of the hashes was not taken. */
const stateMoved = (before: StateHash | undefined, after: StateHash | undefined) =>
  before === undefined || after === undefined || (before.hi === after.hi && before.lo === after.lo)
    ? undefined
    : 'a refused command moved the state'

/** Whether a list of commands alone makes the engines differ. */
function differs(history: readonly Timed[], engineLimits: Partial<EngineLimits>): boolean {
  const duel = new Duel(engineLimits)
  const watch = new InvariantWatch()
  for (const timed of history) {
    const { events, difference } = duel.step(timed)
    if (difference !== undefined) return true
    const { state } = duel.reference
    if (broken(() => watch.follow(state, events, timed.command)) !== undefined) return true
    if (broken(() => watch.check(duel.reference.state)) !== undefined) return true
  }
  return (
    duel.hashDifference() !== undefined || broken(() => checkInvariants(duel.engine)) !== undefined
  )
}

/** Drops commands, in ever smaller chunks, for as long as the rest still makes the engines differ. */
export function shrink(
  history: readonly Timed[],
  engineLimits: Partial<EngineLimits>,
  attemptsMax = 600,
): Timed[] {
  let kept = [...history]
  let attempts = 0
  for (let chunk = Math.ceil(kept.length / 2); chunk >= 1; chunk = Math.floor(chunk / 2)) {
    for (let at = 0; at < kept.length && attempts < attemptsMax; ) {
      const without = kept.toSpliced(at, chunk)
      attempts++
      if (differs(without, engineLimits)) kept = without
      else at += chunk
    }
  }
  return kept
}

/** A command list as lines of JSON, without what is empty; of bytes the first is enough to tell them apart. */
export function printCommands(history: readonly Timed[]): string {
  return history
    .map(({ timeMs, command }) => {
      const shown = Object.entries(command)
        .map(([name, value]) => [name, value instanceof Uint8Array ? (value[0] ?? 0) : value])
        .filter(([, value]) => value !== '' && value !== 0)
      return JSON.stringify({ timeMs, ...Object.fromEntries(shown) })
    })
    .join('\n')
}
