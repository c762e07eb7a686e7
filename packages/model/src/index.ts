export {
  type AccountNotice,
  type AccountNoticeKind,
  accountNotice,
  accountNoticeKinds,
} from './account-notice.ts'
export {
  type AccountRisk,
  accountRisk,
  fullInitialMarginQuote,
  type HoldingRisk,
  type RiskAccount,
  type RiskHolding,
  type RiskLevel,
  type RiskMarket,
  type RiskMarkets,
  type RiskOrder,
  riskLevel,
} from './account-risk.ts'
export {
  type AdlCandidate,
  type AdlPart,
  adlLeverage,
  adlWeight,
  deleverage,
  rankAdl,
} from './adl.ts'
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
  type EventOf,
  type EventsThatTouch,
  type EventTouch,
  eventsThatTouch,
  eventTable,
  kindsThatTouch,
  type NamesThatTouch,
} from './event-table.ts'
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
export {
  bankruptcyQuote,
  deficitShareQuote,
  equityShareQuote,
  isBelowTwoThirds,
  LIQUIDATION_SPREAD_PPM,
  type LiquidationState,
  liquidationFeeQuote,
  liquidationLimitTicks,
  takeoverQuote,
} from './liquidation.ts'
export { type LiquidationPoint, liquidationPriceTicks } from './liquidation-price.ts'
export {
  areMarginTiers,
  EXTRA_TIERS,
  MARGIN_TIERS_D,
  type MarginTierSpec,
  maintenanceTierOf,
  marginTiersOf,
  TIER_BOUND_USDC_MAX,
  tieredInitialMarginQuote,
  tieredMaintenanceMarginQuote,
  writeMarginTiers,
} from './margin-tiers.ts'
export type { Market } from './market.ts'
export {
  compareProducts,
  mulDivCeil,
  mulDivCeilSigned,
  mulDivFloor,
  mulDivFloorSigned,
} from './mul-div.ts'
export { type NoticeKind, noticeKind } from './notice.ts'
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
export {
  leverageMarginQuote,
  openInterestMarginQuote,
  volatilityMarginQuote,
} from './scaled-margin.ts'
export { type HashedRecord, hashedRecord, RecordMixer, type StateHash } from './state-hash.ts'
export type * from './units.ts'
export {
  type PriceShock,
  type Sensitivity,
  sensitivities,
  type TradeIdea,
  type WhatIf,
  type WhatIfAnswer,
  whatIf,
} from './what-if.ts'
