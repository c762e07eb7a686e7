//! Reads liquidations, takeovers, deleveragings and transfers inside the exchange as settlement steps.
import type { LiquidationFillRecord, PositionName, TransferRecord } from '@plumb/chain'
import {
  type AccountId,
  type AdlExecuted,
  type AdlRound,
  decodeCommand,
  type EngineEvent,
  type InsuranceFunded,
  type LiquidationFilled,
  type MarketId,
  type PositionTakenOver,
  type TransferBooked,
} from '@plumb/model'
import { accountName, type OrderStore, signedOrder } from './order-store.ts'
import { readTakenOver } from './read-notices.ts'
import type { DeleveragingStep, SettlementStep } from './settlement-step.ts'

type RiskEvent = { seq: number } & (
  | TransferBooked
  | InsuranceFunded
  | LiquidationFilled
  | PositionTakenOver
  | AdlExecuted
  | AdlRound
)

const riskEvents: ReadonlySet<string> = new Set<RiskEvent['kind']>([
  'TransferBooked',
  'InsuranceFunded',
  'LiquidationFilled',
  'PositionTakenOver',
  'AdlExecuted',
  'AdlRound',
])

export const isRiskEvent = (event: EngineEvent): event is EngineEvent & RiskEvent =>
  riskEvents.has(event.kind)

type Counterparties = DeleveragingStep['deleveraging']['counterparties'][number][]

/** Reads the events of one command; several of them may make one step. */
export class RiskReader {
  readonly #store: OrderStore
  readonly #command: Uint8Array
  #counterparties: Counterparties = []

  constructor(store: OrderStore, command: Uint8Array) {
    this.#store = store
    this.#command = command
  }

  /** `last`: the step before; a further fill of the same liquidation joins it. */
  read(event: RiskEvent, last: SettlementStep | undefined): SettlementStep | undefined {
    const { seq } = event
    switch (event.kind) {
      case 'TransferBooked':
        return { kind: 'transfer', seq, transfer: this.#transfer() }
      case 'InsuranceFunded':
        return { kind: 'insurance', seq, transfer: this.#transfer() }
      case 'LiquidationFilled':
        return this.#liquidation(event, last)
      case 'PositionTakenOver': {
        const carriedOut = readTakenOver(this.#store, seq, event, this.#command)
        if (carriedOut !== undefined) return carriedOut
        const position = this.#position(event.accountId, event.market)
        const backstop = accountName(this.#store, event.backstopAccountId)
        return { kind: 'takeover', seq, position, backstop }
      }
      case 'AdlExecuted':
        this.#counterparties.push({
          ...accountName(this.#store, event.accountId),
          sizeLots: Math.abs(event.sizeLots),
          deficitQuote: event.deficitQuote,
        })
        return undefined
      case 'AdlRound': {
        const position = this.#position(event.accountId, event.market)
        const counterparties = this.#counterparties.toSorted(byAccount)
        this.#counterparties = []
        return { kind: 'deleveraging', seq, deleveraging: { ...position, counterparties } }
      }
    }
  }

  #position(accountId: AccountId, market: MarketId): PositionName {
    return { ...accountName(this.#store, accountId), market }
  }

  #liquidation(
    event: RiskEvent & LiquidationFilled,
    last: SettlementStep | undefined,
  ): SettlementStep | undefined {
    const { seq, makerFee, sizeLots, priceTicks, makerOrderId } = event
    const maker = { ...signedOrder(this.#store, makerOrderId), takerFee: 0, makerFee }
    const fill: LiquidationFillRecord = { maker, sizeLots, priceTicks }
    const position = this.#position(event.accountId, event.market)
    if (last?.kind === 'liquidation' && isSame(last.liquidation, position)) {
      // One command acts once on an account: its fills in a market follow each other.
      last.liquidation = { ...last.liquidation, fills: [...last.liquidation.fills, fill] }
      return undefined
    }
    return { kind: 'liquidation', seq, liquidation: { ...position, fills: [fill] } }
  }

  #transfer(): TransferRecord {
    const { command } = decodeCommand(this.#command)
    if (command.kind !== 'Transfer' && command.kind !== 'FundInsurance')
      throw new RangeError(`${command.kind} transfers nothing`)
    const { accountId, signature, amountQuote, lane, laneSeq, expiryS } = command
    const to = command.kind === 'Transfer' ? command.toSubaccount : command.market
    const terms = { signature, amountQuote, lane, laneSeq, expiryS, to }
    return { ...accountName(this.#store, accountId), ...terms }
  }
}

const isSame = (a: PositionName, b: PositionName): boolean =>
  a.owner === b.owner && a.subaccount === b.subaccount && a.market === b.market

const byAccount = (a: Counterparties[number], b: Counterparties[number]): number =>
  a.owner === b.owner ? a.subaccount - b.subaccount : a.owner < b.owner ? -1 : 1
