//! Objects <-> binary slots, driven by the tables in layout.ts.
import type { Command, Envelope } from './command.ts'
import type { EngineEvent } from './event.ts'
import {
  COMMAND_STRIDE,
  type CommandName,
  commandBytes,
  commandKind,
  commandLayouts,
  EVENT_STRIDE,
  type EventName,
  eventHeader,
  eventKind,
  eventLayouts,
  type Field,
  header,
  type Layout,
} from './layout.ts'
import { readOrderClosed, readOrderPlaced } from './read-order-events.ts'

/** A field where it is read: decoding is the dearest step of every follower, so the tables are walked once. */
type Slot = { name: string; type: Field['type']; byte: number; length: number }
type Form<N extends string> = { name: N; bytes: number; slots: readonly Slot[] }

const fieldBytes: Record<Field['type'], number> = {
  f64: 8,
  f64s: 8,
  i32: 4,
  u32: 4,
  u32s: 4,
  u16: 2,
  u8: 1,
  bytes: 1,
  text: 1,
}

function slotsOf(fields: Layout): Slot[] {
  return Object.entries(fields).map(([name, { type, at, length = 0 }]) => ({
    name,
    type,
    byte: at * fieldBytes[type],
    length,
  }))
}

const commandForms: (Form<CommandName> | undefined)[] = []
for (const [name, kind] of Object.entries(commandKind) as [CommandName, number][]) {
  const { bytes, fields } = commandLayouts[name]
  commandForms[kind] = { name, bytes, slots: slotsOf(fields) }
}
const eventForms: (Form<EventName> | undefined)[] = []
for (const [name, kind] of Object.entries(eventKind) as [EventName, number][])
  eventForms[kind] = { name, bytes: EVENT_STRIDE, slots: slotsOf(eventLayouts[name]) }

/**
 * Slots for commands: one ArrayBuffer seen as bytes, words and doubles. `capacity` slots of COMMAND_STRIDE bytes;
 * slot i starts at byte i × 256, word i × 64, double i × 32.
 */
export class CommandBuffer {
  readonly capacity: number
  readonly bytes: Uint8Array
  readonly i32: Int32Array
  readonly f64: Float64Array

  /** @param buffer at least capacity × COMMAND_STRIDE bytes; a fresh one by default */
  constructor(
    capacity: number,
    buffer: ArrayBufferLike = new ArrayBuffer(capacity * COMMAND_STRIDE),
  ) {
    this.capacity = capacity
    this.bytes = new Uint8Array(buffer, 0, capacity * COMMAND_STRIDE)
    this.i32 = new Int32Array(buffer, 0, (capacity * COMMAND_STRIDE) / 4)
    this.f64 = new Float64Array(buffer, 0, (capacity * COMMAND_STRIDE) / 8)
  }

  /** Copies a command's stored bytes into a slot and zeroes the rest of it. */
  load(slot: number, command: Uint8Array): void {
    const at = slot * COMMAND_STRIDE
    this.bytes.set(command, at)
    this.bytes.fill(0, at + command.length, at + COMMAND_STRIDE)
  }

  /** The stored bytes of a slot: a view, as long as its kind says. */
  stored(slot: number): Uint8Array {
    const at = slot * COMMAND_STRIDE
    return this.bytes.subarray(at, at + commandBytes(this.kind(slot)))
  }

  kind(slot: number): number {
    return this.i32[slot * (COMMAND_STRIDE / 4) + header.kindI32] ?? 0
  }

  /** Writes place and time: done once, by the sequencer. */
  stamp(slot: number, seq: number, timeMs: number): void {
    this.f64[slot * (COMMAND_STRIDE / 8) + header.seqF64] = seq
    this.f64[slot * (COMMAND_STRIDE / 8) + header.timeMsF64] = timeMs
  }
}

/** A command object as its stored bytes, unstamped unless `seq` and `timeMs` are given. */
export function encodeCommand(command: Command, seq = 0, timeMs = 0): Uint8Array {
  const { bytes, fields } = commandLayouts[command.kind]
  const out = new Uint8Array(bytes)
  const view = new DataView(out.buffer)
  view.setFloat64(header.seqF64 * 8, seq, true)
  view.setFloat64(header.timeMsF64 * 8, timeMs, true)
  view.setInt32(header.kindI32 * 4, commandKind[command.kind], true)
  writeFields(out, fields, command)
  return out
}

/** Reads a stored command. Throws on an unknown kind or a wrong length: the journal was verified, so that is a bug. */
export function decodeCommand(bytes: Uint8Array): Envelope {
  const view = viewOf(bytes)
  const kind = view.getInt32(header.kindI32 * 4, true)
  const form = commandForms[kind]
  if (form === undefined) throw new RangeError(`unknown command kind ${kind}`)
  if (bytes.length < form.bytes)
    throw new RangeError(`${form.name} needs ${form.bytes} bytes, got ${bytes.length}`)
  const command = readFields({ kind: form.name }, bytes, view, 0, form.slots)
  return {
    seq: view.getFloat64(header.seqF64 * 8, true),
    timeMs: view.getFloat64(header.timeMsF64 * 8, true),
    command: command as unknown as Command,
  }
}

/** Read without the table; the round trip of every event through the table's writer is tested. */
const quick: Partial<
  Record<number, (bytes: Uint8Array, view: DataView, at: number) => EngineEvent>
