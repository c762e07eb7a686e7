//! The state hash of the reference engine: every record mixed anew, each time (packages/model/src/state-hash.ts).
import { type HashedRecord, hashedRecord, limits, RecordMixer, type StateHash } from '@plumb/model'
import {
  type MarketRisk,
  openInterest,
  type ReferenceAccount,
  type ReferenceKey,
  type ReferenceMarket,
  type ReferenceOrder,
  type ReferenceState,
} from './reference-state.ts'

type Value = number | bigint

export function referenceHash(s: ReferenceState): StateHash {
  const mixer = new RecordMixer()
  let hi = 0
  let lo = 0
  const add = (
    kind: HashedRecord,
    values: readonly Value[],
    words: readonly number[] = [],
    at = 0,
    last: readonly number[] = [],
  ) => {
    mixer.begin(kind)
    for (const value of values.slice(0, at)) mixer.integer(Number(value))
    for (const word of words) mixer.word(word)
    for (const value of values.slice(at)) mixer.integer(Number(value))
    for (const word of last) mixer.word(word)
    mixer.end()
    hi = (hi + mixer.hi) | 0
    lo = (lo + mixer.lo) | 0
  }
  for (const a of s.accounts) {
    add(hashedRecord.account, accountValues(a), wordsOf(a.owner), 1)
    if (a.minSeq !== 0 || a.locked)
      add(hashedRecord.direct, [a.accountId, a.minSeq, a.locked ? 1 : 0])
    for (const [market, p] of a.positions)
      add(hashedRecord.position, [a.accountId, market, p.lots, p.entry, p.snapshot, p.partialAtMs])
    for (const [lane, l] of a.lanes)
      add(hashedRecord.lane, [a.accountId, lane, l.seq, l.orderId === 0 ? l.filled : 0])
    for (const [scope, deadlineMs] of a.deadMan)
      if (scope !== 0 && deadlineMs !== 0)
        add(hashedRecord.deadMan, [a.accountId, scope - 1, deadlineMs])
    for (const [market, amount] of a.reductionsAsked)
      add(hashedRecord.reductionAsked, [a.accountId, market, amount])
    for (const [market, leverage] of a.leverage)
      add(hashedRecord.leverage, [a.accountId, market, leverage])
  }
  for (const order of s.orders.values()) {
    add(hashedRecord.order, orderValues(order))
    const { style, triggerKind, parentLane, sibling, hidden } = order
    if ([style, triggerKind, parentLane, sibling, hidden].some((value) => value !== 0))
      add(hashedRecord.advancedOrder, advancedValues(order))
    const key = s.keys.get(order.key)
    if (key !== undefined)
      add(hashedRecord.keyedOrder, [order.orderId, order.limit, order.keyLots], wordsOf(key.key), 1)
  }
  for (const key of s.keys.values()) {
    const addresses = [...wordsOf(key.key), ...wordsOf(key.owner)]
    const map = [key.marketsLow, key.marketsHigh]
    add(hashedRecord.sessionKey, keyValues(key), addresses, 0, map)
  }
  for (const [place, slot] of s.freeSlots.entries())
    add(hashedRecord.freeSlot, [slot, s.generations[slot] ?? 0, place])
  for (const id of s.clientIds.values()) {
    const [market, price, size, trigger, side, flags, kind, selfTrade, ...rest] = id.body.signed
    const modes = side! + flags! * 2 ** 8 + kind! * 2 ** 16 + selfTrade! * 2 ** 24
    const values = [id.accountId, id.orderId, market!, price!, size!, trigger!, modes]
    const text = new Uint8Array(limits.clientOrderIdLengthMax)
    for (let i = 0; i < id.text.length; i++) text[i] = id.text.charCodeAt(i)
    const options = id.body.options.some((word) => word !== 0) ? id.body.options : []
    add(hashedRecord.clientId, [...values, ...rest, id.closeNumber], wordsOf(text), 1, options)
  }
  for (const [i, { volume, takerOff, makerOff }] of s.feeTiers.entries())
    if (volume !== 0) add(hashedRecord.feeTier, [i + 1, volume, takerOff, makerOff])
  for (const m of s.markets.values()) {
    add(hashedRecord.market, marketValues(s, m))
    if (m.risk !== undefined) add(hashedRecord.marketRisk, [m.market, ...riskValues(m.risk)])
    if (m.fixedIndexTicks === 0) add(hashedRecord.marketClock, clockValues(m))
    const safety = safetyValues(m)
    if (safety.some((value) => BigInt(value) !== 0n))
      add(hashedRecord.safety, [m.market, ...safety])
  }
  const pages = Math.ceil(s.limits.markets / limits.pricesPerPage)
  for (let publisher = 0; publisher < s.publisherCount; publisher++)
    for (let page = 0; page < pages; page++) {
      const seen = s.publishers.get(`${publisher}:${page}`)
      const prices = seen?.prices ?? Array.from({ length: limits.pricesPerPage }, () => 0)
      add(hashedRecord.publisher, [publisher, page, seen?.timeMs ?? 0, ...prices])
    }
  for (const { seq, accountId, amount } of s.withdrawals)
    add(hashedRecord.withdrawal, [seq, accountId, amount])
  if (s.chain.notices !== 0) add(hashedRecord.chain, chainValues(s))
  const pending = s.withdrawals.reduce((sum, w) => sum + w.amount, 0n)
  add(hashedRecord.totals, [
    s.opened ? 1 : 0,
    s.chainId,
    s.lagS,
    s.publisherCount,
    s.quorum,
    s.accounts.length,
    s.lastDepositId,
    s.deposits,
    s.paid,
    pending,
    s.fees,
    s.trades,
    s.priorities,
    s.closes,
    s.paused,
    s.lastBatch,
    s.batchToSeq,
    s.sweptS,
    s.throttle.level,
    s.throttle.minNotional,
  ])
  return { hi: hi >>> 0, lo: lo >>> 0 }
}

function wordsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(i * 4, true))
}

const keyValues = (key: ReferenceKey): Value[] => [
  key.subaccount,
  key.allSubaccounts,
  key.expiryS,
  key.registeredExpiryS,
  key.isRevoked ? 1 : 0,
  key.maxPositionLots,
  key.maxOrderNotionalQuote,
  key.left,
]

const accountValues = (a: ReferenceAccount): Value[] => [
  a.accountId,
  a.subaccount,
  a.cash,
  a.group,
  a.isolatedMarket + 1,
  a.tier,
  a.volume,
  a.volumeDay,
  a.deadMan.get(0) ?? 0,
]

const orderValues = (o: ReferenceOrder): Value[] => [
  o.orderId,
  o.accountId,
  o.market,
  o.side,
  o.flags,
  o.price,
  o.size,
  o.remaining,
  o.maxFee,
  o.lane,
  o.laneSeq,
  o.expiryS,
  o.priority,
]

const advancedValues = (o: ReferenceOrder): Value[] => [
  o.orderId,
  o.waiting ? 1 : 0,
  o.style,
  o.triggerKind,
  o.triggerSource,
  o.trigger,
  o.extreme,
  o.limit,
  o.offset,
  o.count,
  o.seconds,
  o.slippage,
  o.display,
  o.hidden,
  o.step,
  o.startMs,
  o.parentLane,
  o.parentSeq,
  o.parentTotal,
  o.parentFilledBefore,
  o.sibling,
  o.waitingPriority,
  o.waiting ? o.selfTrade : 0,
]

const riskValues = (risk: MarketRisk): Value[] => [
  ...risk.boundUsdc,
  ...risk.imfPpm,
  risk.oiLowUsdc,
  risk.oiHighUsdc,
  risk.partialAboveQuote,
  risk.volatilitySeed,
  risk.openingGainPpm,
  risk.scopePpm,
  risk.volatility,
  risk.liquidation,
  risk.liquidationFeePpm,
  risk.cancelOnlyS,
  risk.postOnlyS,
  risk.rearmS,
]

const clockValues = (m: ReferenceMarket): Value[] => [
  m.market,
  m.bookWeight,
  m.markSecond,
  m.ema30.n,
  m.ema30.d,
  m.ema30.timeMs,
  ...m.minutes.flatMap(({ minute, sum, count }) => [minute, sum, count]),
  m.volatility.minute,
  m.volatility.index,
  m.volatility.variance,
  m.volatility.ppm,
  m.depths.taken,
  ...m.depths.ring,
]

const safetyValues = (m: ReferenceMarket): Value[] => [
  m.tranche,
  m.badDebt,
  m.backstop,
  m.reopeningSinceMs,
  m.goodTicks,
  m.rearmedAtMs,
  m.settlementPrice,
]

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

function chainValues({ chain }: ReferenceState): number[] {
  const { notices, pausedUntilS, forceFeePpm, backstopHex, heardMs, unsettledMs } = chain
  const owner = wordsOf(bytesOf(backstopHex)).map((word) => word >>> 0)
  return [notices, pausedUntilS, forceFeePpm, ...owner, heardMs, unsettledMs]
}

function marketValues(s: ReferenceState, m: ReferenceMarket): Value[] {
  return [
    m.market,
    m.state,
    m.tickE8,
    m.lotE8,
    m.quotePerTickLot,
    m.imBps,
    m.mmBps,
    m.takerFee,
    m.makerFee,
    m.minOrderLots,
    m.maxOrderLots,
    m.maxPositionLots,
    m.minNotionalQuote,
    m.maxOpenInterestLots,
    m.priceBandPpm,
    m.markBandPpm,
    m.fixedIndexTicks,
    m.last,
    m.index,
    m.indexTimeMs,
    m.mark,
    m.fundingIndex,
    m.pool,
    openInterest(s, m.market),
    m.premiumSum,
    m.premiumCount,
    m.sampleTimeMs,
    m.sampledMs,
    m.ema150.n,
    m.ema150.d,
    m.ema150.timeMs,
    m.fundingHour,
    m.lastRate,
    m.lastPremium,
  ]
}
