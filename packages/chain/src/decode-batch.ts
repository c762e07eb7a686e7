//! Bytes to batch: for whoever reads `settle` calldata back (verify, reconciliation, tests).
import { orderKind } from '@plumb/model'
import type {
  Batch,
  FillRecord,
  FundingRecord,
  MarkRecord,
  OrderBody,
  OrderRecord,
  Owner,
  PriceVector,
  PriceVectorBody,
  Segment,
  TransferBody,
  WithdrawalBody,
  WithdrawalRecord,
} from './batch.ts'
import { batchFormat } from './batch.ts'
import { ByteReader } from './byte-reader.ts'
import { readOrder, readRisk } from './decode-risk.ts'

/** Recovers signers, which the wire does not carry; answers the zero address for an invalid signature. */
export type OwnerRecovery = {
  orderOwner(order: OrderBody): Owner
  withdrawalOwner(withdrawal: WithdrawalBody): Owner
  vectorSigner(vector: PriceVectorBody): Owner
  transferOwner(transfer: TransferBody): Owner
  /** Of a transfer into a market's insurance. */
  insuranceOwner(transfer: TransferBody): Owner
}

/**
 * Decodes a batch and recovers the owners.
 *
 * @throws RangeError for what the contract refuses as MALFORMED, UNKNOWN_VERSION, UNSUPPORTED_MODE or UNKNOWN_SEGMENT
 */
export function decodeBatch(bytes: Uint8Array, recovery: OwnerRecovery): Batch {
  const reader = new ByteReader(bytes)
  if (reader.uint(1) !== batchFormat.version) throw new RangeError('unknown version')
  const mode = reader.uint(1)
  if (mode > batchFormat.modeBestEffort) throw new RangeError('unsupported mode')
  const header = {
    batchNo: reader.uint(4),
    toSeq: reader.uint(6),
    hashSeq: reader.uint(6),
    journalHash: reader.bytes(32),
    stateHash: reader.bigUint64(),
  }
  const segments = times(reader.uint(2), () => readSegment(reader, recovery))
  if (!reader.isAtEnd) throw new RangeError('trailing bytes')
  const isBestEffort = mode === batchFormat.modeBestEffort
  return { ...header, segments, ...(isBestEffort ? { isBestEffort } : {}) }
}

function readSegment(reader: ByteReader, recovery: OwnerRecovery): Segment {
  const kind = reader.uint(1)
  const body = reader.part(reader.uint(4))
  const segment = readBody(kind, body, recovery)
  if (!body.isAtEnd) throw new RangeError('trailing bytes in a segment')
  return segment
}

function readBody(kind: number, body: ByteReader, recovery: OwnerRecovery): Segment {
  const { segmentKind } = batchFormat
  switch (kind) {
    case segmentKind.Prices:
      return {
        kind: 'Prices',
        vectors: times(body.uint(1), () => readVector(body, recovery)),
        marks: times(body.uint(1), () => readMark(body)),
      }
    case segmentKind.Fills: {
      const orders = times(body.uint(2), () => readOrder(body, recovery))
      return { kind: 'Fills', orders, fills: times(body.uint(2), () => readFill(body, orders)) }
    }
    case segmentKind.Withdrawals:
      return {
        kind: 'Withdrawals',
        withdrawals: times(body.uint(2), () => readWithdrawal(body, recovery)),
      }
    case segmentKind.Funding:
      return { kind: 'Funding', updates: times(body.uint(1), () => readFunding(body)) }
    default: {
      const segment = readRisk(kind, body, recovery)
      if (segment === null) throw new RangeError(`unknown segment kind ${kind}`)
      return segment
    }
  }
}

function readFill(body: ByteReader, orders: readonly OrderRecord[]): FillRecord {
  const fill = { taker: body.uint(2), maker: body.uint(2), sizeLots: body.uint(5) }
  const maker = orders[fill.maker]
  const isRepriced = maker?.kind === orderKind.repricing
  return { ...fill, priceTicks: isRepriced ? body.uint(4) : (maker?.priceTicks ?? 0) }
}

function readWithdrawal(body: ByteReader, recovery: OwnerRecovery): WithdrawalRecord {
  const withdrawal: WithdrawalBody = {
    signature: body.bytes(64),
    subaccount: body.uint(1),
    amountQuote: body.amount(),
    lane: body.uint(2),
    laneSeq: body.uint(4),
    expiryS: body.uint(4),
  }
  return { ...withdrawal, owner: recovery.withdrawalOwner(withdrawal) }
}

function readVector(body: ByteReader, recovery: OwnerRecovery): PriceVector {
  const publisher = body.uint(1)
  const page = body.uint(1)
  const count = body.uint(1)
  const vector: PriceVectorBody = {
    publisher,
    page,
    publishTimeMs: body.uint(6),
    signature: body.bytes(64),
    prices: times(count, () => body.uint(4)),
  }
  return { ...vector, signer: recovery.vectorSigner(vector) }
}

function readMark(body: ByteReader): MarkRecord {
  return { market: body.uint(1), markTicks: body.uint(4) }
}

function readFunding(body: ByteReader): FundingRecord {
  return { market: body.uint(1), fundingIndex: Number(body.bigInt64()) }
}

function times<T>(count: number, read: () => T): T[] {
  return Array.from({ length: count }, read)
}
