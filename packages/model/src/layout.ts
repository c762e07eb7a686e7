//! Where each field of a binary command and event stands. One table; codec, engine and journal all read it.

/**
 * A command occupies one slot of COMMAND_STRIDE bytes, little-endian: `f64` fields are indexed in doubles, `i32`/`u32`
 * fields in 32-bit words, `bytes` fields in bytes, all from the start of the slot. The journal stores the first
 * `commandBytes(kind)` bytes; the rest of the slot is zero.
 */
export const COMMAND_STRIDE = 256
/** An event record is EVENT_STRIDE bytes; unused bytes are zero, so equal events are equal bytes. */
export const EVENT_STRIDE = 160

export type FieldType = 'f64' | 'i32' | 'u32' | 'u16' | 'u8' | 'bytes' | 'text' | 'u32s' | 'f64s'
/**
 * `at` counts in units of the type; `length` in bytes (bytes, text) or elements (u32s, f64s). An `optional` number may be
 * left out of an object: then it is 0.
 */
export type Field = { type: FieldType; at: number; length?: number; optional?: boolean }
export type Layout = Record<string, Field>

/** Words of the header every command slot starts with. */
export const header = { seqF64: 0, timeMsF64: 1, kindI32: 4, accountI32: 5, marketI32: 6 } as const

export const commandKind = {
  Genesis: 1,
  ListMarket: 2,
  PlaceOrder: 3,
  AmendOrder: 4,
  CancelOrder: 5,
  CancelAll: 6,
  CreditDeposit: 7,
  RequestWithdrawal: 8,
  ObservePrice: 9,
  Tick: 10,
  ConfirmBatch: 11,
  SetMarketState: 12,
  SetWithdrawals: 13,
  PlaceAdvancedOrder: 14,
  Transfer: 15,
  SetLeverage: 16,
  SetAccountMode: 17,
  SetDeadMan: 18,
  SetSelfTradeGroup: 19,
  SetFeeTiers: 20,
  SetMarketRisk: 21,
  SetBackstop: 22,
  FundInsurance: 23,
  SetThrottle: 24,
  ReopenMarket: 25,
  SettleMarket: 26,
  RegisterKey: 27,
  RevokeKey: 28,
  ChainNotice: 29,
} as const
export type CommandKind = (typeof commandKind)[keyof typeof commandKind]
export type CommandName = keyof typeof commandKind

const account: Field = { type: 'i32', at: 5 }
const market: Field = { type: 'i32', at: 6 }

const order: Layout = {
  accountId: account,
  market,
  /** Bits of `orderOption`; not signed. */
  options: { type: 'i32', at: 7, optional: true },
  priceTicks: { type: 'f64', at: 4 },
  sizeLots: { type: 'f64', at: 5 },
  triggerTicks: { type: 'f64', at: 6 },
  side: { type: 'i32', at: 14 },
  flags: { type: 'i32', at: 15 },
  orderKind: { type: 'i32', at: 16 },
  maxFee: { type: 'i32', at: 17 },
  lane: { type: 'i32', at: 18 },
  laneSeq: { type: 'u32', at: 19 },
  expiryS: { type: 'u32', at: 20 },
  selfTrade: { type: 'i32', at: 21 },
  /** AmendOrder: the order to change; PlaceOrder: 0. */
  orderId: { type: 'f64', at: 11 },
  clientOrderId: { type: 'text', at: 96, length: 36 },
  signer: { type: 'bytes', at: 132, length: 20 },
  signature: { type: 'bytes', at: 152, length: 64 },
}

/** What an advanced order has beyond a plain one (packages/engine/RULES.md 1.2); lanes are given plus one, 0 = no link. */
const advanced: Layout = {
  style: { type: 'u8', at: 216 },
  triggerKind: { type: 'u8', at: 217 },
  triggerSource: { type: 'u8', at: 218 },
  parentLane: { type: 'u16', at: 110 },
  ocoLane: { type: 'u16', at: 111 },
  parentSeq: { type: 'u32', at: 56 },
  ocoSeq: { type: 'u32', at: 57 },
  offsetTicks: { type: 'i32', at: 58 },
  count: { type: 'i32', at: 59 },
  seconds: { type: 'i32', at: 60 },
  slippagePpm: { type: 'i32', at: 61 },
  displayLots: { type: 'f64', at: 31 },
}

