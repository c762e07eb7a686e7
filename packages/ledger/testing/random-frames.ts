//! A small random exchange for tests and benches: consistent events without the engine, from a seed.
import {
  type CloseReason,
  type Command,
  closeReason,
  type EngineEvent,
  type EventBody,
  encodeCommand,
  encodeEvent,
  feeQuote,
  fundingPaymentQuote,
  type Side,
  side,
} from '@plumb/model'
import type { Frame } from '../src/project-frame.ts'

type Order = {
  orderId: number
  accountId: number
  market: number
  side: Side
  priceTicks: number
  remaining: number
  lane: number
}
type Position = { lots: number; cost: number; snapshot: number }

export type RandomExchange = {
  /** Frames 1 … : genesis and markets first. */
  readonly frames: Frame[]
  readonly events: EngineEvent[]
  readonly cash: number[]
  /** By account, then market. */
  readonly positions: Position[][]
  /** Adds a frame with one random happening. */
  step(): void
  /** Adds a frame with one order that takes from an open one, if there is one. */
  trade(): void
  /** Adds a frame with one order that rests. */
  rest(): void
}

const sides: readonly Side[] = [side.buy, side.sell]
const TIME_MS = 1_790_000_000_000
const TICK_QUOTE = 10
const noSignature = { signer: new Uint8Array(20).fill(7), signature: new Uint8Array(64) }

/**
 * @param options.accounts traders; each gets a deposit at the start
 * @param options.keepEvents whether `events` fills; without, a long run keeps bytes only
 */
