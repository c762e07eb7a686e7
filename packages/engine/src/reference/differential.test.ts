import {
  CommandBuffer,
  decodeCommand,
  decodeEvents,
  EVENT_STRIDE,
  encodeCommand,
  type Market,
  rejectName,
} from '@plumb/model'
import { describe, expect, test } from 'vitest'
import { createEngine, type Engine, type EngineLimits, restoreEngine } from '../index.ts'
import { CommandStream, type StreamProfile } from './command-stream.ts'
import { checkInvariants } from './invariants.ts'
import { ReferenceEngine } from './reference-engine.ts'

const base: Market = {
  market: 0,
  symbol: 'BTC-PERP',
  tickE8: 10_000_000,
  lotE8: 100_000,
  quotePerTickLot: 100,
  imBps: 500,
  mmBps: 250,
  takerFee: 45,
  makerFee: 15,
  minOrderLots: 1,
  maxOrderLots: 100_000,
  maxPositionLots: 300,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 50_000,
  markBandPpm: 30_000,
  fixedIndexTicks: 0,
}
const rebate: Market = {
  ...base,
  market: 1,
  symbol: 'ETH-PERP',
  quotePerTickLot: 7,
  imBps: 1_000,
  mmBps: 333,
  takerFee: 50,
  makerFee: -20,
  minOrderLots: 3,
  minNotionalQuote: 2_000_000,
  maxOpenInterestLots: 250,
  priceBandPpm: 0,
  markBandPpm: 100_000,
}
const tape: Market = {
  ...base,
  market: 33,
  symbol: 'TAPE',
  quotePerTickLot: 1,
  imBps: 2,
  mmBps: 1,
  takerFee: 0,
  makerFee: 0,
  maxOrderLots: 1_099_511_627_775,
  maxPositionLots: 2 ** 44,

  priceBandPpm: 0,
  fixedIndexTicks: 23_550,
}

const usual: StreamProfile = {
  owners: 6,
  markets: [base, rebate, tape],
  lanes: 12,
  depositMax: 2_000_000_000,
  sizeMax: 30,
  spread: 5,
  volatility: 1_000,
  depth: 60,
}
const wide: StreamProfile = {
  ...usual,
  markets: [tape, { ...tape, market: 2, fixedIndexTicks: 3_000_000_000 }, base],
  depositMax: 400_000_000_000_000,
  sizeMax: 20_000_000_000,
  spread: 3_000,
}
const poor: StreamProfile = { ...usual, depositMax: 60_000_000, sizeMax: 12, volatility: 8_000 }
const crowded: StreamProfile = { ...usual, lanes: 300, spread: 4_000, depth: 200, owners: 9 }

const roomy: Partial<EngineLimits> = {
  accounts: 32,
  openOrders: 1_024,
  pages: 512,
  pageDirectories: 64,
  positions: 256,
  lanePages: 512,
  clientIds: 1_500,
  pendingWithdrawals: 64,
}
const tight: Partial<EngineLimits> = {
  accounts: 10,
  markets: 40,
  openOrders: 48,
  ordersPerAccount: 3,
  pages: 6,
  pageDirectories: 3,
  positions: 18,
  lanePages: 12,
  clientIds: 60,
  pendingWithdrawals: 3,
}

const count = Number(globalThis.process?.env['PLUMB_FUZZ'] ?? 60_000)
const firstSeed = Number(globalThis.process?.env['PLUMB_SEED'] ?? 1)
const runs: [string, StreamProfile, Partial<EngineLimits>][] = [
  ['usual', usual, roomy],
  ['wide', wide, roomy],
  ['poor', poor, roomy],
  ['crowded', crowded, roomy],
  ['tight', { ...usual, lanes: 40 }, tight],
  ['tight and wide', { ...wide, spread: 4_000_000 }, tight],
]
const STREAM = 2_500

