//! The state hash of the reference engine: every record mixed anew, each time (packages/model/src/state-hash.ts).
import { type HashedRecord, hashedRecord, limits, RecordMixer, type StateHash } from '@plumb/model'
import { allOrders, type ReferenceMarket, type ReferenceState } from './reference-state.ts'

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
  ) => {
    mixer.begin(kind)
    for (const value of values.slice(0, at)) mixer.integer(Number(value))
    for (const word of words) mixer.word(word)
    for (const value of values.slice(at)) mixer.integer(Number(value))
    mixer.end()
    hi = (hi + mixer.hi) | 0
    lo = (lo + mixer.lo) | 0
  }
  for (const a of s.accounts) {
    add(hashedRecord.account, [a.accountId, a.subaccount, a.cash], wordsOf(a.owner), 1)
    for (const [market, p] of a.positions)
      add(hashedRecord.position, [a.accountId, market, p.lots, p.entry, p.snapshot])
    for (const [lane, l] of a.lanes)
      add(hashedRecord.lane, [a.accountId, lane, l.seq, l.orderId === 0 ? l.filled : 0])
  }
  for (const o of allOrders(s))
    add(hashedRecord.order, [
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
    ])
  for (const [place, slot] of s.freeSlots.entries())
    add(hashedRecord.freeSlot, [slot, s.generations[slot] ?? 0, place])
  for (const id of s.clientIds.values()) {
    const [market, price, size, trigger, side, flags, kind, selfTrade, ...rest] = id.body
    const modes = side! + flags! * 2 ** 8 + kind! * 2 ** 16 + selfTrade! * 2 ** 24
    const values = [id.accountId, id.orderId, market!, price!, size!, trigger!, modes]
    const text = new Uint8Array(limits.clientOrderIdLengthMax)
    for (let i = 0; i < id.text.length; i++) text[i] = id.text.charCodeAt(i)
    add(hashedRecord.clientId, [...values, ...rest, id.closeNumber], wordsOf(text), 1)
  }
  for (const m of s.markets.values()) add(hashedRecord.market, marketValues(s, m))
  const pages = Math.ceil(s.limits.markets / limits.pricesPerPage)
  for (let publisher = 0; publisher < s.publisherCount; publisher++)
    for (let page = 0; page < pages; page++) {
      const seen = s.publishers.get(`${publisher}:${page}`)
      const prices = seen?.prices ?? Array.from({ length: limits.pricesPerPage }, () => 0)
      add(hashedRecord.publisher, [publisher, page, seen?.timeMs ?? 0, ...prices])
    }
  for (const { seq, accountId, amount } of s.withdrawals)
    add(hashedRecord.withdrawal, [seq, accountId, amount])
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
  ])
  return { hi: hi >>> 0, lo: lo >>> 0 }
}

function wordsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(i * 4, true))
}

function marketValues(s: ReferenceState, m: ReferenceMarket): Value[] {
  let openInterest = 0n
  for (const { positions } of s.accounts) {
    const lots = positions.get(m.market)?.lots ?? 0n
    if (lots > 0n) openInterest += lots
  }
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
    openInterest,
    m.premiumSum,
    m.premiumCount,
    m.sampleTimeMs,
    m.sampledMs,
    m.emaN,
    m.emaD,
    m.emaTimeMs,
    m.fundingHour,
    m.lastRate,
    m.lastPremium,
  ]
}
