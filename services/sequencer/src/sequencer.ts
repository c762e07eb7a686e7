//! The single writer: gives every command its place and time, applies it, journals it, and lets
//! answers and feed out once the batch is durable.
//!
//! A unit is what came while the batch before it was on its way to the disk, or in one turn of the event
//! loop. It is applied first and journaled at once after, both before the next turn; where many commands
//! wait, the disk works while they are applied. A command on which the engine throws is therefore never
//! in the journal, and the state hash after a unit stands in its own batch. Nothing of a unit leaves before
//! its commit: no answer, no feed, no snapshot.
import type { Engine } from '@plumb/engine'
import type { Commit, Journal, JournalRecord } from '@plumb/journal'
import type { StateHash } from '@plumb/model'
import { CommandBuffer, commandBytes, commandKind, EVENT_STRIDE, header } from '@plumb/model'
import type { Peer, ReplyBatch, RoleHandler } from '@plumb/runtime'
import {
  createFeedEntriesWriter,
  createReplyBatch,
  encodeFeedGroupEnd,
  FrameError,
  FrameType,
  faultPoint,
  ReplyStatus,
  visitCommands,
} from '@plumb/runtime'
import type { FeedGroupBytes } from './feed-log.ts'
import { GatherPace } from './gather-pace.ts'
import type { StampClock } from './stamp-clock.ts'
import type { HaltReason, Telemetry } from './telemetry.ts'
import { isRejection, kindCount, stage } from './telemetry.ts'

/** How a sequencer is made. */
export type SequencerOptions = {
  engine: Engine
  journal: Journal
  clock: StampClock
  telemetry: Telemetry
  /** Commands that wait for their commit before orders are refused. */
  inboxMax: number
  /** More room that only commands other than orders may use. */
  inboxReserved: number
  unitMax?: number
  /** Why commands of this kind are not taken now, if they are not. */
  halted: (isOrder: boolean) => HaltReason | undefined
  /** A durable batch: to the feed log and the followers. */
  onGroup: (group: FeedGroupBytes) => void
  onFatal: (error: unknown) => void
}

/** Where a command came from; genesis comes from nobody. */
type Origin = { peer: Peer | undefined; id: number }

/** `eventsAt`, `eventsBytes`: where its events stand in the unit's frame. */
type Reply = Origin & { seq: number; timeMs: number; eventsAt: number; eventsBytes: number }

/** Decided, not yet durable. */
type Unit = {
  firstSeq: number
  lastSeq: number
  count: number
  /** The feed's entries. */
  frame: Buffer
  replies: Reply[]
  stateHash: StateHash
  appliedAt: number
  journaledAt: number
}

/** Kinds that add risk: the first to be refused under overload. */
const orderKinds: ReadonlySet<number> = new Set([
  commandKind.PlaceOrder,
  commandKind.AmendOrder,
  commandKind.PlaceAdvancedOrder,
])

/** A unit is closed when its feed frame is longer than this; one command adds 160 kB at most. */
const unitBytesMax = 8 * 1024 * 1024
/** Commands whose records the engine fetches together. */
const readAhead = 32
/** As many commands are applied although a batch is on its way: fewer would only make more units of the same work. */
const gatherMax = 256
/** Answers of one batch are cut into frames of about this. */
const replyFrameBytesMax = 1024 * 1024
/** Answers that a peer does not read. */
const unreadBytesMax = 64 * 1024 * 1024

const nobody: Origin = { peer: undefined, id: 0 }
const noEvents = new Uint8Array(0)

/** The running sequencer. */
export class Sequencer {
  private readonly options: SequencerOptions
  private readonly inbox: CommandBuffer
  private readonly origins: Origin[] = []
  /** When each command of the inbox came. */
  private readonly cameAt: Float64Array
  private readonly writer = createFeedEntriesWriter()
  private readonly kinds = new Uint32Array(kindCount)
  private readonly units: Unit[] = []
  private readonly unitMax: number
  private readonly pace = new GatherPace()
  private scheduled = false
  private waitingCommands = 0
  private lastCommit: Promise<Commit> | undefined
  private lastRelease: Promise<void> | undefined
  private stopped = false

  constructor(options: SequencerOptions) {
    this.options = options
    this.unitMax = options.unitMax ?? 4_096
    this.inbox = new CommandBuffer(this.unitMax)
    this.cameAt = new Float64Array(this.unitMax)
  }

  /** Commands taken in and not durable yet. */
  get waiting(): number {
    return this.waitingCommands
  }

