//! Reads a command of the feed and its events as settlement steps, and keeps the open orders current.
import { isConditional, type TwinSessionKey } from '@plumb/chain'
import {
  type Command,
  commandKind,
  decodeCommand,
  decodeEvent,
  type EngineEvent,
  EVENT_STRIDE,
  eventHeader,
  eventKind,
  eventLayouts,
  type Genesis,
  header,
  type KeyRegistered,
  type TradeExecuted,
} from '@plumb/model'
import type { FeedEntry } from '@plumb/runtime'
import { accountName, type OrderStore, signedOrder } from './order-store.ts'
import {
  isNotice,
  readDelisting,
  readNoticed,
  readReduction,
  readRequested,
} from './read-notices.ts'
import { isRiskEvent, RiskReader } from './read-risk.ts'
import type { FillStep, MarkStep, SettlementStep, VectorStep } from './settlement-step.ts'

/** Which events settle something or tell the relayer something: every kind there is has to be judged here. */
const settles: Record<EngineEvent['kind'], boolean> = {
  AccountOpened: true,
  DepositCredited: true,
  WithdrawalAccepted: true,
  TradeExecuted: true,
  MarkUpdated: true,
  FundingApplied: true,
  MarketListed: true,
  OrderTriggered: true,
  TransferBooked: true,
  InsuranceFunded: true,
  DustCollected: true,
  LiquidationFilled: true,
  PositionTakenOver: true,
  AdlExecuted: true,
  AdlRound: true,
  ThrottleSet: true,
  KeyRegistered: true,
  KeyRevoked: true,
  ChainNoticed: true,
  PositionReduced: true,
  MarketSettled: true,
  PositionSettled: true,
  // Follows from the position that closes.
  BadDebt: false,
  // The rest settles nothing by itself.
  AccountModeSet: false,
  BackstopSet: false,
  BatchConfirmed: false,
  CommandRejected: false,
  DeadManSet: false,
  DuplicateRequest: false,
  ExchangeOpened: false,
  FeeTierChanged: false,
  FeeTiersSet: false,
  FundingSettled: false,
  IndexUpdated: false,
  LeverageSet: false,
  LiquidationExplained: false,
  MarketRiskSet: false,
  MarketStateChanged: false,
  OrderAmended: false,
  OrderClosed: false,
  OrderPlaced: false,
  OrderReduced: false,
  OrderRequeued: false,
  PremiumSampled: false,
  SelfTradeGroupSet: false,
  VolatilityUpdated: false,
  WithdrawalPaid: false,
  WithdrawalsSwitched: false,
}
const settled: ReadonlySet<number> = new Set(
  Object.entries(eventKind).flatMap(([name, kind]) => (settlesKind(name) ? [kind] : [])),
)

function settlesKind(name: string): boolean {
  return Object.entries(settles).some(([kind, does]) => kind === name && does)
}

// The same place in all three records.
const orderIdAt = (view: DataView, at: number) => view.getFloat64(at + orderIdByte, true)
const orderIdByte = (eventLayouts.OrderPlaced['orderId']?.at ?? 4) * 8

