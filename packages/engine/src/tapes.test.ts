// Real order tapes through the engine. The data stays outside the repository, so the tests say when it is absent.
// oxlint-disable-next-line no-restricted-imports -- a test may read files
import { existsSync, readdirSync, readFileSync } from 'node:fs'
// oxlint-disable-next-line no-restricted-imports -- a test may read files
import { fileURLToPath } from 'node:url'
// oxlint-disable-next-line no-restricted-imports -- a test may read files
import { crc32, gunzipSync } from 'node:zlib'
import {
  type Command,
  CommandBuffer,
  encodeCommand,
  eventKind,
  type Market,
  orderFlags,
  type Side,
} from '@plumb/model'
import { describe, expect, test } from 'vitest'
import { createEngine } from './index.ts'

const folder = fileURLToPath(new URL('../../../../shared/data/l3/', import.meta.url))

type Fill = [id: number, px: number, qty: number]
type Line = {
  op: 'seed' | 'add' | 'order' | 'take' | 'cancel' | 'reduce' | 'replace' | 'final'
  id: number
  side: 'B' | 'S'
  px: number
  qty: number
  fills?: Fill[]
  crc32: string
}

const START_MS = 1_790_000_000_000
const NOW_S = START_MS / 1_000
const ACCOUNTS_PER_SIDE = 4
const zeros = (length: number) => new Uint8Array(length)
const sideOf = (line: Line): Side => (line.side === 'B' ? 0 : 1)

/** One tape's exchange: buyers are accounts 1-4, sellers 5-8, each of an owner of its own. */
class TapeVenue {
  readonly engine = createEngine({ accounts: 8, openOrders: 8_192, lanePages: 512 })
  readonly #tick: number
  readonly #buffer = new CommandBuffer(1)
  readonly #lanes = new Map<number, number[]>()
  readonly #laneSeqs = new Map<number, number>()
  /** Open orders: engine's id → tape's id and lane; tape's id → engine's. */
  readonly #open = new Map<number, { tapeId: number; account: number; lane: number; side: Side }>()
  readonly #byTapeId = new Map<number, number>()
  #turn = 0

