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

const commandNames = byNumber<CommandName>(commandKind)
const eventNames = byNumber<EventName>(eventKind)

function byNumber<N extends string>(kinds: Record<N, number>): Map<number, N> {
  return new Map((Object.entries(kinds) as [N, number][]).map(([name, kind]) => [kind, name]))
}

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
  const name = commandNames.get(kind)
  if (name === undefined) throw new RangeError(`unknown command kind ${kind}`)
  const { bytes: length, fields } = commandLayouts[name]
  if (bytes.length < length)
    throw new RangeError(`${name} needs ${length} bytes, got ${bytes.length}`)
  const command = { kind: name, ...readFields(bytes, fields) } as unknown as Command
  return {
    seq: view.getFloat64(header.seqF64 * 8, true),
    timeMs: view.getFloat64(header.timeMsF64 * 8, true),
    command,
  }
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
  const record = bytes.subarray(at, at + EVENT_STRIDE)
  const view = viewOf(record)
  const kind = view.getInt32(eventHeader.kindI32 * 4, true)
  const name = eventNames.get(kind)
  if (name === undefined) throw new RangeError(`unknown event kind ${kind}`)
  return {
    kind: name,
    seq: view.getFloat64(eventHeader.seqF64 * 8, true),
    timeMs: view.getFloat64(eventHeader.timeMsF64 * 8, true),
    leg: view.getInt32(eventHeader.legI32 * 4, true),
    ...readFields(record, eventLayouts[name]),
  } as unknown as EngineEvent
}

/** All events of a run of records. */
export function decodeEvents(bytes: Uint8Array): EngineEvent[] {
  const events: EngineEvent[] = []
  for (let at = 0; at < bytes.length; at += EVENT_STRIDE) events.push(decodeEvent(bytes, at))
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

function readFields(bytes: Uint8Array, fields: Layout): Record<string, unknown> {
  const view = viewOf(bytes)
  const values: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) values[name] = readField(bytes, view, field)
  return values
}

function readField(bytes: Uint8Array, view: DataView, field: Field): unknown {
  const length = field.length ?? 0
  if (field.type === 'f64') return view.getFloat64(field.at * 8, true)
  if (field.type === 'i32') return view.getInt32(field.at * 4, true)
  if (field.type === 'u32') return view.getUint32(field.at * 4, true)
  if (field.type === 'u16') return view.getUint16(field.at * 2, true)
  if (field.type === 'u8') return view.getUint8(field.at)
  if (field.type === 'bytes') return bytes.slice(field.at, field.at + length)
  if (field.type === 'text') {
    let text = ''
    for (let i = 0; i < length && bytes[field.at + i] !== 0; i++)
      text += String.fromCharCode(bytes[field.at + i] ?? 0)
    return text
  }
  return Array.from({ length }, (_, i) =>
    field.type === 'u32s'
      ? view.getUint32((field.at + i) * 4, true)
      : view.getFloat64((field.at + i) * 8, true),
  )
}
