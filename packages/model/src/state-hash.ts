//! The state hash: which words of which records are mixed, and how. Every implementation computes the same number.

/**
 * The hash of a state is the sum, in two 32-bit lanes (mod 2^32), of one 64-bit mix for each record, so a record can be
 * taken out and put back without walking the rest, and the order of summation does not matter. A record is its kind
 * followed by integers; an integer x is two words, x mod 2^32 and floor(x / 2^32) mod 2^32 (two's complement), so no
 * float ever enters. The sequence number and the clock are left out: a refused command leaves the hash as it was.
 *
 * | kind | when | integers |
 * |---|---|---|
 * | account | open | id, owner (5 words), subaccount, cash, self-trade group, isolated market + 1, fee tier, volume, volume day, dead man's deadline |
 * | position | lots ≠ 0 | account, market, lots, entry cost, funding snapshot, time of the last partial liquidation |
 * | order | live | order id, account, market, side, flags, price, size, remaining, max fee, lane, lane seq, expiry, priority |
 * | freeSlot | used once, free | slot, generation, place in the free stack (0 = bottom) |
 * | lane | seq > 0 | account, lane, seq, filled by its closed order (0 while live) |
 * | clientId | remembered | account, text (9 words), order id, market, price, size, trigger, side + 2^8 flags + 2^16 kind + 2^24 self-trade, max fee, lane, lane seq, expiry, close number (0 while open); if one of them is not 0: options, then the words 54 … 63 of the command (layout.ts), as words |
 * | market | listed | number, state, the listing in the order of `Market`, last, index, index time, mark, funding index, pool, open interest, premium sum and count, last sample time, sampled ms, ema numerator, denominator and time, funding hour, last rate, last premium |
 * | publisher | genesis | publisher, page, publish time, 32 prices |
 * | withdrawal | pending | request seq, account, amount |
 * | advancedOrder | live, style, trigger, link or hidden lots not 0 | order id, waiting, style, trigger kind, trigger source, trigger, extreme (trailing), signed limit, offset, count, seconds, slippage, display, hidden lots, next step (twap slice, scale level), start time, parent lane + 1, parent seq, parent total, parent filled before, sibling order id, waiting priority, self-trade mode (while waiting, else 0) |
 * | leverage | not 0 | account, market, leverage |
 * | feeTier | volume not 0 | tier, volume, taker off, maker off |
 * | marketRisk | set once | market, then `SetMarketRisk` in the order of its type |
 * | marketClock | listed, not fixed | market, w, second of the last mark, ema30 numerator, denominator, time, five buckets (minute, sum, count) by minute mod 5, volatility: minute, index, variance, requirement; depths so far, the ring of 24 (oldest value first unused = 0, in ring order) |
 * | safety | any but market not 0 | market, tranche, bad debt, backstop account, reopening since, good ticks, rearmed at, settlement price |
 * | sessionKey | known | key (5 words), owner (5 words), subaccount, all subaccounts, expiry, expiry as registered, revoked, largest position, largest order notional, notional left, markets low and high (2 words) |
 * | keyedOrder | live, signed by a session key | order id, key (5 words), signed limit, signed lots |
 * | chain | a notice was heard | notices, paused until, fee of a forced reduction, backstop's owner (5 words), settlement heard at, oldest unsettled |
 * | direct | one of them not 0 | account, least sequence number, locked |
 * | deadMan | a market's switch is set | account, market, deadline |
 * | totals | always | opened, chain id, lag s, publishers, quorum, accounts, last deposit id, deposits, paid, pending, fees, trades, priorities, close numbers, paused, last batch, batch to-seq, last swept second, throttle level, throttle notional |
 */
export const hashedRecord = {
  account: 1,
  position: 2,
  order: 3,
  freeSlot: 4,
  lane: 5,
  clientId: 6,
  market: 7,
  publisher: 8,
  withdrawal: 9,
  totals: 10,
  advancedOrder: 11,
  leverage: 12,
  feeTier: 13,
  marketRisk: 14,
  marketClock: 15,
  safety: 16,
  sessionKey: 17,
  keyedOrder: 18,
  chain: 19,
  direct: 20,
  deadMan: 21,
  reductionAsked: 22,
} as const
export type HashedRecord = (typeof hashedRecord)[keyof typeof hashedRecord]

/** The two unsigned lanes of a state hash. */
export type StateHash = { hi: number; lo: number }

const MULTIPLIER_HI = 0xcc9e2d51 | 0
const MULTIPLIER_LO = 0x85ebca6b | 0
const TWO_32 = 4_294_967_296

/** Mixes one record: `begin`, then its words and integers, then `end`; `hi` and `lo` then hold its 64 bits. */
export class RecordMixer {
  hi = 0
  lo = 0
  /** Room for a record given whole to `take`. */
  readonly words: Int32Array = new Int32Array(64)
  #words = 0

  begin(kind: HashedRecord): void {
    this.hi = 0x9e3779b9 | 0
    this.lo = 0x7f4a7c15 | 0
    this.#words = 0
    this.word(kind)
  }

  /** One 32-bit word, signed or unsigned. */
  word(word: number): void {
    const hi = Math.imul(this.hi ^ word, MULTIPLIER_HI)
    const lo = Math.imul((this.lo + word) | 0, MULTIPLIER_LO)
    this.hi = ((hi << 13) | (hi >>> 19)) ^ lo
    this.lo = (((lo << 17) | (lo >>> 15)) + hi) | 0
    this.#words = (this.#words + 1) | 0
  }

  /** An integer below 2^53 in magnitude: two words. */
  integer(value: number): void {
    this.word(value | 0)
    this.word(Math.floor(value / TWO_32) | 0)
  }

  /** `begin`, `word` and `integer` in one: the first `count` of `words`, the record's kind before its integers. */
  take(count: number): void {
    const { words } = this
    let hi = 0x9e3779b9 | 0
    let lo = 0x7f4a7c15 | 0
    // In locals: through the object's fields each word would wait for the one before to be stored.
    for (let i = 0; i < count; i++) {
      const word = words[i] ?? 0
      const upper = Math.imul(hi ^ word, MULTIPLIER_HI)
      const lower = Math.imul((lo + word) | 0, MULTIPLIER_LO)
      hi = ((upper << 13) | (upper >>> 19)) ^ lower
      lo = (((lower << 17) | (lower >>> 15)) + upper) | 0
    }
    this.hi = hi
    this.lo = lo
    this.#words = count
  }

  end(): void {
    this.hi = finish(this.hi ^ this.#words)
    this.lo = finish(((this.lo ^ this.hi) + this.#words) | 0)
  }
}

/** Avalanche of one lane (MurmurHash3's fmix32). */
function finish(lane: number): number {
  let h = lane
  h = Math.imul(h ^ (h >>> 16), MULTIPLIER_LO)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35 | 0)
  return h ^ (h >>> 16)
}