/** What the owner signs to move cash: a withdrawal, a transfer, a payment into an insurance tranche. */
const signedAmount: Layout = {
  accountId: account,
  amountQuote: { type: 'f64', at: 4 },
  lane: { type: 'i32', at: 18 },
  laneSeq: { type: 'u32', at: 19 },
  expiryS: { type: 'u32', at: 20 },
  signer: { type: 'bytes', at: 132, length: 20 },
  signature: { type: 'bytes', at: 152, length: 64 },
}

export const commandLayouts: Record<CommandName, { bytes: number; fields: Layout }> = {
  Genesis: {
    bytes: 256,
    fields: {
      chainId: { type: 'f64', at: 4 },
      settlementLagS: { type: 'i32', at: 10 },
      publisherCount: { type: 'i32', at: 14 },
      publisherQuorum: { type: 'i32', at: 15 },
      contract: { type: 'bytes', at: 132, length: 20 },
      publishers: { type: 'bytes', at: 152, length: 100 },
    },
  },
  ListMarket: {
    bytes: 192,
    fields: {
      market,
      tickE8: { type: 'f64', at: 4 },
      lotE8: { type: 'f64', at: 5 },
      quotePerTickLot: { type: 'f64', at: 6 },
      minOrderLots: { type: 'f64', at: 7 },
      maxOrderLots: { type: 'f64', at: 8 },
      maxPositionLots: { type: 'f64', at: 9 },
      minNotionalQuote: { type: 'f64', at: 10 },
      maxOpenInterestLots: { type: 'f64', at: 11 },
      fixedIndexTicks: { type: 'f64', at: 12 },
      imBps: { type: 'i32', at: 26 },
      mmBps: { type: 'i32', at: 27 },
      takerFee: { type: 'i32', at: 28 },
      makerFee: { type: 'i32', at: 29 },
      priceBandPpm: { type: 'i32', at: 30 },
      markBandPpm: { type: 'i32', at: 31 },
      symbol: { type: 'text', at: 128, length: 16 },
    },
  },
  PlaceOrder: { bytes: 216, fields: order },
  AmendOrder: { bytes: 216, fields: order },
  CancelOrder: {
    bytes: 132,
    fields: {
      accountId: account,
      /** 0: cancel by `clientOrderId` instead. */
      orderId: { type: 'f64', at: 11 },
      clientOrderId: { type: 'text', at: 96, length: 36 },
    },
  },
  CancelAll: {
    bytes: 64,
    fields: {
      accountId: account,
      /** −1: all markets. */
      market,
      /** −1: both sides. */
      side: { type: 'i32', at: 14 },
    },
  },
  CreditDeposit: {
    bytes: 192,
    fields: {
      amountQuote: { type: 'f64', at: 4 },
      depositId: { type: 'f64', at: 5 },
      blockNumber: { type: 'f64', at: 6 },
      subaccount: { type: 'i32', at: 18 },
      owner: { type: 'bytes', at: 132, length: 20 },
      txHash: { type: 'bytes', at: 152, length: 32 },
    },
  },
  RequestWithdrawal: { bytes: 216, fields: signedAmount },
  ObservePrice: {
    bytes: 256,
    fields: {
      publishTimeMs: { type: 'f64', at: 4 },
      publisher: { type: 'i32', at: 14 },
      page: { type: 'i32', at: 15 },
      count: { type: 'i32', at: 12 },
      signature: { type: 'bytes', at: 64, length: 64 },
      /** Index prices in ticks of market page·32 + i; 0 = this publisher has none. */
      prices: { type: 'u32s', at: 32, length: 32 },
    },
  },
  Tick: { bytes: 32, fields: {} },
  ConfirmBatch: {
    bytes: 192,
    fields: {
      batchNo: { type: 'f64', at: 4 },
      /** The batch settled everything after the previous batch up to here. */
      toSeq: { type: 'f64', at: 5 },
      gasUsed: { type: 'f64', at: 6 },
      blockNumber: { type: 'f64', at: 7 },
      txHash: { type: 'bytes', at: 152, length: 32 },
    },
  },
  SetMarketState: { bytes: 64, fields: { market, state: { type: 'i32', at: 14 } } },
  SetWithdrawals: { bytes: 64, fields: { paused: { type: 'i32', at: 14 } } },
  PlaceAdvancedOrder: { bytes: 256, fields: { ...order, ...advanced } },
  Transfer: { bytes: 216, fields: { ...signedAmount, toSubaccount: { type: 'i32', at: 14 } } },
  /** 0: no leverage of its own. */
  SetLeverage: {
    bytes: 64,
    fields: { accountId: account, market, leverage: { type: 'i32', at: 14 } },
  },
  /** −1: cross. */
  SetAccountMode: {
    bytes: 64,
    fields: { accountId: account, isolatedMarket: { type: 'i32', at: 14 } },
  },
  /** 0: off. */
  SetDeadMan: {
    bytes: 40,
    fields: {
      accountId: account,
      /** 0: every market, else the market plus one. */
      scope: { type: 'i32', at: 7, optional: true },
      timeoutMs: { type: 'f64', at: 4 },
    },
  },
  /** 0: the owner's accounts alone. */
  SetSelfTradeGroup: {
    bytes: 64,
    fields: { accountId: account, group: { type: 'i32', at: 14 } },
  },
  /** Tiers 1 … 7; volume 0 ends them. */
  SetFeeTiers: {
    bytes: 144,
    fields: {
      volumeQuote: { type: 'f64s', at: 4, length: 7 },
      takerOff: { type: 'u32s', at: 22, length: 7 },
      makerOff: { type: 'u32s', at: 29, length: 7 },
    },
  },
  /** Tiers 1 … 3; bound 0 ends them. */
  SetMarketRisk: {
    bytes: 132,
    fields: {
      market,
      boundUsdc: { type: 'f64s', at: 4, length: 3 },
      oiLowUsdc: { type: 'f64', at: 7 },
      oiHighUsdc: { type: 'f64', at: 8 },
      partialAboveQuote: { type: 'f64', at: 9 },
      volatilitySeed: { type: 'f64', at: 10 },
      imfPpm: { type: 'u32s', at: 22, length: 3 },
      openingGainPpm: { type: 'i32', at: 25 },
      scopePpm: { type: 'i32', at: 26 },
      volatility: { type: 'i32', at: 27 },
      liquidation: { type: 'i32', at: 28 },
      liquidationFeePpm: { type: 'i32', at: 29 },
      cancelOnlyS: { type: 'i32', at: 30 },
      postOnlyS: { type: 'i32', at: 31 },
      rearmS: { type: 'i32', at: 32 },
    },
  },
  /** Account 0: none. */
  SetBackstop: { bytes: 32, fields: { accountId: account, market } },
  FundInsurance: { bytes: 216, fields: { ...signedAmount, market } },
  SetThrottle: {
    bytes: 64,
    fields: { minNotionalQuote: { type: 'f64', at: 4 }, level: { type: 'i32', at: 14 } },
  },
  ReopenMarket: { bytes: 32, fields: { market } },
  SettleMarket: { bytes: 32, fields: { market } },
  RegisterKey: {
    bytes: 176,
    fields: {
      notionalQuote: { type: 'f64', at: 4 },
      maxPositionLots: { type: 'f64', at: 5 },
      maxOrderNotionalQuote: { type: 'f64', at: 6 },
      subaccount: { type: 'i32', at: 14 },
      allSubaccounts: { type: 'i32', at: 15 },
      expiryS: { type: 'u32', at: 16 },
      /** Markets 0 … 31 and 32 … 63, a bit each. */
      marketsLow: { type: 'u32', at: 17 },
      marketsHigh: { type: 'u32', at: 18 },
      /** Where an order has its signer. */
      key: { type: 'bytes', at: 132, length: 20 },
      owner: { type: 'bytes', at: 152, length: 20 },
    },
  },
  RevokeKey: {
    bytes: 152,
    fields: { expiryS: { type: 'u32', at: 16 }, key: { type: 'bytes', at: 132, length: 20 } },
  },
  /** What the contract logged; which fields mean something follows from `what` (packages/engine/RULES.md 7). */
  ChainNotice: {
    bytes: 208,
    fields: {
      market,
      noticeId: { type: 'f64', at: 4 },
      amountQuote: { type: 'f64', at: 5, optional: true },
      lots: { type: 'f64', at: 6, optional: true },
      priceTicks: { type: 'f64', at: 7, optional: true },
      feeQuote: { type: 'f64', at: 8, optional: true },
      fundingIndex: { type: 'f64', at: 9, optional: true },
      leftQuote: { type: 'f64', at: 10, optional: true },
      dueS: { type: 'f64', at: 11, optional: true },
      blockNumber: { type: 'f64', at: 12 },
      what: { type: 'i32', at: 26 },
      subaccount: { type: 'i32', at: 27 },
      lane: { type: 'i32', at: 28, optional: true },
      laneSeq: { type: 'u32', at: 29, optional: true },
      feePpm: { type: 'i32', at: 30, optional: true },
      isLong: { type: 'i32', at: 31, optional: true },
      owner: { type: 'bytes', at: 132, length: 20 },
      backstop: { type: 'bytes', at: 152, length: 20 },
      txHash: { type: 'bytes', at: 172, length: 32 },
    },
  },
}

