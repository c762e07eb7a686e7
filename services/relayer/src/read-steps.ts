//! Reads a command of the feed and its events as settlement steps, and keeps the open orders current.
import {
  type Command,
  commandKind,
  decodeCommand,
  decodeEvent,
  type EngineEvent,
  EVENT_STRIDE,
  type EventKind,
  eventHeader,
  eventKind,
  eventLayouts,
  type Genesis,
  header,
  type TradeExecuted,
} from '@plumb/model'
import type { FeedEntry } from '@plumb/runtime'
import { accountName, type OrderStore, signedOrder } from './order-store.ts'
import type { FillStep, MarkStep, SettlementStep, VectorStep } from './settlement-step.ts'

const settled = new Set<number>([
  eventKind.AccountOpened,
  eventKind.DepositCredited,
  eventKind.WithdrawalAccepted,
  eventKind.TradeExecuted,
  eventKind.MarkUpdated,
  eventKind.FundingApplied,
  eventKind.MarketListed,
] satisfies EventKind[])

// The same place in all three records.
const orderIdAt = (view: DataView, at: number) => view.getFloat64(at + orderIdByte, true)
const orderIdByte = (eventLayouts.OrderPlaced['orderId']?.at ?? 4) * 8

const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`

/** The steps of one command; most commands (cancels, ticks, refused orders) have none. */
export const readSteps = (store: OrderStore, entry: FeedEntry): SettlementStep[] => {
  const { command, events } = entry
  const view = new DataView(events.buffer, events.byteOffset, events.byteLength)
  const steps: SettlementStep[] = []
  for (let at = 0; at < events.length; at += EVENT_STRIDE) {
    const kind = view.getInt32(at + eventHeader.kindI32 * 4, true)
    // Orders come and go by the thousand for one that trades: only their id is read.
    if (kind === eventKind.OrderPlaced || kind === eventKind.OrderAmended)
      store.orders.set(orderIdAt(view, at), command.slice())
    else if (kind === eventKind.OrderClosed) store.orders.delete(orderIdAt(view, at))
    if (!settled.has(kind)) continue
    const step = readEvent(store, decodeEvent(events, at), command)
    if (step !== undefined) steps.push(step)
  }
  const vector = readVector(entry)
  return vector === undefined ? steps : [vector, ...steps]
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
  const { command: observed } = decodeCommand(command)
  if (observed.kind !== 'ObservePrice') return undefined
  for (let at = 0; at < events.length; at += EVENT_STRIDE)
    if (decodeEvent(events, at).kind === 'CommandRejected') return undefined
  const { publisher, page, publishTimeMs, signature, prices, count } = observed
  const quoted = prices.slice(0, count)
  return {
    kind: 'vector',
    seq,
    vector: { publisher, page, publishTimeMs, signature, prices: quoted },
  }
}

const readEvent = (
  store: OrderStore,
  event: EngineEvent,
  command: Uint8Array,
): SettlementStep | undefined => {
  const { seq } = event
  switch (event.kind) {
    case 'AccountOpened':
      store.accounts.set(event.accountId, { owner: hex(event.owner), subaccount: event.subaccount })
      return undefined
    case 'TradeExecuted':
      return readFill(store, seq, event)
    case 'WithdrawalAccepted':
      return readWithdrawal(store, seq, command)
    case 'DepositCredited': {
      const { accountId, amountQuote, depositId } = event
      return { kind: 'deposit', seq, ...accountName(store, accountId), amountQuote, depositId }
    }
    case 'MarkUpdated':
      return { kind: 'mark', seq, market: event.market, markTicks: event.markTicks }
    case 'FundingApplied':
      return { kind: 'funding', seq, market: event.market, fundingIndex: event.fundingIndex }
    case 'MarketListed':
      return readListing(seq, command)
    // The rest settles nothing by itself.
    case 'BatchConfirmed':
    case 'CommandRejected':
    case 'DuplicateRequest':
    case 'ExchangeOpened':
    case 'FundingSettled':
    case 'IndexUpdated':
    case 'MarketStateChanged':
    case 'OrderAmended':
    case 'OrderClosed':
    case 'OrderPlaced':
    case 'PremiumSampled':
    case 'WithdrawalPaid':
    case 'WithdrawalsSwitched':
    case 'AccountModeSet':
    case 'AdlExecuted':
    case 'AdlRound':
    case 'BackstopSet':
    case 'BadDebt':
    case 'DeadManSet':
    case 'DustCollected':
    case 'FeeTierChanged':
    case 'FeeTiersSet':
    case 'InsuranceFunded':
    case 'LeverageSet':
    case 'LiquidationExplained':
    case 'LiquidationFilled':
    case 'MarketRiskSet':
    case 'MarketSettled':
    case 'OrderReduced':
    case 'OrderRequeued':
    case 'OrderTriggered':
    case 'PositionSettled':
    case 'PositionTakenOver':
    case 'SelfTradeGroupSet':
    case 'ThrottleSet':
    case 'TransferBooked':
    case 'VolatilityUpdated':
      return undefined
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
