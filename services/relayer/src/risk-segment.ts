//! A step of liquidation or transfer as a segment of the batch, and who takes part in it.
import type { OrderRecord, RiskSegment } from '@plumb/chain'
import { type MarketId, orderFlag } from '@plumb/model'
import type { AccountName } from './order-store.ts'
import type { RiskStep } from './settlement-step.ts'

/** Whose words the step changes, whose lanes it moves, and the markets that are not theirs before. */
export type Involved = {
  accounts: readonly AccountName[]
  lanes: readonly (AccountName & { lane: number })[]
  markets: readonly MarketId[]
  /** Session keys that signed orders of it. */
  keys: readonly string[]
}

/** The account whose health at the engine's marks decides the amounts, if there is one. */
export const judgedAtMarks = (step: RiskStep): AccountName | undefined => {
  if (step.kind === 'liquidation') return step.liquidation
  if (step.kind === 'served') return step.request.lots === 0 ? undefined : step.request
  if (step.kind === 'takeover') return step.position
  return step.kind === 'deleveraging' ? step.deleveraging : undefined
}

export const segmentOf = (step: RiskStep): RiskSegment => {
  switch (step.kind) {
    case 'activation':
      return { kind: 'Activations', orders: [step.order] }
    case 'served':
      return { kind: 'Requests', requests: [step.request] }
    case 'delisting':
      return { kind: 'Delistings', delistings: [step.delisting] }
    case 'transfer':
      return { kind: 'Transfers', transfers: [step.transfer] }
    case 'insurance':
      return { kind: 'Insurance', transfers: [step.transfer] }
    case 'liquidation':
      return { kind: 'Liquidations', liquidations: [step.liquidation] }
    case 'takeover':
      return { kind: 'Takeovers', takeovers: [step.position] }
    case 'deleveraging':
      return { kind: 'Deleveragings', deleveragings: [step.deleveraging] }
  }
}

type OwnerOf = (order: OrderRecord) => string

/** `ownerOf`: whose account an order trades; `backstop`: owner of the backstop's accounts. */
export const involvedIn = (step: RiskStep, ownerOf: OwnerOf, backstop: string): Involved => {
  switch (step.kind) {
    case 'activation':
      return involvedOrders([step.order], [], ownerOf)
    case 'served': {
      const { owner, subaccount, market, lots } = step.request
      const own = { owner, subaccount }
      const accounts = lots === 0 ? [own] : [own, { owner: backstop, subaccount: 0 }]
      return { accounts, lanes: [], keys: [], markets: lots === 0 ? [] : [market] }
    }
    case 'delisting': {
      const { accounts, market } = step.delisting
      return { accounts, lanes: [], keys: [], markets: [market] }
    }
    case 'transfer':
    case 'insurance': {
      const { owner, subaccount, lane, to } = step.transfer
      const from = { owner, subaccount }
      const accounts = step.kind === 'transfer' ? [from, { owner, subaccount: to }] : [from]
      return { accounts, lanes: [{ ...from, lane }], markets: [], keys: [] }
    }
    case 'liquidation': {
      const { fills, ...victim } = step.liquidation
      return involvedOrders(
        fills.map(({ maker }) => maker),
        [victim],
        ownerOf,
      )
    }
    case 'takeover': {
      const { owner, subaccount, market } = step.position
      const accounts = [{ owner, subaccount }, step.backstop]
      return { accounts, lanes: [], markets: [market], keys: [] }
    }
    case 'deleveraging': {
      const { owner, subaccount, counterparties } = step.deleveraging
      return {
        accounts: [{ owner, subaccount }, ...counterparties],
        lanes: [],
        markets: [],
        keys: [],
      }
    }
  }
}

const involvedOrders = (
  orders: readonly OrderRecord[],
  others: readonly AccountName[],
  ownerOf: OwnerOf,
): Involved => {
  const lanes = orders.map((order) => {
    const { subaccount, lane } = order
    return { owner: ownerOf(order), subaccount, lane }
  })
  return {
    accounts: [...others, ...lanes],
    lanes,
    markets: orders.map(({ market }) => market),
    keys: orders.filter(isKeyed).map(({ owner }) => owner),
  }
}

/** Whether a session key has signed an order: its `owner` is the key then. */
export const isKeyed = ({ flags }: { flags: number }): boolean =>
  (flags & orderFlag.sessionKey) !== 0