  /** What the transport server needs. */
  get role(): RoleHandler {
    return { onPeer: () => {}, onFrame: (peer, type, payload) => this.onFrame(peer, type, payload) }
  }

  private onFrame(peer: Peer, type: number, payload: Buffer): void {
    if (type !== FrameType.Commands)
      throw new FrameError('FRAME_MALFORMED', `a frame of type ${type} where commands belong`)
    const nowMs = performance.now()
    let refused: ReplyBatch | undefined
    visitCommands(payload, (id, command) => {
      const status = this.admit(command)
      if (status === ReplyStatus.Ok) this.take({ peer, id }, command, nowMs)
      else {
        refused ??= createReplyBatch()
        refused.add(id, status, 0, 0, noEvents)
      }
    })
    const frame = refused?.take()
    if (frame !== undefined) peer.socket.sendEncoded(frame)
  }

  /** What can be refused without the engine never reaches the journal. */
  private admit(command: Buffer): ReplyStatus {
    const { telemetry, inboxMax, inboxReserved } = this.options
    const kind = command.length < 32 ? 0 : command.readInt32LE(header.kindI32 * 4)
    const isKnown = kind > 0 && command.length === commandBytes(kind)
    // Genesis comes from its file only, once.
    if (!isKnown || kind === commandKind.Genesis) {
      telemetry.refused('invalid')
      return ReplyStatus.Invalid
    }
    const isOrder = orderKinds.has(kind)
    if (this.stopped || this.waitingCommands >= inboxMax + (isOrder ? 0 : inboxReserved)) {
      telemetry.refused('overloaded')
      return ReplyStatus.Overloaded
    }
    const halt = this.options.halted(isOrder)
    if (halt !== undefined) {
      telemetry.refused(halt)
      return ReplyStatus.Overloaded
    }
    return ReplyStatus.Ok
  }

  private take(origin: Origin, command: Uint8Array, nowMs: number): void {
    this.inbox.load(this.origins.length, command)
    this.cameAt[this.origins.length] = nowMs
    this.origins.push(origin)
    this.waitingCommands += 1
    faultPoint('sequencer:command-taken')
    if (this.origins.length === this.unitMax) this.applyInbox()
    else this.schedule()
  }

  /** The inbox is applied when the batch on its way is durable, after this turn if there is none, or a little later. */
  private schedule(): void {
    if (this.scheduled || this.origins.length === 0) return
    if (this.units.length > 0 && this.origins.length < gatherMax) return
    this.scheduled = true
    if (this.pace.waits(performance.now())) setTimeout(this.onDue, 1)
    // After all sockets of this turn were read: their commands share one unit.
    else setImmediate(this.onDue)
  }

  private readonly onDue = (): void => {
    this.scheduled = false
    if (this.origins.length > 0) this.applyInbox()
  }

  /** Stamps, applies and journals what is in the inbox: one unit, or more if it made many events. */
  private applyInbox(): void {
    const origins = this.origins.splice(0)
    this.pace.applied(origins.length, performance.now())
    const timeMs = this.options.clock.nextMs()
    for (let slot = 0; slot < origins.length; ) slot = this.applyUnit(origins, slot, timeMs)
    this.options.telemetry.applied(this.kinds)
  }

  /** @returns the slot after the unit's last */
  private applyUnit(origins: readonly Origin[], fromSlot: number, timeMs: number): number {
    const { engine, journal, telemetry } = this.options
    const { stages } = telemetry
    const appliedAt = performance.now()
    const firstSeq = engine.seq + 1
    const records: JournalRecord[] = []
    const replies: Reply[] = []
    let rejected = 0
    let slot = fromSlot
    while (slot < origins.length && this.writer.bytes < unitBytesMax) {
      if ((slot - fromSlot) % readAhead === 0)
        engine.readAhead(this.inbox, slot, Math.min(readAhead, origins.length - slot))
      const seq = engine.seq + 1
      const eventsAt = this.applyOne(slot, seq, timeMs, records)
      if (isRejection(engine.events)) rejected += 1
      const { peer, id } = origins[slot] ?? nobody
      const eventsBytes = engine.events.count * EVENT_STRIDE
      if (peer !== undefined) replies.push({ peer, id, seq, timeMs, eventsAt, eventsBytes })
      stages.took(stage.gather, appliedAt - (this.cameAt[slot] ?? appliedAt))
      slot += 1
    }
    faultPoint('sequencer:unit-applied')
    const frame = this.writer.take()
    const stateHash = engine.stateHash()
    const lastSeq = engine.seq
    const count = slot - fromSlot
    const journaledAt = performance.now()
    stages.took(stage.apply, journaledAt - appliedAt, count)
    this.units.push({ firstSeq, lastSeq, count, frame, replies, stateHash, appliedAt, journaledAt })
    if (rejected > 0) telemetry.rejected(rejected)
    this.releaseAfter(journal.append(records, { seq: lastSeq, ...stateHash }))
    faultPoint('sequencer:unit-journaled')
    return slot
  }