/** Words of the header every event record starts with: seq, time, kind, place within the command's events. */
export const eventHeader = {
  seqF64: 0,
  timeMsF64: 1,
  kindI32: 4,
  legI32: 5,
  accountI32: 6,
  marketI32: 7,
} as const

export const eventKind = {
  CommandRejected: 1,
  ExchangeOpened: 2,
  MarketListed: 3,
  AccountOpened: 4,
  DepositCredited: 5,
  WithdrawalAccepted: 6,
  WithdrawalPaid: 7,
  OrderPlaced: 8,
  OrderAmended: 9,
  OrderClosed: 10,
  TradeExecuted: 11,
  FundingSettled: 12,
  IndexUpdated: 13,
  MarkUpdated: 14,
  PremiumSampled: 15,
  FundingApplied: 16,
  BatchConfirmed: 17,
  MarketStateChanged: 18,
  WithdrawalsSwitched: 19,
  DuplicateRequest: 20,
  OrderTriggered: 21,
  OrderRequeued: 22,
  OrderReduced: 23,
  TransferBooked: 24,
  LeverageSet: 25,
  AccountModeSet: 26,
  DeadManSet: 27,
  SelfTradeGroupSet: 28,
  FeeTiersSet: 29,
  FeeTierChanged: 30,
  MarketRiskSet: 31,
  VolatilityUpdated: 32,
  BackstopSet: 33,
  InsuranceFunded: 34,
  DustCollected: 35,
  ThrottleSet: 36,
  LiquidationExplained: 37,
  LiquidationFilled: 38,
  PositionTakenOver: 39,
  AdlExecuted: 40,
  AdlRound: 41,
  BadDebt: 42,
  MarketSettled: 43,
  PositionSettled: 44,
  KeyRegistered: 45,
  KeyRevoked: 46,
  ChainNoticed: 47,
  PositionReduced: 48,
} as const
export type EventKind = (typeof eventKind)[keyof typeof eventKind]
export type EventName = keyof typeof eventKind

