//! The words of an order, with the numbers they have in commands, in the signed message and on-chain.

export const side = { buy: 0, sell: 1 } as const
export type Side = (typeof side)[keyof typeof side]

/** Bits of the signed `flags` byte. */
export const orderFlag = { reduceOnly: 1, postOnly: 2, sessionKey: 16 } as const

/** Time in force, bits 2-3 of the signed `flags` byte. */
export const timeInForce = { gtc: 0, ioc: 1, fok: 2 } as const
export type TimeInForce = (typeof timeInForce)[keyof typeof timeInForce]

export const orderKind = { limit: 0, stop: 1, takeProfit: 2, repricing: 3 } as const
export type OrderKind = (typeof orderKind)[keyof typeof orderKind]

/** Self-trade prevention: whose order gives way when both sides belong to one owner address. */
export const selfTradePrevention = { cancelTaker: 0, cancelMaker: 1, cancelBoth: 2 } as const
export type SelfTradePrevention = (typeof selfTradePrevention)[keyof typeof selfTradePrevention]

/** Bits of an order's `options`: what the trader asked for beyond the signed order. */
export const orderOption = {
  /** The price band narrows the limit of an IOC order instead of refusing it. */
  market: 1,
} as const

/** What the engine does with an advanced order (packages/engine/RULES.md 1.2). */
export const orderStyle = {
  plain: 0,
  market: 1,
  slide: 2,
  peg: 3,
  trailing: 4,
  twap: 5,
  iceberg: 6,
  scale: 7,
} as const
export type OrderStyle = (typeof orderStyle)[keyof typeof orderStyle]

export const triggerKind = { none: 0, stop: 1, takeProfit: 2 } as const
export type TriggerKind = (typeof triggerKind)[keyof typeof triggerKind]

export const triggerSource = { mark: 0, index: 1, last: 2 } as const
export type TriggerSource = (typeof triggerSource)[keyof typeof triggerSource]

/** Time in force out of the signed `flags` byte: 0 … 3, where 3 is invalid. */
export function timeInForceOf(flags: number): number {
  return (flags >> 2) & 3
}

/** The signed `flags` byte. */
export function orderFlags(parts: {
  timeInForce: TimeInForce
  postOnly?: boolean
  reduceOnly?: boolean
  /** A session key signs. */
  sessionKey?: boolean
}): number {
  return (
    (parts.timeInForce << 2) |
    (parts.postOnly === true ? orderFlag.postOnly : 0) |
    (parts.reduceOnly === true ? orderFlag.reduceOnly : 0) |
    (parts.sessionKey === true ? orderFlag.sessionKey : 0)
  )
}

/** Why an order is no longer on the book. */
export const closeReason = {
  filled: 0,
  user: 1,
  ioc: 2,
  fok: 3,
  selfTrade: 4,
  reduceOnly: 5,
  margin: 6,
  expired: 7,
  liquidation: 8,
  disconnect: 9,
  marketClosed: 10,
  fillLimit: 11,
  notSettleable: 12,
  deadMan: 13,
  /** Its OCO sibling was filled, or its bracket's other half is done. */
  linked: 14,
  /** Its trigger came, and the order was refused then (`rejectCode`). */
  triggerRefused: 15,
  /** The session key that signed it was revoked. */
  keyRevoked: 16,
  /** The fill would have taken the position beyond what the session key that signed it may hold. */
  keyPosition: 17,
  /** Its owner ended it on-chain, or the contract takes no new risk. */
  onChain: 18,
} as const
export type CloseReason = (typeof closeReason)[keyof typeof closeReason]

/** What a market accepts. */
export const marketState = {
  trading: 0,
  postOnly: 1,
  reduceOnly: 2,
  cancelOnly: 3,
  halted: 4,
  settled: 5,
} as const
export type MarketState = (typeof marketState)[keyof typeof marketState]