export function createRandomExchange(options: {
  seed: number
  accounts?: number
  markets?: number
  keepEvents?: boolean
}): RandomExchange {
  const { seed, accounts = 6, markets = 2, keepEvents = true } = options
  const random = randomOf(seed)
  const pick = (below: number) => Math.floor(random() * below)
  const frames: Frame[] = []
  const events: EngineEvent[] = []
  const cash: number[] = []
  const positions: Position[][] = []
  const open: Order[] = []
  const pending: { withdrawalId: number; accountId: number; amountQuote: number }[] = []
  const fundingIndex = Array.from({ length: markets }, () => 0)
  let [placed, tradeId, depositId, batchNo, timeMs] = [0, 0, 0, 0, TIME_MS]

  /** One command with its events. */
  const emit = (command: Command, ...bodies: EventBody[]): number => {
    const seq = frames.length + 1
    timeMs += pick(400)
    const records = bodies.map(
      (body, leg): EngineEvent => Object.assign({ seq, timeMs, leg }, body),
    )
    if (keepEvents) events.push(...records)
    const bytes = new Uint8Array(Buffer.concat(records.map(encodeEvent)))
    frames.push({ seq, command: encodeCommand(command, seq, timeMs), events: bytes })
    return seq
  }
  const nextSeq = () => frames.length + 1
  const placeOf = (accountId: number, market: number) => positions[accountId]?.[market] ?? fresh()

  const deposit = (accountId: number): void => {
    depositId += 1
    const amountQuote = 1_000_000 + pick(1e9)
    const owner = new Uint8Array(20).fill(accountId + 1)
    const txHash = new Uint8Array(32).fill(depositId & 255)
    const opened: EventBody[] = []
    if (cash[accountId] === undefined) {
      opened.push({ kind: 'AccountOpened', accountId, subaccount: accountId % 3, owner })
      cash[accountId] = 0
      positions[accountId] = Array.from({ length: markets }, fresh)
    }
    cash[accountId] = (cash[accountId] ?? 0) + amountQuote
    const credit = { amountQuote, depositId, blockNumber: depositId * 2, txHash }
    emit({ kind: 'CreditDeposit', owner, subaccount: accountId % 3, ...credit }, ...opened, {
      kind: 'DepositCredited',
      accountId,
      cashQuote: cash[accountId],
      ...credit,
    })
  }

  const settleFunding = (accountId: number, market: number): EventBody[] => {
    const position = placeOf(accountId, market)
    const index = fundingIndex[market] ?? 0
    const delta = index - position.snapshot
    position.snapshot = index
    if (position.lots === 0 || delta === 0) return []
    const paymentQuote = fundingPaymentQuote(position.lots, delta)
    const cashQuote = (cash[accountId] ?? 0) - paymentQuote
    cash[accountId] = cashQuote
    const positionLots = position.lots
    return [
      {
        kind: 'FundingSettled',
        accountId,
        market,
        paymentQuote,
        positionLots,
        fundingIndex: index,
        cashQuote,
      },
    ]
  }

  const fill = (order: Order, sizeLots: number, priceTicks: number, rate: number) => {
    const quote = priceTicks * sizeLots * TICK_QUOTE
    const sign = order.side === side.buy ? 1 : -1
    const position = placeOf(order.accountId, order.market)
    const before = position.lots
    const closed = Math.sign(before) === -sign ? Math.min(Math.abs(before), sizeLots) : 0
    const relieved =
      closed === 0
        ? 0
        : closed === Math.abs(before)
          ? position.cost
          : Math.trunc((position.cost * closed) / Math.abs(before))
    const closedQuote = priceTicks * closed * TICK_QUOTE
    const realizedQuote = closed === 0 ? 0 : -sign * closedQuote - relieved
    position.lots += sign * sizeLots
    position.cost += sign * quote + realizedQuote
    const fee = feeQuote(quote, rate)
    cash[order.accountId] = (cash[order.accountId] ?? 0) - sign * quote - fee
    order.remaining -= sizeLots
    return { fee, realizedQuote, positionLots: position.lots, remaining: order.remaining, quote }
  }

  const match = (taker: Order, maker: Order): EventBody[] => {
    const sizeLots = 1 + pick(Math.min(taker.remaining, maker.remaining))
    const funding = [
      ...settleFunding(taker.accountId, taker.market),
      ...settleFunding(maker.accountId, maker.market),
    ]
    const ours = fill(taker, sizeLots, maker.priceTicks, 45)
    const theirs = fill(maker, sizeLots, maker.priceTicks, -10)
    tradeId += 1
    return [
      ...funding,
      {
        kind: 'TradeExecuted',
        takerAccountId: taker.accountId,
        makerAccountId: maker.accountId,
        market: taker.market,
        tradeId,
        priceTicks: maker.priceTicks,
        sizeLots,
        quote: ours.quote,
        takerSide: taker.side,
        takerOrderId: taker.orderId,
        makerOrderId: maker.orderId,
        takerFee: 45,
        makerFee: -10,
        takerFeeQuote: ours.fee,
        makerFeeQuote: theirs.fee,
        takerRealizedQuote: ours.realizedQuote,
        makerRealizedQuote: theirs.realizedQuote,
        takerPositionLots: ours.positionLots,
        makerPositionLots: theirs.positionLots,
        takerRemainingLots: ours.remaining,
        makerRemainingLots: theirs.remaining,
      },
      ...(maker.remaining === 0 ? [close(maker, closeReason.filled)] : []),
      ...(taker.remaining === 0 ? [close(taker, closeReason.filled)] : []),
    ]
  }

  const close = (order: Order, reason: CloseReason): EventBody => {
    const at = open.indexOf(order)
    if (at >= 0) open.splice(at, 1)
    const { accountId, market, remaining: remainingLots, priceTicks } = order
    return {
      kind: 'OrderClosed',
      accountId,
      market,
      orderId: order.orderId,
      remainingLots,
      priceTicks,
      side: order.side,
      reason,
    }
  }

  /** Places an order; with a maker it takes from it, else it rests. */
  const place = (maker: Order | undefined, size = 1 + pick(50)): void => {
    placed += 1
    // The engine reuses slots, so its order ids do not rise with time; nor do client ids stay unique.
    const orderId = placed % 2 === 0 ? placed : 1_000_000_000_000 - placed
    const accountId =
      maker === undefined ? pick(accounts) : (maker.accountId + 1 + pick(accounts - 1)) % accounts
    const order: Order = {
      orderId,
      accountId,
      market: maker?.market ?? pick(markets),
      side: sides[maker === undefined ? pick(2) : 1 - maker.side] ?? side.buy,
      priceTicks: maker?.priceTicks ?? 900 + pick(200),
      remaining: size,
      lane: pick(1_024),
    }
    open.push(order)
    const clientOrderId = pick(2) === 0 ? '' : `c${placed % 64}`
    const shared = {
      accountId,
      market: order.market,
      side: order.side,
      flags: 0,
      orderKind: 0,
      priceTicks: order.priceTicks,
      sizeLots: size,
      maxFee: 45,
      lane: order.lane,
      laneSeq: 4_000_000_000 + placed,
      expiryS: 4_000_000_000,
      clientOrderId,
    } as const
    emit(
      { kind: 'PlaceOrder', ...shared, orderId: 0, triggerTicks: 0, selfTrade: 0, ...noSignature },
      { kind: 'OrderPlaced', ...shared, orderId },
      ...(maker === undefined ? [] : match(order, maker)),
    )
  }

  const amend = (order: Order): void => {
    const previousRemainingLots = order.remaining
    order.remaining = 1 + pick(60)
    const previousPriceTicks = order.priceTicks
    order.priceTicks = 900 + pick(200)
    const { accountId, market, priceTicks, remaining: sizeLots, lane } = order
    const shared = {
      accountId,
      market,
      orderId: order.orderId,
      priceTicks,
      sizeLots,
      side: order.side,
      flags: 2,
      maxFee: 45,
      lane,
      laneSeq: 4_100_000_000,
      expiryS: 4_000_000_000,
    } as const
    emit(
      {
        kind: 'AmendOrder',
        ...shared,
        orderKind: 0,
        triggerTicks: 0,
        selfTrade: 0,
        clientOrderId: '',
        ...noSignature,
      },
      {
        kind: 'OrderAmended',
        ...shared,
        keepsPriority: 0,
        previousPriceTicks,
        previousRemainingLots,
      },
    )
  }

  const withdraw = (accountId: number): void => {
    const have = cash[accountId] ?? 0
    if (have < 2) return
    const funding = Array.from({ length: markets }, (_, market) =>
      settleFunding(accountId, market),
    ).flat()
    const left = cash[accountId] ?? 0
    if (left < 2) {
      emit({ kind: 'Tick' }, ...funding)
      return
    }
    const amountQuote = 1 + pick(left - 1)
    cash[accountId] = left - amountQuote
    const withdrawalId = nextSeq()
    pending.push({ withdrawalId, accountId, amountQuote })
    emit(
      {
        kind: 'RequestWithdrawal',
        accountId,
        amountQuote,
        lane: 3,
        laneSeq: withdrawalId,
        expiryS: 4_000_000_000,
        ...noSignature,
      },
      ...funding,
      {
        kind: 'WithdrawalAccepted',
        accountId,
        amountQuote,
        withdrawalId,
        cashQuote: left - amountQuote,
        lane: 3,
        laneSeq: withdrawalId,
      },
    )
  }

  const confirm = (): void => {
    batchNo += 1
    const batch = {
      batchNo,
      toSeq: frames.length,
      gasUsed: 1_000_000,
      blockNumber: batchNo * 3,
      txHash: new Uint8Array(32).fill(batchNo & 255),
    }
    const paid = pending
      .splice(0)
      .map((due) => Object.assign(due, { kind: 'WithdrawalPaid' as const, batchNo }))
    emit({ kind: 'ConfirmBatch', ...batch }, { kind: 'BatchConfirmed', ...batch }, ...paid)
  }

  const funding = (): void => {
    const market = pick(markets)
    const deltaIndex = pick(4_000_001) - 2_000_000
    fundingIndex[market] = (fundingIndex[market] ?? 0) + deltaIndex
    emit(
      { kind: 'Tick' },
      { kind: 'MarkUpdated', market, markTicks: 900 + pick(200), indexTicks: 1_000 },
      {
        kind: 'FundingApplied',
        market,
        rate: deltaIndex,
        deltaIndex,
        fundingIndex: fundingIndex[market],
        indexTicks: 1_000,
        intervalS: 3_600,
      },
    )
  }

  const trade = (): void => {
    const maker = open[pick(open.length)]
    place(maker)
  }

  const step = (): void => {
    const kind = pick(100)
    const order = open[pick(open.length)]
    if (kind < 30) place(undefined)
    else if (kind < 65) trade()
    else if (kind < 72 && order !== undefined)
      emit(
        {
          kind: 'CancelOrder',
          accountId: order.accountId,
          orderId: order.orderId,
          clientOrderId: '',
        },
        close(order, closeReason.user),
      )
    else if (kind < 78 && order !== undefined) amend(order)
    else if (kind < 84) deposit(pick(accounts))
    else if (kind < 90) withdraw(pick(accounts))
    else if (kind < 95) funding()
    else if (kind < 98) confirm()
    else emit({ kind: 'Tick' })
  }

  emit(
    {
      kind: 'Genesis',
      chainId: 1_337,
      settlementLagS: 600,
      publisherCount: 1,
      publisherQuorum: 1,
      contract: new Uint8Array(20).fill(9),
      publishers: new Uint8Array(100),
    },
    { kind: 'ExchangeOpened', chainId: 1_337 },
  )
  for (let market = 0; market < markets; market++)
    emit(listMarket(market), { kind: 'MarketListed', market })
  for (let account = 0; account < accounts; account++) deposit(account)
  const rest = () => place(undefined)
  return { frames, events, cash, positions, step, trade, rest }
}

const fresh = (): Position => ({ lots: 0, cost: 0, snapshot: 0 })

function listMarket(market: number): Command {
  return {
    kind: 'ListMarket',
    market,
    symbol: `M${market}-PERP`,
    tickE8: 10_000_000,
    lotE8: 10_000,
    quotePerTickLot: TICK_QUOTE,
    imBps: 500,
    mmBps: 250,
    takerFee: 45,
    makerFee: -10,
    minOrderLots: 1,
    maxOrderLots: 1e9,
    maxPositionLots: 1e9,
    minNotionalQuote: 0,
    maxOpenInterestLots: 0,
    priceBandPpm: 0,
    markBandPpm: 0,
    fixedIndexTicks: 1_000,
  }
}

/** mulberry32: small, seeded, good enough to vary tests. */
function randomOf(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
