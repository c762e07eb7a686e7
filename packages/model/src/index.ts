export {
  CommandBuffer,
  decodeCommand,
  decodeEvent,
  decodeEvents,
  encodeCommand,
  encodeEvent,
} from './codec.ts'
export type * from './command.ts'
export type * from './event.ts'
export {
  COMMAND_STRIDE,
  type CommandKind,
  type CommandName,
  commandBytes,
  commandKind,
  commandLayouts,
  EVENT_STRIDE,
  type EventKind,
  type EventName,
  eventHeader,
  eventKind,
  eventLayouts,
  header,
} from './layout.ts'
export { limits } from './limits.ts'
export type { Market } from './market.ts'
export {
  compareProducts,
  mulDivCeil,
  mulDivCeilSigned,
  mulDivFloor,
  mulDivFloorSigned,
} from './mul-div.ts'
export {
  type CloseReason,
  closeReason,
  type MarketState,
  marketState,
  type OrderKind,
  type OrderStyle,
  orderFlag,
  orderFlags,
  orderKind,
  orderOption,
  orderStyle,
  type SelfTradePrevention,
  type Side,
  selfTradePrevention,
  side,
  type TimeInForce,
  type TriggerKind,
  type TriggerSource,
  timeInForce,
  timeInForceOf,
  triggerKind,
  triggerSource,
} from './order.ts'
export { type RejectCode, type RejectName, rejectCode, rejectName } from './reject-codes.ts'
export {
  feeQuote,
  fundingPaymentQuote,
  initialMarginQuote,
  type MarginPoint,
  maintenanceMarginQuote,
  notionalQuote,
  settleable,
} from './risk.ts'
export { type HashedRecord, hashedRecord, RecordMixer, type StateHash } from './state-hash.ts'
export type * from './units.ts'
