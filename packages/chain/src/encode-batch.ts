//! Batch to bytes, exactly as `settle(bytes)` reads them (big-endian).
import { orderKind } from '@plumb/model'
import type {
  Batch,
  FillRecord,
  FillsSegment,
  PricesSegment,
  Segment,
  WithdrawalsSegment,
} from './batch.ts'
import { batchFormat } from './batch.ts'
import { ByteWriter } from './byte-writer.ts'
import { orderLength, riskBodyBytes, writeOrder, writeRisk } from './encode-risk.ts'

/**
 * Encodes a batch. The order table must already be sorted (`compareOrders`); only ranges are checked here.
 *
 * @throws RangeError when a number does not fit its field
 * @example const data = exchange.encodeFunctionData('settle', [encodeBatch(batch)])
 */
export function encodeBatch(batch: Batch): Uint8Array {
  const bodies = batch.segments.reduce((sum, segment) => sum + bodyBytes(segment), 0)
  const heads = batch.segments.length * batchFormat.segmentHeadBytes
  const writer = new ByteWriter(batchFormat.headerBytes + heads + bodies)
  writer.uint(batchFormat.version, 1)
  writer.uint(batch.isBestEffort === true ? batchFormat.modeBestEffort : batchFormat.modeFast, 1)
  writer.uint(batch.batchNo, 4)
  writer.uint(batch.toSeq, 6)
  writer.uint(batch.hashSeq, 6)
  writer.bytes(batch.journalHash, 32)
  writer.bigUint64(batch.stateHash)
  writer.uint(batch.segments.length, 2)
  for (const segment of batch.segments) {
    writer.uint(batchFormat.segmentKind[segment.kind], 1)
    writer.uint(bodyBytes(segment), 4)
    writeBody(writer, segment)
  }
  return writer.finish()
}

function bodyBytes(segment: Segment): number {
  switch (segment.kind) {
    case 'Prices':
      return (
        2 +
        segment.vectors.reduce(
          (sum, v) => sum + batchFormat.vectorHeadBytes + v.prices.length * 4,
          0,
        ) +
        segment.marks.length * batchFormat.markBytes
      )
    case 'Fills':
      return (
        4 +
        segment.orders.reduce((sum, order) => sum + orderLength(order), 0) +
        segment.fills.length * batchFormat.fillBytes +
        segment.fills.filter((fill) => isRepriced(segment, fill)).length * batchFormat.ticksBytes
      )
    case 'Withdrawals':
      return 2 + segment.withdrawals.length * batchFormat.withdrawalBytes
    case 'Funding':
      return 1 + segment.updates.length * batchFormat.fundingBytes
    case 'Activations':
    case 'Transfers':
    case 'Insurance':
    case 'Liquidations':
    case 'Takeovers':
    case 'Credited':
    case 'Delistings':
    case 'Requests':
    case 'Deleveragings':
      return riskBodyBytes(segment)
  }
}

function writeBody(writer: ByteWriter, segment: Segment): void {
  switch (segment.kind) {
    case 'Prices':
      return writePrices(writer, segment)
    case 'Fills':
      return writeFills(writer, segment)
    case 'Withdrawals':
      return writeWithdrawals(writer, segment)
    case 'Funding':
      writer.uint(segment.updates.length, 1)
      for (const update of segment.updates) {
        writer.uint(update.market, 1)
        writer.bigInt64(BigInt(update.fundingIndex))
      }
      return
    case 'Activations':
    case 'Transfers':
    case 'Insurance':
    case 'Liquidations':
    case 'Takeovers':
    case 'Credited':
    case 'Delistings':
    case 'Requests':
    case 'Deleveragings':
      return writeRisk(writer, segment)
  }
}

function writePrices(writer: ByteWriter, segment: PricesSegment): void {
  writer.uint(segment.vectors.length, 1)
  for (const vector of segment.vectors) {
    writer.uint(vector.publisher, 1)
    writer.uint(vector.page, 1)
    writer.uint(vector.prices.length, 1)
    writer.uint(vector.publishTimeMs, 6)
    writer.bytes(vector.signature, 64)
    for (const price of vector.prices) writer.uint(price, 4)
  }
  writer.uint(segment.marks.length, 1)
  for (const { market, markTicks } of segment.marks) {
    writer.uint(market, 1)
    writer.uint(markTicks, 4)
  }
}

function writeFills(writer: ByteWriter, segment: FillsSegment): void {
  writer.uint(segment.orders.length, 2)
  for (const order of segment.orders) writeOrder(writer, order)
  writer.uint(segment.fills.length, 2)
  for (const fill of segment.fills) {
    writer.uint(fill.taker, 2)
    writer.uint(fill.maker, 2)
    writer.uint(fill.sizeLots, 5)
    if (isRepriced(segment, fill)) writer.uint(fill.priceTicks, 4)
  }
}

const isRepriced = ({ orders }: FillsSegment, { maker }: FillRecord): boolean =>
  orders[maker]?.kind === orderKind.repricing

function writeWithdrawals(writer: ByteWriter, segment: WithdrawalsSegment): void {
  writer.uint(segment.withdrawals.length, 2)
  for (const withdrawal of segment.withdrawals) {
    writer.bytes(withdrawal.signature, 64)
    writer.uint(withdrawal.subaccount, 1)
    writer.bigUint64(BigInt(withdrawal.amountQuote))
    writer.uint(withdrawal.lane, 2)
    writer.uint(withdrawal.laneSeq, 4)
    writer.uint(withdrawal.expiryS, 4)
  }
}