  /** @returns where the command's events stand in the unit's frame */
  private applyOne(slot: number, seq: number, timeMs: number, records: JournalRecord[]): number {
    const { engine } = this.options
    const kind = this.inbox.kind(slot)
    this.inbox.stamp(slot, seq, timeMs)
    engine.events.clear()
    engine.apply(this.inbox, slot)
    const payload = this.inbox.stored(slot)
    records.push({ seq, timeMs, kind, payload })
    this.kinds[kind] = (this.kinds[kind] ?? 0) + 1
    return this.writer.add(seq, payload, engine.events.bytes())
  }

  /** Units that share a batch share its promise: one continuation serves them all. */
  private releaseAfter(commit: Promise<Commit>): void {
    if (commit === this.lastCommit) return
    this.lastCommit = commit
    this.lastRelease = this.releaseOnce(commit)
  }

  private async releaseOnce(commit: Promise<Commit>): Promise<void> {
    try {
      this.release(await commit)
    } catch (error) {
      this.options.onFatal(error)
    }
  }

  /** A batch is durable: everything that waited for it leaves. */
  private release(commit: Commit): void {
    const batches = new Map<Peer, ReplyBatch>()
    const frames: Buffer[] = []
    let firstSeq: number | undefined
    let last: Unit | undefined
    for (let unit = this.units[0]; unit !== undefined; unit = this.units[0]) {
      if (unit.lastSeq > commit.lastSeq) break
      this.units.shift()
      last = unit
      firstSeq ??= unit.firstSeq
      frames.push(unit.frame)
      this.waitingCommands -= unit.count
      for (const reply of unit.replies) addReply(batches, unit.frame, reply)
      const { telemetry } = this.options
      const nowMs = performance.now()
      telemetry.stages.took(stage.commit, nowMs - unit.journaledAt, unit.count)
      telemetry.committed(unit.count, (nowMs - unit.appliedAt) / 1_000)
    }
    if (last?.lastSeq !== commit.lastSeq || firstSeq === undefined)
      throw new Error(`batch ${commit.firstSeq} to ${commit.lastSeq} is not a row of whole units`)
    faultPoint('sequencer:unit-durable')
    for (const [peer, batch] of batches) sendReplies(peer, batch)
    faultPoint('sequencer:unit-answered')
    const { lastSeq, chainHash } = commit
    frames.push(encodeFeedGroupEnd({ lastSeq, chainHash, stateHash: last.stateHash }))
    this.options.onGroup({ firstSeq, lastSeq, bytes: Buffer.concat(frames) })
    this.schedule()
  }

  /** Takes the first commands of an empty journal; resolves when they are durable. */
  async takeGenesis(commands: readonly Uint8Array[]): Promise<void> {
    const nowMs = performance.now()
    for (const command of commands) this.take(nobody, command, nowMs)
    await this.settle()
  }

  /** Takes nothing more in; resolves when everything taken in is durable and answered. */
  async stop(): Promise<void> {
    this.stopped = true
    faultPoint('sequencer:stopping')
    await this.settle()
  }

  private async settle(): Promise<void> {
    if (this.origins.length > 0) this.applyInbox()
    await this.lastRelease
  }
}

const addReply = (batches: Map<Peer, ReplyBatch>, frame: Buffer, reply: Reply): void => {
  const { peer, id, seq, timeMs, eventsAt, eventsBytes } = reply
  if (peer === undefined || peer.socket.closed) return
  let batch = batches.get(peer)
  if (batch === undefined) {
    batch = createReplyBatch()
    batches.set(peer, batch)
  }
  batch.add(id, ReplyStatus.Ok, seq, timeMs, frame, eventsAt, eventsAt + eventsBytes)
  if (batch.bytes > replyFrameBytesMax) sendReplies(peer, batch)
}

const sendReplies = (peer: Peer, batch: ReplyBatch): void => {
  const frame = batch.take()
  if (frame !== undefined) peer.socket.sendEncoded(frame)
  if (peer.socket.queuedBytes > unreadBytesMax) peer.socket.destroy()
}
