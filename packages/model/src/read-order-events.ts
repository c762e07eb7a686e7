//! The two commonest events, read without walking a table: every follower decodes little else.
import type { EngineEvent } from './event.ts'
import { type EventName, eventHeader, eventLayouts } from './layout.ts'

const unitBytes = { f64: 8, f64s: 8, i32: 4, u32: 4, u32s: 4, u16: 2, u8: 1, bytes: 1, text: 1 }

/** First byte of a field in its record. Throws where the layout has none of that name. */
function byteOf(event: EventName, name: string): number {
  const field = eventLayouts[event][name]
  if (field === undefined) throw new RangeError(`${event} has no ${name}`)
  return field.at * unitBytes[field.type]
}

const SEQ = eventHeader.seqF64 * 8
const TIME = eventHeader.timeMsF64 * 8
const LEG = eventHeader.legI32 * 4

const placed = (name: string) => byteOf('OrderPlaced', name)
const ACCOUNT = placed('accountId')
const MARKET = placed('market')
const ORDER_ID = placed('orderId')
const PRICE = placed('priceTicks')
const SIZE = placed('sizeLots')
const SIDE = placed('side')
const FLAGS = placed('flags')
const ORDER_KIND = placed('orderKind')
const MAX_FEE = placed('maxFee')
const LANE = placed('lane')
const LANE_SEQ = placed('laneSeq')
const EXPIRY = placed('expiryS')
const LIMIT = placed('limitTicks')
const CLIENT_ORDER_ID = placed('clientOrderId')
const CLIENT_ORDER_ID_BYTES = eventLayouts.OrderPlaced['clientOrderId']?.length ?? 0
const STYLE = placed('style')
const TRIGGER_KIND = placed('triggerKind')
const TRIGGER_SOURCE = placed('triggerSource')
const WAITING = placed('waiting')
const TRIGGER = placed('triggerTicks')
const OFFSET = placed('offsetTicks')
const COUNT = placed('count')
const DISPLAY = placed('displayLots')

/** OrderPlaced at byte `at`. */
export function readOrderPlaced(bytes: Uint8Array, view: DataView, at: number): EngineEvent {
  const event = {
    kind: 'OrderPlaced',
    seq: view.getFloat64(at + SEQ, true),
    timeMs: view.getFloat64(at + TIME, true),
    leg: view.getInt32(at + LEG, true),
    accountId: view.getInt32(at + ACCOUNT, true),
    market: view.getInt32(at + MARKET, true),
    orderId: view.getFloat64(at + ORDER_ID, true),
    priceTicks: view.getFloat64(at + PRICE, true),
    sizeLots: view.getFloat64(at + SIZE, true),
    side: view.getInt32(at + SIDE, true),
    flags: view.getInt32(at + FLAGS, true),
    orderKind: view.getInt32(at + ORDER_KIND, true),
    maxFee: view.getInt32(at + MAX_FEE, true),
    lane: view.getInt32(at + LANE, true),
    laneSeq: view.getUint32(at + LANE_SEQ, true),
    expiryS: view.getUint32(at + EXPIRY, true),
    limitTicks: view.getFloat64(at + LIMIT, true),
    clientOrderId: textAt(bytes, at + CLIENT_ORDER_ID),
    style: view.getUint8(at + STYLE),
    triggerKind: view.getUint8(at + TRIGGER_KIND),
    triggerSource: view.getUint8(at + TRIGGER_SOURCE),
    waiting: view.getUint8(at + WAITING),
    triggerTicks: view.getFloat64(at + TRIGGER, true),
    offsetTicks: view.getInt32(at + OFFSET, true),
    count: view.getInt32(at + COUNT, true),
    displayLots: view.getFloat64(at + DISPLAY, true),
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the engine wrote it: unions are what they may be
  return event as EngineEvent
}

const closed = (name: string) => byteOf('OrderClosed', name)
const CLOSED_ACCOUNT = closed('accountId')
const CLOSED_MARKET = closed('market')
const CLOSED_ORDER_ID = closed('orderId')
const CLOSED_REMAINING = closed('remainingLots')
const CLOSED_PRICE = closed('priceTicks')
const CLOSED_SIDE = closed('side')
const CLOSED_REASON = closed('reason')
const CLOSED_REJECT_CODE = closed('rejectCode')

/** OrderClosed at byte `at`. */
export function readOrderClosed(_bytes: Uint8Array, view: DataView, at: number): EngineEvent {
  const event = {
    kind: 'OrderClosed',
    seq: view.getFloat64(at + SEQ, true),
    timeMs: view.getFloat64(at + TIME, true),
    leg: view.getInt32(at + LEG, true),
    accountId: view.getInt32(at + CLOSED_ACCOUNT, true),
    market: view.getInt32(at + CLOSED_MARKET, true),
    orderId: view.getFloat64(at + CLOSED_ORDER_ID, true),
    remainingLots: view.getFloat64(at + CLOSED_REMAINING, true),
    priceTicks: view.getFloat64(at + CLOSED_PRICE, true),
    side: view.getInt32(at + CLOSED_SIDE, true),
    reason: view.getInt32(at + CLOSED_REASON, true),
    rejectCode: view.getInt32(at + CLOSED_REJECT_CODE, true),
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the engine wrote it: unions are what they may be
  return event as EngineEvent
}

function textAt(bytes: Uint8Array, from: number): string {
  let text = ''
  for (let at = from; at < from + CLIENT_ORDER_ID_BYTES && bytes[at] !== 0; at++)
    text += String.fromCharCode(bytes[at] ?? 0)
  return text
}
