//! The segments of liquidation and transfer to bytes, exactly as RiskExtension.sol reads them (big-endian).
import { orderKind } from '@plumb/model'
import {
  batchFormat,
  type DelistingsSegment,
  isConditional,
  type OrderRecord,
  type RequestsSegment,
  type RiskSegment,
} from './batch.ts'
import type { ByteWriter } from './byte-writer.ts'
import { hexBytes } from './eip712.ts'

const COUNT_BYTES = 2
const TWO_48 = 2 ** 48 // a size has seven bytes, one more than a number is written in

/** Bytes of a segment's body. */
export function riskBodyBytes(segment: RiskSegment): number {
  switch (segment.kind) {
    case 'Credited':
      return COUNT_BYTES + batchFormat.creditedBytes
    case 'Delistings':
      return (
        COUNT_BYTES +
        sum(
          segment.delistings,
          ({ accounts }) =>
            batchFormat.delistingHeadBytes + accounts.length * batchFormat.accountBytes,
        )
      )
    case 'Requests':
      return COUNT_BYTES + segment.requests.length * batchFormat.requestBytes
    case 'Activations':
      return COUNT_BYTES + sum(segment.orders, orderLength)
    case 'Transfers':
    case 'Insurance':
      return COUNT_BYTES + segment.transfers.length * batchFormat.transferBytes
    case 'Liquidations':
      return COUNT_BYTES + sum(segment.liquidations, liquidationLength)
    case 'Takeovers':
      return COUNT_BYTES + segment.takeovers.length * batchFormat.takeoverBytes
    case 'Deleveragings':
      return (
        COUNT_BYTES +
        sum(
          segment.deleveragings,
          ({ counterparties }) =>
            batchFormat.deleveragingHeadBytes +
            counterparties.length * batchFormat.counterpartyBytes,
        )
      )
  }
}

/** Writes a segment's body. @throws RangeError when a number does not fit its field */
export function writeRisk(writer: ByteWriter, segment: RiskSegment): void {
  switch (segment.kind) {
    case 'Credited':
      writer.uint(1, COUNT_BYTES)
      writer.uint(segment.firstUncredited, batchFormat.creditedBytes)
      return undefined
    case 'Delistings':
      return writeDelistings(writer, segment)
    case 'Requests':
      return writeRequests(writer, segment)
    case 'Activations':
      writer.uint(segment.orders.length, COUNT_BYTES)
      for (const order of segment.orders) writeOrder(writer, order)
      return
    case 'Transfers':
    case 'Insurance':
      return writeTransfers(writer, segment)
    case 'Liquidations':
      return writeLiquidations(writer, segment)
    case 'Takeovers':
      writer.uint(segment.takeovers.length, COUNT_BYTES)
      for (const position of segment.takeovers) writePosition(writer, position)
      return
    case 'Deleveragings':
      return writeDeleveragings(writer, segment)
  }
}

/** One order record with its trigger, if it has one. */
export function writeOrder(writer: ByteWriter, order: OrderRecord): void {
  writer.bytes(order.signature, 64)
  writer.uint(order.market, 1)
  writer.uint(order.subaccount, 1)
  writer.uint(order.flags * 2 + order.side, 1)
  writer.uint(order.kind, 1)
  writer.uint(order.priceTicks, 4)
  writer.uint(order.sizeLots, 5)
  writer.uint(order.maxFee, 1)
  writer.uint(order.lane, 2)
  writer.uint(order.laneSeq, 4)
  writer.uint(order.expiryS, 4)
  writer.uint(order.takerFee, 1)
  writer.int8(order.makerFee)
  if (isConditional(order.kind)) writer.uint(order.triggerTicks, 4)
  else if (order.triggerTicks !== 0)
    throw new RangeError(`an order of kind ${order.kind} has no trigger`)
}

/** Bytes of an order's record. */
export const orderLength = ({ kind }: OrderRecord): number =>
  batchFormat.orderBytes + (isConditional(kind) ? batchFormat.ticksBytes : 0)