> = {
  [eventKind.OrderPlaced]: readOrderPlaced,
  [eventKind.OrderClosed]: readOrderClosed,
}

/** An event object as its record (tests and the reference engine; the engine writes records directly). */
export function encodeEvent(event: EngineEvent): Uint8Array {
  const out = new Uint8Array(EVENT_STRIDE)
  const view = new DataView(out.buffer)
  view.setFloat64(eventHeader.seqF64 * 8, event.seq, true)
  view.setFloat64(eventHeader.timeMsF64 * 8, event.timeMs, true)
  view.setInt32(eventHeader.kindI32 * 4, eventKind[event.kind], true)
  view.setInt32(eventHeader.legI32 * 4, event.leg, true)
  writeFields(out, eventLayouts[event.kind], event)
  return out
}

/** Reads the event record at byte `at`. Throws on an unknown kind. */
export function decodeEvent(bytes: Uint8Array, at = 0): EngineEvent {
  return readEvent(bytes, viewOf(bytes), at)
}

function readEvent(bytes: Uint8Array, view: DataView, at: number): EngineEvent {
  const kind = view.getInt32(at + eventHeader.kindI32 * 4, true)
  const read = quick[kind]
  return read === undefined ? readByTable(bytes, view, at) : read(bytes, view, at)
}

function readByTable(bytes: Uint8Array, view: DataView, at: number): EngineEvent {
  const kind = view.getInt32(at + eventHeader.kindI32 * 4, true)
  const form = eventForms[kind]
  if (form === undefined) throw new RangeError(`unknown event kind ${kind}`)
  const event = {
    kind: form.name,
    seq: view.getFloat64(at + eventHeader.seqF64 * 8, true),
    timeMs: view.getFloat64(at + eventHeader.timeMsF64 * 8, true),
    leg: view.getInt32(at + eventHeader.legI32 * 4, true),
  }
  return readFields(event, bytes, view, at, form.slots) as unknown as EngineEvent
}

/** All events of a run of records. */
export function decodeEvents(bytes: Uint8Array): EngineEvent[] {
  const events: EngineEvent[] = []
  const view = viewOf(bytes)
  for (let at = 0; at < bytes.length; at += EVENT_STRIDE) events.push(readEvent(bytes, view, at))
  return events
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function writeFields(out: Uint8Array, fields: Layout, values: Record<string, unknown>): void {
  const view = viewOf(out)
  for (const [name, field] of Object.entries(fields)) {
    const value = values[name]
    if (value !== undefined) writeField(out, view, field, value, name)
    else if (field.optional !== true) throw new TypeError(`field ${name} is missing`)
  }
}

function writeField(
  out: Uint8Array,
  view: DataView,
  field: Field,
  value: unknown,
  name: string,
): void {
  const length = field.length ?? 0
  if (field.type === 'f64') view.setFloat64(field.at * 8, value as number, true)
  else if (field.type === 'i32') view.setInt32(field.at * 4, value as number, true)
  else if (field.type === 'u32') view.setUint32(field.at * 4, value as number, true)
  else if (field.type === 'u16') view.setUint16(field.at * 2, value as number, true)
  else if (field.type === 'u8') view.setUint8(field.at, value as number)
  else if (field.type === 'bytes') {
    const bytes = value as Uint8Array
    if (bytes.length !== length)
      throw new RangeError(`${name}: ${bytes.length} bytes, not ${length}`)
    out.set(bytes, field.at)
  } else if (field.type === 'text') {
    const text = value as string
    if (text.length > length)
      throw new RangeError(`${name}: ${text.length} characters, at most ${length}`)
    for (let i = 0; i < text.length; i++) out[field.at + i] = text.charCodeAt(i)
  } else {
    const words = value as readonly number[]
    if (words.length > length)
      throw new RangeError(`${name}: ${words.length} values, at most ${length}`)
    for (const [i, word] of words.entries())
      if (field.type === 'u32s') view.setUint32((field.at + i) * 4, word, true)
      else view.setFloat64((field.at + i) * 8, word, true)
  }
}

/** Adds the fields of a record at byte `at` to `values`. */
function readFields(
  values: Record<string, unknown>,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  slots: readonly Slot[],
): Record<string, unknown> {
  for (const slot of slots) values[slot.name] = readSlot(bytes, view, at + slot.byte, slot)
  return values
}

function readSlot(bytes: Uint8Array, view: DataView, at: number, { type, length }: Slot): unknown {
  if (type === 'f64') return view.getFloat64(at, true)
  if (type === 'i32') return view.getInt32(at, true)
  if (type === 'u32') return view.getUint32(at, true)
  if (type === 'u8') return view.getUint8(at)
  if (type === 'u16') return view.getUint16(at, true)
  if (type === 'bytes') return bytes.slice(at, at + length)
  if (type === 'text') return readText(bytes, at, length)
  return Array.from({ length }, (_, i) =>
    type === 'u32s' ? view.getUint32(at + i * 4, true) : view.getFloat64(at + i * 8, true),
  )
}

function readText(bytes: Uint8Array, at: number, length: number): string {
  let text = ''
  for (let i = at; i < at + length && bytes[i] !== 0; i++)
    text += String.fromCharCode(bytes[i] ?? 0)
  return text
}