const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`

/** Everything that settles or tells something and is neither risk nor a trigger. */
type PlainEvent = Extract<EngineEvent, { kind: (typeof plainKinds)[number] }>
const plainKinds = [
  'AccountOpened',
  'TradeExecuted',
  'WithdrawalAccepted',
  'DepositCredited',
  'MarkUpdated',
  'FundingApplied',
  'DustCollected',
  'MarketListed',
  'ThrottleSet',
  'KeyRegistered',
  'KeyRevoked',
  'ChainNoticed',
  'PositionReduced',
  'MarketSettled',
  'PositionSettled',
] as const

const isPlainEvent = (event: EngineEvent): event is PlainEvent =>
  plainKinds.some((kind) => kind === event.kind)

/** The steps of one command; most commands (cancels, ticks, refused orders) have none. */
export const readSteps = (store: OrderStore, entry: FeedEntry): SettlementStep[] => {
  const { command, events } = entry
  const view = new DataView(events.buffer, events.byteOffset, events.byteLength)
  const steps = new StepList(store, command)
  for (let at = 0; at < events.length; at += EVENT_STRIDE) {
    const kind = view.getInt32(at + eventHeader.kindI32 * 4, true)
    // Orders come and go by the thousand for one that trades: only their id is read.
    if (kind === eventKind.OrderPlaced || kind === eventKind.OrderAmended)
      store.orders.set(orderIdAt(view, at), command.slice())
    else if (kind === eventKind.OrderClosed) {
      const orderId = orderIdAt(view, at)
      store.orders.delete(orderId)
      steps.close(orderId)
    }
    if (settled.has(kind)) steps.read(decodeEvent(events, at))
  }
  const found = steps.finish()
  const vector = readVector(entry)
  return vector === undefined ? found : [vector, ...found]
}

/** Only the prices of a command: its vector if it was accepted, and the marks it moved. */
export const readPrices = (entry: FeedEntry): (VectorStep | MarkStep)[] => {
  const { events } = entry
  const view = new DataView(events.buffer, events.byteOffset, events.byteLength)
  const steps: (VectorStep | MarkStep)[] = []
  const vector = readVector(entry)
  if (vector !== undefined) steps.push(vector)
  for (let at = 0; at < events.length; at += EVENT_STRIDE) {
    if (view.getInt32(at + eventHeader.kindI32 * 4, true) !== eventKind.MarkUpdated) continue
    const event = decodeEvent(events, at)
    if (event.kind === 'MarkUpdated')
      steps.push({ kind: 'mark', seq: event.seq, market: event.market, markTicks: event.markTicks })
  }
  return steps
}

const readVector = ({ command, events, seq }: FeedEntry): VectorStep | undefined => {
  const view = new DataView(command.buffer, command.byteOffset, command.byteLength)
  if (view.getInt32(header.kindI32 * 4, true) !== commandKind.ObservePrice) return undefined
  const { command: observed, timeMs } = decodeCommand(command)
  if (observed.kind !== 'ObservePrice') return undefined
  for (let at = 0; at < events.length; at += EVENT_STRIDE)
    if (decodeEvent(events, at).kind === 'CommandRejected') return undefined
  const { publisher, page, publishTimeMs, signature, prices, count } = observed
  const quoted = prices.slice(0, count)
  return {
    kind: 'vector',
    seq,
    timeMs,
    vector: { publisher, page, publishTimeMs, signature, prices: quoted },
  }
}

/** The steps of one command while its events are read. */
class StepList {
  readonly #store: OrderStore
  readonly #command: Uint8Array
  readonly #steps: (SettlementStep | undefined)[] = []
  readonly #risk: RiskReader
  /** Places of the activations, by order: one that fills right away as a taker proves its trigger by that. */
  readonly #triggered = new Map<number, number>()

  constructor(store: OrderStore, command: Uint8Array) {
    this.#store = store
    this.#command = command
    this.#risk = new RiskReader(store, command)
  }

  finish(): SettlementStep[] {
    return this.#steps.filter((step) => step !== undefined)
  }

  /** An order that is gone needs no activation: what it filled has proven its trigger. */
  close(orderId: number): void {
    this.#proven(orderId)
  }

  read(event: EngineEvent): void {
    const { seq } = event
    if (event.kind === 'OrderTriggered') return this.#trigger(seq, event.orderId)
    if (event.kind === 'TradeExecuted') this.#proven(event.takerOrderId)
    if (isRiskEvent(event)) this.#push(this.#risk.read(event, this.#steps.at(-1)))
    else if (isPlainEvent(event)) this.#push(this.#readPlain(event))
    else throw new RangeError(`${event.kind} is no settlement`)
    return undefined
  }

  #push(step: SettlementStep | undefined): void {
    if (step !== undefined) this.#steps.push(step)
  }

  #proven(orderId: number): void {
    const place = this.#triggered.get(orderId)
    if (place === undefined) return
    this.#steps[place] = undefined
    this.#triggered.delete(orderId)
  }

  #trigger(seq: number, orderId: number): void {
    const order = signedOrder(this.#store, orderId)
    if (!isConditional(order.kind)) return
    this.#triggered.set(orderId, this.#steps.length)
    this.#push({ kind: 'activation', seq, order: { ...order, takerFee: 0, makerFee: 0 } })
  }

  #readPlain(event: PlainEvent): SettlementStep | undefined {
    const { seq } = event
    const store = this.#store
    switch (event.kind) {
      case 'AccountOpened':
        store.accounts.set(event.accountId, {
          owner: hex(event.owner),
          subaccount: event.subaccount,
        })
        return undefined
      case 'TradeExecuted':
        return readFill(store, seq, event)
      case 'WithdrawalAccepted':
        return isNotice(this.#command)
          ? readRequested(store, seq, event, this.#command)
          : readWithdrawal(store, seq, this.#command)
      case 'ChainNoticed':
        this.#steps.push(...readNoticed(seq, event, this.#command))
        return undefined
      case 'PositionReduced':
        return readReduction(store, seq, event, this.#command)
      case 'MarketSettled':
      case 'PositionSettled':
        return readDelisting(store, seq, event, this.#steps.at(-1))
      case 'DepositCredited': {
        const { accountId, amountQuote, depositId } = event
        return { kind: 'deposit', seq, ...accountName(store, accountId), amountQuote, depositId }
      }
      case 'MarkUpdated':
        return { kind: 'mark', seq, market: event.market, markTicks: event.markTicks }
      case 'FundingApplied':
        return { kind: 'funding', seq, market: event.market, fundingIndex: event.fundingIndex }
      case 'ThrottleSet': {
        const { level, minNotionalQuote } = event
        return { kind: 'throttle', seq, level, minNotionalQuote }
      }
      case 'KeyRegistered':
        return { kind: 'key', seq, key: hex(event.key), terms: keyTerms(event) }
      case 'KeyRevoked':
        return { kind: 'keyEnd', seq, key: hex(event.key), expiryS: event.expiryS }
      case 'DustCollected':
        return { kind: 'dust', seq, market: event.market }
      case 'MarketListed':
        return readListing(seq, this.#command)
    }
  }
}

const readFill = (store: OrderStore, seq: number, trade: TradeExecuted): FillStep => {
  const { sizeLots, priceTicks, takerFee, makerFee } = trade
  const taker = signedOrder(store, trade.takerOrderId)
  const maker = signedOrder(store, trade.makerOrderId)
  return { kind: 'fill', seq, taker, maker, sizeLots, priceTicks, takerFee, makerFee }
}

const readWithdrawal = (store: OrderStore, seq: number, bytes: Uint8Array): SettlementStep => {
  const command: Command = decodeCommand(bytes).command
  if (command.kind !== 'RequestWithdrawal') throw new RangeError(`${command.kind} pays nothing`)
  const { accountId, signature, amountQuote, lane, laneSeq, expiryS } = command
  const terms = { signature, amountQuote, lane, laneSeq, expiryS }
  return { kind: 'withdrawal', seq, withdrawal: { ...accountName(store, accountId), ...terms } }
}

const keyTerms = (event: KeyRegistered): TwinSessionKey => ({
  owner: hex(event.owner),
  subaccount: event.subaccount,
  allSubaccounts: event.allSubaccounts === 1,
  expiryS: event.expiryS,
  notionalLeft: BigInt(event.notionalQuote),
  markets: (BigInt(event.marketsHigh) << 32n) | BigInt(event.marketsLow),
  maxPosition: BigInt(event.maxPositionLots),
  maxOrderNotional: BigInt(event.maxOrderNotionalQuote),
})

const readListing = (seq: number, bytes: Uint8Array): SettlementStep => {
  const command: Command = decodeCommand(bytes).command
  if (command.kind !== 'ListMarket') throw new RangeError(`${command.kind} lists nothing`)
  const { kind: _, ...market } = command
  return { kind: 'listing', seq, market }
}

/** The deployment's constants, out of the first command of the feed. */
export const readGenesis = ({ command }: FeedEntry): Genesis | undefined => {
  const view = new DataView(command.buffer, command.byteOffset, command.byteLength)
  if (view.getInt32(header.kindI32 * 4, true) !== commandKind.Genesis) return undefined
  const { command: genesis } = decodeCommand(command)
  return genesis.kind === 'Genesis' ? genesis : undefined
}
