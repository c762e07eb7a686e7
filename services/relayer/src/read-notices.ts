//! Reads what the contract told, and what the engine did about it, as settlement steps.
import { type AccountRecord, bytesHex, NO_MARKET } from '@plumb/chain'
import {
  type ChainNotice,
  type ChainNoticed,
  decodeCommand,
  type MarketSettled,
  noticeKind,
  type PositionReduced,
  type PositionSettled,
  type PositionTakenOver,
  type WithdrawalAccepted,
} from '@plumb/model'
import { accountName, type OrderStore } from './order-store.ts'
import type { DelistingStep, SettlementStep } from './settlement-step.ts'

/** Positions of one record: a tick closes more than one batch can hold. */
const accountsMax = 50

const noticeOf = (bytes: Uint8Array): ChainNotice | undefined => {
  const { command } = decodeCommand(bytes)
  return command.kind === 'ChainNotice' ? command : undefined
}

/** What the notice itself says, before anything that followed from it. */
export const readNoticed = (
  seq: number,
  event: ChainNoticed,
  bytes: Uint8Array,
): SettlementStep[] => {
  const notice = noticeOf(bytes)
  if (notice === undefined) throw new RangeError(`command ${seq} is no notice`)
  const { what, market, subaccount, blockNumber } = notice
  const name = { owner: bytesHex(notice.owner), subaccount }
  const { amountQuote = 0, lots = 0, dueS: untilS = 0, isLong = 0, lane = 0, laneSeq = 0 } = notice
  const steps: SettlementStep[] = [{ kind: 'noticed', seq, blockNumber }]
  if (what === noticeKind.marginsSet)
    steps.push({ kind: 'margins', seq, market, imBps: lane, mmBps: laneSeq })
  if (event.accountId === 0) return steps
  const asked = { ...name, seq, amountQuote, untilS }
  if (what === noticeKind.withdrawRequested)
    steps.push({ kind: 'request', ...asked, market: NO_MARKET, lots: 0, isLong: false })
  else if (what === noticeKind.reduceRequested)
    steps.push({ kind: 'request', ...asked, market, lots, isLong: isLong === 1 })
  else if (what === noticeKind.withdrawClaimed && amountQuote > 0)
    steps.push({ kind: 'claimed', seq, ...name, amountQuote })
  return steps
}

/** A withdrawal that a notice led to: a batch pays it, or the chain has. */
export const readRequested = (
  store: OrderStore,
  seq: number,
  event: WithdrawalAccepted,
  bytes: Uint8Array,
): SettlementStep | undefined => {
  const notice = noticeOf(bytes)
  const { amountQuote } = event
  const name = accountName(store, event.accountId)
  if (notice?.what === noticeKind.reduced) return { kind: 'claimed', seq, ...name, amountQuote }
  if (notice?.what === noticeKind.withdrawClaimed) return undefined
  const market = notice?.what === noticeKind.reduceRequested ? notice.market : NO_MARKET
  return { kind: 'served', seq, request: { ...name, market, lots: 0, amountQuote } }
}

export const isNotice = (bytes: Uint8Array): boolean => noticeOf(bytes) !== undefined

export const readReduction = (
  store: OrderStore,
  seq: number,
  event: PositionReduced,
  bytes: Uint8Array,
): SettlementStep => {
  const { market, sizeLots, quote } = event
  const name = accountName(store, event.accountId)
  const lots = Math.abs(sizeLots)
  if (event.isServed === 1)
    return { kind: 'served', seq, request: { ...name, market, lots, amountQuote: 0 } }
  const position = { ...name, market }
  const { fundingIndex = 0 } = noticeOf(bytes) ?? {}
  const by = { taker: 0, insuredQuote: 0 }
  return { kind: 'reduced', seq, position, lots: sizeLots, quote, fundingIndex, ...by }
}

/** A takeover that the contract has carried out itself: no batch has to. */
export const readTakenOver = (
  store: OrderStore,
  seq: number,
  event: PositionTakenOver,
  bytes: Uint8Array,
): SettlementStep | undefined => {
  const notice = noticeOf(bytes)
  if (notice === undefined) return undefined
  const { market, sizeLots, quote, insuranceQuote: insuredQuote } = event
  const position = { ...accountName(store, event.accountId), market }
  const { fundingIndex = 0 } = notice
  const lots = 0 - sizeLots
  const { subaccount: taker } = accountName(store, event.backstopAccountId)
  return { kind: 'reduced', seq, position, lots, quote, fundingIndex, taker, insuredQuote }
}

/** `last`: the step before; a further position of the same market joins it while there is room. */
export const readDelisting = (
  store: OrderStore,
  seq: number,
  event: MarketSettled | PositionSettled,
  last: SettlementStep | undefined,
): DelistingStep | undefined => {
  const { market, priceTicks } = event
  const accounts: AccountRecord[] =
    event.kind === 'PositionSettled' ? [accountName(store, event.accountId)] : []
  if (last?.kind === 'delisting' && last.seq === seq && last.delisting.market === market) {
    const { delisting } = last
    if (delisting.accounts.length < accountsMax) {
      last.delisting = { ...delisting, accounts: [...delisting.accounts, ...accounts] }
      return undefined
    }
  }
  return { kind: 'delisting', seq, delisting: { market, priceTicks, accounts } }
}
