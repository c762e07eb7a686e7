//! Batch to bytes, exactly as `settle(bytes)` reads them (big-endian).
import type { Batch, FillsSegment, PricesSegment, Segment, WithdrawalsSegment } from './batch.ts'
import { batchFormat } from './batch.ts'
import { ByteWriter } from './byte-writer.ts'

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
  writer.uint(batchFormat.modeFast, 1)
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
        segment.orders.length * batchFormat.orderBytes +
        segment.fills.length * batchFormat.fillBytes
      )
    case 'Withdrawals':
      return 2 + segment.withdrawals.length * batchFormat.withdrawalBytes
    case 'Funding':
      return 1 + segment.updates.length * batchFormat.fundingBytes
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
  for (const order of segment.orders) {
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
  }
  writer.uint(segment.fills.length, 2)
  for (const fill of segment.fills) {
    writer.uint(fill.taker, 2)
    writer.uint(fill.maker, 2)
    writer.uint(fill.sizeLots, 5)
  }
}

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