  constructor(tick: number, indexTicks: number) {
    this.#tick = tick
    const market: Market = {
      market: 0,
      symbol: 'TAPE',
      tickE8: 1,
      lotE8: 1,
      quotePerTickLot: 1,
      imBps: 2,
      mmBps: 1,
      takerFee: 0,
      makerFee: 0,
      minOrderLots: 1,
      maxOrderLots: 20_000_000_000,
      maxPositionLots: 2 ** 44,
      minNotionalQuote: 0,
      maxOpenInterestLots: 0,
      priceBandPpm: 0,
      markBandPpm: 0,
      fixedIndexTicks: indexTicks,
    }
    this.#send({
      kind: 'Genesis',
      chainId: 1_337,
      settlementLagS: 600,
      publisherCount: 1,
      publisherQuorum: 1,
      contract: zeros(20),
      publishers: zeros(100),
    })
    this.#send({ kind: 'ListMarket', ...market })
    for (let n = 1; n <= 2 * ACCOUNTS_PER_SIDE; n++) {
      const owner = zeros(20).fill(n)
      const rest = { depositId: n, blockNumber: 1, txHash: zeros(32), subaccount: 0 }
      this.#send({ kind: 'CreditDeposit', owner, amountQuote: 500_000_000_000_000, ...rest })
      this.#lanes.set(
        n,
        Array.from({ length: 1_024 }, (_, lane) => lane),
      )
    }
  }

  /** Places, answers the fills as the tape writes them. `immediate`: a take. */
  place(line: Line, immediate: boolean): Fill[] {
    const side = sideOf(line)
    const account = 1 + (this.#turn++ % ACCOUNTS_PER_SIDE) + side * ACCOUNTS_PER_SIDE
    const lane = this.#lanes.get(account)!.pop()!
    const order = this.#order(
      account,
      lane,
      side,
      line.px / this.#tick,
      line.qty,
      immediate ? 1 : 0,
    )
    return this.#send({ kind: 'PlaceOrder', orderId: 0, ...order }, line.id)
  }

  cancel(line: Line): void {
    const orderId = this.#byTapeId.get(line.id)!
    const { account } = this.#open.get(orderId)!
    this.#send({ kind: 'CancelOrder', accountId: account, orderId, clientOrderId: '' })
  }

  /** Amends to a price (0: its own) and to a size made of what remains. */
  amend(line: Line, size: (remaining: number) => number): void {
    const orderId = this.#byTapeId.get(line.id)!
    const { account, lane, side } = this.#open.get(orderId)!
    const { remainingLots, priceTicks } = this.engine.order(orderId)!
    const price = line.px === undefined ? priceTicks : line.px / this.#tick
    const order = this.#order(account, lane, side, price, size(remainingLots), 0)
    this.#send({ kind: 'AmendOrder', orderId, ...order }, line.id)
  }

  /** CRC-32 of the book, one line an order 'side,px,qty,id', bids then asks, as tools/commands_check.py does. */
  crc(): string {
    let crc = 0
    for (const side of [0, 1] as const)
      for (const order of this.engine.book(0, side)) {
        const { tapeId } = this.#open.get(order.orderId)!
        const price = order.priceTicks * this.#tick
        crc = crc32(`${side === 0 ? 'B' : 'S'},${price},${order.remainingLots},${tapeId}\n`, crc)
      }
    return crc.toString(16).padStart(8, '0')
  }

  #order(
    accountId: number,
    lane: number,
    side: Side,
    priceTicks: number,
    sizeLots: number,
    tif: 0 | 1,
  ) {
    const key = accountId * 1_024 + lane
    const laneSeq = (this.#laneSeqs.get(key) ?? 0) + 1
    this.#laneSeqs.set(key, laneSeq)
    return {
      accountId,
      market: 0,
      side,
      flags: orderFlags({ timeInForce: tif }),
      orderKind: 0,
      priceTicks,
      sizeLots,
      triggerTicks: 0,
      maxFee: 0,
      lane,
      laneSeq,
      expiryS: NOW_S + 100_000,
      selfTrade: 0,
      clientOrderId: '',
      signer: zeros(20),
      signature: zeros(64),
    } as const
  }

  #send(command: Command, tapeId = 0): Fill[] {
    const { engine } = this
    const { events } = engine
    events.clear()
    this.#buffer.load(0, encodeCommand(command, engine.seq + 1, START_MS))
    engine.apply(this.#buffer, 0)
    const fills: Fill[] = []
    for (let e = 0; e < events.count; e++) {
      const word = (i: number) => events.i32[e * 40 + i] ?? 0
      const double = (i: number) => events.f64[e * 20 + i] ?? 0
      if (word(4) === eventKind.CommandRejected)
        throw new Error(`seq ${engine.seq} refused with ${word(8)}: ${JSON.stringify(command)}`)
      if (word(4) === eventKind.OrderPlaced) {
        const side: Side = word(14) === 0 ? 0 : 1
        this.#open.set(double(4), { tapeId, account: word(6), lane: word(18), side })
        this.#byTapeId.set(tapeId, double(4))
      } else if (word(4) === eventKind.TradeExecuted)
        fills.push([this.#open.get(double(9))!.tapeId, double(5) * this.#tick, double(6)])
      else if (word(4) === eventKind.OrderClosed) this.#forget(double(4))
    }
    return fills
  }

  #forget(orderId: number): void {
    const { tapeId, account, lane } = this.#open.get(orderId)!
    this.#lanes.get(account)!.push(lane)
    this.#open.delete(orderId)
    if (this.#byTapeId.get(tapeId) === orderId) this.#byTapeId.delete(tapeId)
  }
}

function play(file: string, tick: number, indexTicks: number) {
  const venue = new TapeVenue(tick, indexTicks)
  const text = gunzipSync(readFileSync(`${folder}${file}.commands.jsonl.gz`)).toString()
  let fills = 0
  let lots = 0
  let exact = 0
  let expected = 0
  let crc = ''
  for (const row of text.trimEnd().split('\n')) {
    const line: Line = JSON.parse(row)
    if (line.op === 'final') crc = line.crc32
    else if (line.op === 'cancel') venue.cancel(line)
    else if (line.op === 'reduce') venue.amend(line, (remaining) => remaining - line.qty)
    else if (line.op === 'replace') venue.amend(line, () => line.qty)
    else {
      const got = venue.place(line, line.op === 'take')
      for (const [, , qty] of got) lots += qty
      fills += got.length
      if (line.op !== 'take') continue
      expected++
      if (JSON.stringify(got) === JSON.stringify(line.fills)) exact++
    }
  }
  const { trades } = venue.engine.totals()
  expect(venue.crc()).toBe(crc)
  expect(trades).toBe(fills)
  return { fills, lots, takes: expected, exact, crc }
}

const present = existsSync(folder)

const answers = [
  [
    'bitstamp_btcusd',
    1,
    23_550,
    { fills: 519, lots: 71_794_153_241, takes: 0, exact: 0, crc: 'f9aa8bd5' },
  ],
  [
    'lobster_AAPL_0930_1030',
    100,
    58_500,
    { fills: 4_067, lots: 350_494, takes: 3_296, exact: 3_296, crc: '65cccc6c' },
  ],
  [
    'lobster_AMZN_day',
    100,
    22_200,
    { fills: 8_834, lots: 605_919, takes: 6_886, exact: 6_886, crc: '70239150' },
  ],
  [
    'xnas_ARL_day',
    10_000_000,
    1_200,
    { fills: 11, lots: 231, takes: 9, exact: 9, crc: '55d2cde5' },
  ],
] as const

describe.skipIf(!present)('real tapes come out exactly', () => {
  test.each(answers)(
    '%s',
    (file, tick, indexTicks, answer) => {
      expect(play(file, tick, indexTicks)).toEqual(answer)
    },
    120_000,
  )

  test('and there is no other tape', () => {
    const end = '.commands.jsonl.gz'
    const tapes = readdirSync(folder).filter((file) => file.endsWith(end))
    expect(tapes.map((file) => file.replace(end, '')).toSorted()).toEqual(
      answers.map(([file]) => file).toSorted(),
    )
  })
})

test.skipIf(present)(`no tapes played: ${folder} is absent`, () => undefined)