function writeTransfers(
  writer: ByteWriter,
  { transfers }: Extract<RiskSegment, { kind: 'Transfers' | 'Insurance' }>,
): void {
  writer.uint(transfers.length, COUNT_BYTES)
  for (const transfer of transfers) {
    writer.bytes(transfer.signature, 64)
    writer.uint(transfer.subaccount, 1)
    writer.uint(transfer.to, 1)
    writer.bigUint64(BigInt(transfer.amountQuote))
    writer.uint(transfer.lane, 2)
    writer.uint(transfer.laneSeq, 4)
    writer.uint(transfer.expiryS, 4)
  }
}

type Position = { owner: string; subaccount: number; market: number }

function writePosition(writer: ByteWriter, { owner, subaccount, market }: Position): void {
  writer.bytes(hexBytes(owner), 20)
  writer.uint(subaccount, 1)
  writer.uint(market, 1)
}

type Liquidations = Extract<RiskSegment, { kind: 'Liquidations' }>['liquidations']

function liquidationLength({ fills }: Liquidations[number]): number {
  return (
    batchFormat.liquidationHeadBytes +
    sum(
      fills,
      ({ maker }) =>
        orderLength(maker) +
        batchFormat.quantityBytes +
        (maker.kind === orderKind.repricing ? batchFormat.ticksBytes : 0),
    )
  )
}

function writeLiquidations(
  writer: ByteWriter,
  { liquidations }: { liquidations: Liquidations },
): void {
  writer.uint(liquidations.length, COUNT_BYTES)
  for (const { fills, ...position } of liquidations) {
    writePosition(writer, position)
    writer.uint(fills.length, COUNT_BYTES)
    for (const { maker, sizeLots, priceTicks } of fills) {
      writeOrder(writer, maker)
      writer.uint(sizeLots, batchFormat.quantityBytes)
      if (maker.kind === orderKind.repricing) writer.uint(priceTicks, 4)
    }
  }
}

function writeDeleveragings(
  writer: ByteWriter,
  { deleveragings }: Extract<RiskSegment, { kind: 'Deleveragings' }>,
): void {
  writer.uint(deleveragings.length, COUNT_BYTES)
  for (const { counterparties, ...position } of deleveragings) {
    writePosition(writer, position)
    writer.uint(counterparties.length, COUNT_BYTES)
    for (const { owner, subaccount, sizeLots, deficitQuote } of counterparties) {
      writer.bytes(hexBytes(owner), 20)
      writer.uint(subaccount, 1)
      writer.uint(Math.floor(sizeLots / TWO_48), 1)
      writer.uint(sizeLots % TWO_48, 6)
      writer.bigUint64(BigInt(deficitQuote))
    }
  }
}

function writeDelistings(writer: ByteWriter, { delistings }: DelistingsSegment): void {
  writer.uint(delistings.length, COUNT_BYTES)
  for (const { market, priceTicks, accounts } of delistings) {
    writer.uint(market, 1)
    writer.uint(priceTicks, 4)
    writer.uint(accounts.length, COUNT_BYTES)
    for (const { owner, subaccount } of accounts) {
      writer.bytes(hexBytes(owner), 20)
      writer.uint(subaccount, 1)
    }
  }
}

function writeRequests(writer: ByteWriter, { requests }: RequestsSegment): void {
  writer.uint(requests.length, COUNT_BYTES)
  for (const { owner, subaccount, market, lots, amountQuote } of requests) {
    writer.bytes(hexBytes(owner), 20)
    writer.uint(subaccount, 1)
    writer.uint(market, 1)
    writer.uint(Math.floor(lots / TWO_48), 1)
    writer.uint(lots % TWO_48, 6)
    writer.bigUint64(BigInt(amountQuote))
  }
}

function sum<T>(items: readonly T[], size: (item: T) => number): number {
  return items.reduce((total, item) => total + size(item), 0)
}