const eventAccount: Field = { type: 'i32', at: 6 }
const eventMarket: Field = { type: 'i32', at: 7 }

export const eventLayouts: Record<EventName, Layout> = {
  /** `limitValue`: the limit that was hit, where there is one. `commandKind` says what was refused. */
  CommandRejected: {
    accountId: eventAccount,
    market: eventMarket,
    code: { type: 'i32', at: 8 },
    commandKind: { type: 'i32', at: 9 },
    orderId: { type: 'f64', at: 5 },
    limitValue: { type: 'f64', at: 6 },
    clientOrderId: { type: 'text', at: 64, length: 36 },
  },
  ExchangeOpened: { chainId: { type: 'f64', at: 4 } },
  MarketListed: { market: eventMarket },
  AccountOpened: {
    accountId: eventAccount,
    subaccount: { type: 'i32', at: 8 },
    owner: { type: 'bytes', at: 64, length: 20 },
  },
  DepositCredited: {
    accountId: eventAccount,
    amountQuote: { type: 'f64', at: 4 },
    depositId: { type: 'f64', at: 5 },
    blockNumber: { type: 'f64', at: 6 },
    cashQuote: { type: 'f64', at: 7 },
    txHash: { type: 'bytes', at: 64, length: 32 },
  },
  /** withdrawalId is the seq of the request. */
  WithdrawalAccepted: {
    accountId: eventAccount,
    amountQuote: { type: 'f64', at: 4 },
    withdrawalId: { type: 'f64', at: 5 },
    cashQuote: { type: 'f64', at: 6 },
    lane: { type: 'i32', at: 14 },
    laneSeq: { type: 'u32', at: 15 },
  },
  /** The chain paid it: emitted by the ConfirmBatch that covers the request. */
  WithdrawalPaid: {
    accountId: eventAccount,
    amountQuote: { type: 'f64', at: 4 },
    withdrawalId: { type: 'f64', at: 5 },
    batchNo: { type: 'f64', at: 6 },
  },
  /** First event of an accepted order; its trades and perhaps OrderClosed follow. Rests iff no OrderClosed follows. */
  OrderPlaced: {
    accountId: eventAccount,
    market: eventMarket,
    orderId: { type: 'f64', at: 4 },
    priceTicks: { type: 'f64', at: 5 },
    sizeLots: { type: 'f64', at: 6 },
    side: { type: 'i32', at: 14 },
    flags: { type: 'i32', at: 15 },
    orderKind: { type: 'i32', at: 16 },
    maxFee: { type: 'i32', at: 17 },
    lane: { type: 'i32', at: 18 },
    laneSeq: { type: 'u32', at: 19 },
    expiryS: { type: 'u32', at: 20 },
    /** Advanced orders: the signed limit, where `priceTicks` is where the order rests; else 0. */
    limitTicks: { type: 'f64', at: 11, optional: true },
    clientOrderId: { type: 'text', at: 96, length: 36 },
    style: { type: 'u8', at: 132, optional: true },
    triggerKind: { type: 'u8', at: 133, optional: true },
    triggerSource: { type: 'u8', at: 134, optional: true },
    /** 1: accepted, and not on the book until its trigger, price or time comes. */
    waiting: { type: 'u8', at: 135, optional: true },
    triggerTicks: { type: 'f64', at: 17, optional: true },
    offsetTicks: { type: 'i32', at: 36, optional: true },
    count: { type: 'i32', at: 37, optional: true },
    displayLots: { type: 'f64', at: 19, optional: true },
  },
  /** `keepsPriority` 1: same queue place. `sizeLots` is the new signed size (what shall remain). */
  OrderAmended: {
    accountId: eventAccount,
    market: eventMarket,
    orderId: { type: 'f64', at: 4 },
    priceTicks: { type: 'f64', at: 5 },
    sizeLots: { type: 'f64', at: 6 },
    side: { type: 'i32', at: 14 },
    flags: { type: 'i32', at: 15 },
    keepsPriority: { type: 'i32', at: 16 },
    maxFee: { type: 'i32', at: 17 },
    lane: { type: 'i32', at: 18 },
    laneSeq: { type: 'u32', at: 19 },
    expiryS: { type: 'u32', at: 20 },
    previousPriceTicks: { type: 'f64', at: 11 },
    previousRemainingLots: { type: 'f64', at: 12 },
    /** A waiting order's trigger. */
    triggerTicks: { type: 'f64', at: 13, optional: true },
  },
  OrderClosed: {
    accountId: eventAccount,
    market: eventMarket,
    orderId: { type: 'f64', at: 4 },
    remainingLots: { type: 'f64', at: 5 },
    priceTicks: { type: 'f64', at: 6 },
    side: { type: 'i32', at: 14 },
    reason: { type: 'i32', at: 15 },
    /** Reason `triggerRefused`: why. */
    rejectCode: { type: 'i32', at: 16, optional: true },
  },
  /**
   * Both sides of one fill, maker's price. Header account = taker. Fees in micro-USDC (negative = rebate), rates in
   * 10 ppm as settled on-chain. tradeId counts 1, 2, 3 … over all markets. realized = price PnL against entry cost,
   * fees and funding excluded.
   */
  TradeExecuted: {
    takerAccountId: eventAccount,
    market: eventMarket,
    tradeId: { type: 'f64', at: 4 },
    priceTicks: { type: 'f64', at: 5 },
    sizeLots: { type: 'f64', at: 6 },
    quote: { type: 'f64', at: 7 },
    takerOrderId: { type: 'f64', at: 8 },
    makerOrderId: { type: 'f64', at: 9 },
    takerFeeQuote: { type: 'f64', at: 10 },
    makerFeeQuote: { type: 'f64', at: 11 },
    takerRealizedQuote: { type: 'f64', at: 12 },
    makerRealizedQuote: { type: 'f64', at: 13 },
    makerAccountId: { type: 'i32', at: 28 },
    takerSide: { type: 'i32', at: 29 },
    takerFee: { type: 'i32', at: 30 },
    makerFee: { type: 'i32', at: 31 },
    takerPositionLots: { type: 'f64', at: 16 },
    makerPositionLots: { type: 'f64', at: 17 },
    takerRemainingLots: { type: 'f64', at: 18 },
    makerRemainingLots: { type: 'f64', at: 19 },
  },
  /** Lazy funding booked: positive payment = the account pays the market's pool. */
  FundingSettled: {
    accountId: eventAccount,
    market: eventMarket,
    paymentQuote: { type: 'f64', at: 4 },
    positionLots: { type: 'f64', at: 5 },
    fundingIndex: { type: 'f64', at: 6 },
    cashQuote: { type: 'f64', at: 7 },
  },
  IndexUpdated: {
    market: eventMarket,
    indexTicks: { type: 'f64', at: 4 },
    publisherCount: { type: 'i32', at: 14 },
  },
  MarkUpdated: {
    market: eventMarket,
    markTicks: { type: 'f64', at: 4 },
    indexTicks: { type: 'f64', at: 5 },
  },
  /** Premium in 1e-10 of the index (risk.md 1.3); predicted = the 8-hour rate F8 from the samples so far, 1e-10. */
  PremiumSampled: {
    market: eventMarket,
    premium: { type: 'f64', at: 4 },
    predictedRate: { type: 'f64', at: 5 },
    sampleCount: { type: 'i32', at: 14 },
  },
  /** Hourly: `rate` is F8 in 1e-10, `deltaIndex` moved the cumulative `fundingIndex` (1e-6 micro-USDC per lot). */
  FundingApplied: {
    market: eventMarket,
    rate: { type: 'f64', at: 4 },
    deltaIndex: { type: 'f64', at: 5 },
    fundingIndex: { type: 'f64', at: 6 },
    indexTicks: { type: 'f64', at: 7 },
    intervalS: { type: 'i32', at: 16 },
  },
  BatchConfirmed: {
    batchNo: { type: 'f64', at: 4 },
    toSeq: { type: 'f64', at: 5 },
    gasUsed: { type: 'f64', at: 6 },
    blockNumber: { type: 'f64', at: 7 },
    txHash: { type: 'bytes', at: 64, length: 32 },
  },
  MarketStateChanged: { market: eventMarket, state: { type: 'i32', at: 8 } },
  WithdrawalsSwitched: { paused: { type: 'i32', at: 8 } },
  /** The same request came again: nothing changed; `orderId` is the order the first one made. */
  DuplicateRequest: {
    accountId: eventAccount,
    orderId: { type: 'f64', at: 4 },
    clientOrderId: { type: 'text', at: 64, length: 36 },
  },
  /** A waiting order's moment came: `lots` of it are matched now, within `limitTicks`; `priceTicks` is what was seen. */
  OrderTriggered: {
    accountId: eventAccount,
    market: eventMarket,
    orderId: { type: 'f64', at: 4 },
    priceTicks: { type: 'f64', at: 5 },
    lots: { type: 'f64', at: 6 },
    limitTicks: { type: 'f64', at: 7 },
  },
  /** An iceberg's next part, a scale's next level, a peg that moved: at the tail of its price. Previous 0: was not on the book. */
  OrderRequeued: {
    accountId: eventAccount,
    market: eventMarket,
    orderId: { type: 'f64', at: 4 },
    /** 0: taken off the book, waiting. */
    priceTicks: { type: 'f64', at: 5 },
    shownLots: { type: 'f64', at: 6 },
    previousPriceTicks: { type: 'f64', at: 7 },
    remainingLots: { type: 'f64', at: 8 },
    side: { type: 'i32', at: 18 },
  },
  /** A fill of its OCO sibling took lots off the order. */
  OrderReduced: {
    accountId: eventAccount,
    market: eventMarket,
    orderId: { type: 'f64', at: 4 },
    remainingLots: { type: 'f64', at: 5 },
    byLots: { type: 'f64', at: 6 },
    side: { type: 'i32', at: 14 },
  },
  TransferBooked: {
    accountId: eventAccount,
    amountQuote: { type: 'f64', at: 4 },
    cashQuote: { type: 'f64', at: 5 },
    toCashQuote: { type: 'f64', at: 6 },
    toAccountId: { type: 'i32', at: 14 },
    lane: { type: 'i32', at: 15 },
    laneSeq: { type: 'u32', at: 16 },
  },
  LeverageSet: {
    accountId: eventAccount,
    market: eventMarket,
    leverage: { type: 'i32', at: 8 },
  },
  AccountModeSet: { accountId: eventAccount, isolatedMarket: { type: 'i32', at: 8 } },
  /** Deadline 0: off. */
  DeadManSet: {
    accountId: eventAccount,
    deadlineMs: { type: 'f64', at: 4 },
    /** 0: every market, else the market plus one. */
    scope: { type: 'i32', at: 10, optional: true },
  },
  SelfTradeGroupSet: { accountId: eventAccount, group: { type: 'i32', at: 8 } },
  FeeTiersSet: {},
  FeeTierChanged: {
    accountId: eventAccount,
    volumeQuote: { type: 'f64', at: 4 },
    tier: { type: 'i32', at: 10 },
  },
  MarketRiskSet: { market: eventMarket },
  /** Each minute: the return in 1e-9, its variance, the raw and the smoothed requirement, the depth it is scaled by. */
  VolatilityUpdated: {
    market: eventMarket,
    returnPpb: { type: 'f64', at: 4 },
    variance: { type: 'f64', at: 5 },
    rawPpm: { type: 'f64', at: 6 },
    volatilityPpm: { type: 'f64', at: 7 },
    depthQuote: { type: 'f64', at: 8 },
  },
  BackstopSet: { accountId: eventAccount, market: eventMarket },
  InsuranceFunded: {
    accountId: eventAccount,
    market: eventMarket,
    amountQuote: { type: 'f64', at: 4 },
    cashQuote: { type: 'f64', at: 5 },
    trancheQuote: { type: 'f64', at: 6 },
    lane: { type: 'i32', at: 14 },
    laneSeq: { type: 'u32', at: 15 },
  },
  /** What rounding left in the funding pool of a market without positions, given to its insurance tranche. */
  DustCollected: {
    market: eventMarket,
    amountQuote: { type: 'f64', at: 4 },
    trancheQuote: { type: 'f64', at: 5 },
  },
  ThrottleSet: { minNotionalQuote: { type: 'f64', at: 4 }, level: { type: 'i32', at: 10 } },
  /** Why and how a liquidation acts, before it does: prices, equity, requirements, stage (0 … 4). */
  LiquidationExplained: {
    accountId: eventAccount,
    market: eventMarket,
    markTicks: { type: 'f64', at: 4 },
    indexTicks: { type: 'f64', at: 5 },
    equityQuote: { type: 'f64', at: 6 },
    maintenanceQuote: { type: 'f64', at: 7 },
    initialQuote: { type: 'f64', at: 8 },
    positionLots: { type: 'f64', at: 9 },
    sizeLots: { type: 'f64', at: 10 },
    /** Stage 1: the limit of the order that is sent; else 0. */
    limitTicks: { type: 'f64', at: 11 },
    trancheQuote: { type: 'f64', at: 12 },
    stage: { type: 'i32', at: 26 },
  },
  /** Header account = the account in liquidation; `side` is its side; insurance positive = fee paid to the tranche. */
  LiquidationFilled: {
    accountId: eventAccount,
    market: eventMarket,
    tradeId: { type: 'f64', at: 4 },
    priceTicks: { type: 'f64', at: 5 },
    sizeLots: { type: 'f64', at: 6 },
    quote: { type: 'f64', at: 7 },
    makerOrderId: { type: 'f64', at: 8 },
    insuranceQuote: { type: 'f64', at: 9 },
    makerFeeQuote: { type: 'f64', at: 10 },
    realizedQuote: { type: 'f64', at: 11 },
    makerRealizedQuote: { type: 'f64', at: 12 },
    positionLots: { type: 'f64', at: 13 },
    makerPositionLots: { type: 'f64', at: 14 },
    makerRemainingLots: { type: 'f64', at: 15 },
    makerAccountId: { type: 'i32', at: 32 },
    side: { type: 'i32', at: 33 },
    makerFee: { type: 'i32', at: 34 },
    trancheQuote: { type: 'f64', at: 18 },
  },
  /** The backstop took the whole position: `quote` moved from its cash to the account's, `insuranceQuote` from the tranche. */
  PositionTakenOver: {
    accountId: eventAccount,
    market: eventMarket,
    markTicks: { type: 'f64', at: 4 },
    /** Signed, as the account held it. */
    sizeLots: { type: 'f64', at: 5 },
    quote: { type: 'f64', at: 6 },
    insuranceQuote: { type: 'f64', at: 7 },
    realizedQuote: { type: 'f64', at: 8 },
    backstopPositionLots: { type: 'f64', at: 9 },
    trancheQuote: { type: 'f64', at: 10 },
    backstopAccountId: { type: 'i32', at: 22 },
    backstopRealizedQuote: { type: 'f64', at: 12 },
  },
  /** One counterparty of an auto-deleveraging: `sizeLots` of its position (signed) closed at mark, less its share. */
  AdlExecuted: {
    accountId: eventAccount,
    market: eventMarket,
    markTicks: { type: 'f64', at: 4 },
    sizeLots: { type: 'f64', at: 5 },
    deficitQuote: { type: 'f64', at: 6 },
    positionLots: { type: 'f64', at: 7 },
    realizedQuote: { type: 'f64', at: 8 },
    quote: { type: 'f64', at: 10 },
    victimAccountId: { type: 'i32', at: 18 },
    rank: { type: 'i32', at: 19 },
  },
  /** The sum of an auto-deleveraging: deficit = Σ shares; insurance = what the tranche paid the account. */
  AdlRound: {
    accountId: eventAccount,
    market: eventMarket,
    closedLots: { type: 'f64', at: 4 },
    deficitQuote: { type: 'f64', at: 5 },
    insuranceQuote: { type: 'f64', at: 6 },
    realizedQuote: { type: 'f64', at: 7 },
    trancheQuote: { type: 'f64', at: 8 },
    participants: { type: 'i32', at: 18 },
  },
  /** The deficit of an account without positions: what the tranche paid of it, and what was noted against the market. */
  BadDebt: {
    accountId: eventAccount,
    market: eventMarket,
    amountQuote: { type: 'f64', at: 4 },
    badDebtQuote: { type: 'f64', at: 5 },
    insuranceQuote: { type: 'f64', at: 6 },
    trancheQuote: { type: 'f64', at: 7 },
  },
  MarketSettled: { market: eventMarket, priceTicks: { type: 'f64', at: 4 } },
  PositionSettled: {
    accountId: eventAccount,
    market: eventMarket,
    sizeLots: { type: 'f64', at: 4 },
    priceTicks: { type: 'f64', at: 5 },
    quote: { type: 'f64', at: 6 },
    realizedQuote: { type: 'f64', at: 7 },
    cashQuote: { type: 'f64', at: 8 },
  },
  /** The terms of a session key, as registered on-chain. */
  KeyRegistered: {
    notionalQuote: { type: 'f64', at: 4 },
    maxPositionLots: { type: 'f64', at: 5 },
    maxOrderNotionalQuote: { type: 'f64', at: 6 },
    subaccount: { type: 'i32', at: 14 },
    allSubaccounts: { type: 'i32', at: 15 },
    expiryS: { type: 'u32', at: 16 },
    marketsLow: { type: 'u32', at: 17 },
    marketsHigh: { type: 'u32', at: 18 },
    key: { type: 'bytes', at: 80, length: 20 },
    owner: { type: 'bytes', at: 100, length: 20 },
  },
  /** No new order of the key's; the chain settles what it has signed until `expiryS`. Its orders' `OrderClosed` follow. */
  KeyRevoked: {
    expiryS: { type: 'u32', at: 8 },
    key: { type: 'bytes', at: 64, length: 20 },
    owner: { type: 'bytes', at: 84, length: 20 },
  },
  /** First event of a notice; account 0: the owner has none here. */
  ChainNoticed: {
    accountId: eventAccount,
    market: eventMarket,
    noticeId: { type: 'f64', at: 4 },
    amountQuote: { type: 'f64', at: 5 },
    lots: { type: 'f64', at: 6 },
    blockNumber: { type: 'f64', at: 7 },
    dueS: { type: 'f64', at: 8 },
    what: { type: 'i32', at: 18 },
    lane: { type: 'i32', at: 19 },
    laneSeq: { type: 'u32', at: 20 },
    txHash: { type: 'bytes', at: 96, length: 32 },
  },
  /**
   * A reduction that its owner asked for on-chain: the backstop took `sizeLots` (signed, the change of the account's
   * position) for `quote` paid to the account (negative: by it), the fee taken off. `isServed` 1: by this command, a batch
   * carries it; 0: the chain did it already.
   */
  PositionReduced: {
    accountId: eventAccount,
    market: eventMarket,
    priceTicks: { type: 'f64', at: 4 },
    sizeLots: { type: 'f64', at: 5 },
    quote: { type: 'f64', at: 6 },
    feeQuote: { type: 'f64', at: 7 },
    realizedQuote: { type: 'f64', at: 8 },
    positionLots: { type: 'f64', at: 9 },
    backstopPositionLots: { type: 'f64', at: 10 },
    backstopAccountId: { type: 'i32', at: 22 },
    isServed: { type: 'i32', at: 23 },
    backstopRealizedQuote: { type: 'f64', at: 12 },
  },
}

const bytesOfKind = new Uint16Array(64)
for (const [name, { bytes }] of Object.entries(commandLayouts))
  bytesOfKind[Object.entries(commandKind).find(([n]) => n === name)?.[1] ?? 0] = bytes

/** Bytes of a command of this kind that the journal stores; 0 for an unknown kind. */
export function commandBytes(kind: number): number {
  return bytesOfKind[kind] ?? 0
}