/** What a full run must have met at least once: events and close reasons, then refusals by command. */
const outcomes = [
  ...`OrderPlaced OrderAmended TradeExecuted FundingApplied FundingSettled IndexUpdated MarkUpdated PremiumSampled
    WithdrawalAccepted WithdrawalPaid BatchConfirmed DuplicateRequest MarketStateChanged WithdrawalsSwitched
  `.matchAll(/\w+/g),
].map(([name]) => name)
for (const reason of [0, 1, 2, 4, 5, 7, 12]) outcomes.push(`OrderClosed ${reason}`)
const refusals = {
  Genesis: 'ALREADY_INITIALISED INVALID_PARAMETER',
  ListMarket: 'INVALID_PARAMETER',
  PlaceOrder: `UNKNOWN_ACCOUNT UNKNOWN_MARKET INVALID_TICK INVALID_STEP MAX_SIZE MIN_NOTIONAL MAX_NOTIONAL UNSUPPORTED
    SIGNATURE_EXPIRED NONCE_USED LANE_BUSY INVALID_LANE FEE_ABOVE_MAX DUPLICATE_CLIENT_ORDER_ID INVALID_PARAMETER
    INSUFFICIENT_MARGIN POSITION_LIMIT PRICE_BAND REDUCE_ONLY CAPACITY OPEN_ORDERS_LIMIT NO_MARK_PRICE
    OPEN_INTEREST_LIMIT POST_ONLY_WOULD_CROSS NOT_FILLABLE MARKET_HALTED CANCEL_ONLY CLOSE_ONLY POST_ONLY_STATE`,
  AmendOrder: `ORDER_NOT_FOUND INVALID_AMEND REDUCE_ONLY INSUFFICIENT_MARGIN POSITION_LIMIT NONCE_USED
    SIGNATURE_EXPIRED CLOSE_ONLY PRICE_BAND`,
  CancelOrder: 'ORDER_NOT_FOUND',
  CreditDeposit: 'DEPOSIT_GAP DEPOSIT_REPEATED CAPACITY',
  RequestWithdrawal: 'INSUFFICIENT_BALANCE WITHDRAWALS_PAUSED LANE_BUSY CAPACITY',
  ConfirmBatch: 'NOTHING_TO_CONFIRM INVALID_PARAMETER',
  ObservePrice: 'STALE_PRICE_MESSAGE UNKNOWN_PUBLISHER',
  SetMarketState: 'INVALID_PARAMETER',
  Tick: 'INVALID_PARAMETER',
}
for (const [command, codes] of Object.entries(refusals))
  for (const code of codes.split(/\s+/)) outcomes.push(`${command} ${code}`)

const seen = new Map<string, number>()
const note = (name: string) => seen.set(name, (seen.get(name) ?? 0) + 1)

/** Names the first record that differs, as the engine wrote it and as the reference did. */
function firstDifference(bytes: Uint8Array, expected: readonly Uint8Array[]): string | undefined {
  for (let i = 0; i < Math.max(expected.length, bytes.length / EVENT_STRIDE); i++) {
    const record = bytes.subarray(i * EVENT_STRIDE, (i + 1) * EVENT_STRIDE)
    const wanted = expected[i] ?? new Uint8Array(0)
    if (record.length === wanted.length && record.every((byte, at) => byte === wanted[at])) continue
    const shown = [record, wanted].map((r) =>
      r.length === 0 ? 'nothing' : JSON.stringify(decodeEvents(r)[0]),
    )
    return `engine    ${shown[0]}\nreference ${shown[1]}`
  }
  return undefined
}

function play(
  seed: number,
  profile: StreamProfile,
  limits: Partial<EngineLimits>,
  checkedUntil: number,
) {
  let engine: Engine = createEngine(limits)
  const reference = new ReferenceEngine(limits)
  const stream = new CommandStream(seed, profile)
  const buffer = new CommandBuffer(1)
  for (let seq = 1; seq <= STREAM; seq++) {
    const checked = seq <= checkedUntil
    const command = stream.next()
    const { timeMs } = stream
    const stored = encodeCommand(command, seq, timeMs)
    buffer.load(0, stored)
    const before = checked ? engine.stateHash() : undefined
    engine.events.clear()
    engine.apply(buffer, 0)
    const expected = reference.apply(decodeCommand(stored))
    const bytes = engine.events.bytes()
    const events = decodeEvents(bytes)
    const difference = firstDifference(bytes, expected)
    if (difference !== undefined)
      expect.fail(`seed ${seed} seq ${seq} ${JSON.stringify(command)}\n${difference}`)
    for (const event of events) {
      if (event.kind === 'CommandRejected') note(`${command.kind} ${rejectName(event.code)}`)
      else note(event.kind === 'OrderClosed' ? `OrderClosed ${event.reason}` : event.kind)
    }
    stream.observe(events)
    if (checked || seq % 127 === 0) {
      expect(engine.stateHash(), `hash: seed ${seed} seq ${seq}`).toEqual(reference.stateHash())
      if (checked && events[0]?.kind === 'CommandRejected')
        expect(engine.stateHash()).toEqual(before)
    }
    if (checked) checkInvariants(engine)
    if (seq % 1_111 === 0) engine = restoreEngine(engine.snapshot())
  }
  expect(engine.stateHash(), `hash: seed ${seed}`).toEqual(reference.stateHash())
  checkInvariants(engine)
}

describe('the engine agrees with the reference on every event and hash', () => {
  const seeds = Math.max(1, Math.round(count / STREAM / runs.length))
  test.each(runs)(
    '%s',
    (_, profile, limits) => {
      for (let seed = firstSeed; seed < firstSeed + seeds; seed++)
        play(seed, profile, limits, seed === firstSeed ? 800 : 0)
    },
    3_600_000,
  )

  test.skipIf(count < 50_000)('and the streams reach every kind of outcome', () => {
    if (globalThis.process?.env['PLUMB_SEEN']) console.log(Object.fromEntries(seen))
    expect(outcomes.filter((name) => !seen.has(name))).toEqual([])
  })
})
