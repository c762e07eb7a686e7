//! Bytes of the segments of liquidation and transfer back to objects.
import { orderKind, side } from '@plumb/model'
import {
  type AccountRecord,
  batchFormat,
  type CounterpartyRecord,
  isConditional,
  type LiquidationFillRecord,
  type OrderBody,
  type OrderRecord,
  type PositionName,
  type RequestRecord,
  type RiskSegment,
  type TransferBody,
  type TransferRecord,
} from './batch.ts'
import type { ByteReader } from './byte-reader.ts'
import type { OwnerRecovery } from './decode-batch.ts'
import { bytesHex } from './eip712.ts'

const { segmentKind } = batchFormat

/** The segment of this kind, or null when the kind is none of these. */
export function readRisk(
  kind: number,
  body: ByteReader,
  recovery: OwnerRecovery,
): RiskSegment | null {
  switch (kind) {
    case segmentKind.Activations:
      return { kind: 'Activations', orders: list(body, () => readOrder(body, recovery)) }
    case segmentKind.Transfers:
      return {
        kind: 'Transfers',
        transfers: list(body, () => readTransfer(body, (signed) => recovery.transferOwner(signed))),
      }
    case segmentKind.Insurance:
      return {
        kind: 'Insurance',
        transfers: list(body, () =>
          readTransfer(body, (signed) => recovery.insuranceOwner(signed)),
        ),
      }
    case segmentKind.Liquidations:
      return {
        kind: 'Liquidations',
        liquidations: list(body, () => ({
          ...readPosition(body),
          fills: list(body, () => readLiquidationFill(body, recovery)),
        })),
      }
    case segmentKind.Takeovers:
      return { kind: 'Takeovers', takeovers: list(body, () => readPosition(body)) }
    case segmentKind.Deleveragings:
      return {
        kind: 'Deleveragings',
        deleveragings: list(body, () => ({
          ...readPosition(body),
          counterparties: list(body, () => readCounterparty(body)),
        })),
      }
    case segmentKind.Credited: {
      // Of several the last one counts.
      const ids = list(body, () => body.uint(batchFormat.creditedBytes))
      return { kind: 'Credited', firstUncredited: ids.at(-1) ?? 0 }
    }
    case segmentKind.Delistings:
      return {
        kind: 'Delistings',
        delistings: list(body, () => ({
          market: body.uint(1),
          priceTicks: body.uint(4),
          accounts: list(body, () => readAccount(body)),
        })),
      }
    case segmentKind.Requests:
      return { kind: 'Requests', requests: list(body, () => readRequest(body)) }
    default:
      return null
  }
}

/** One order record, with its trigger if its kind has one. */
export function readOrder(body: ByteReader, recovery: OwnerRecovery): OrderRecord {
  const signature = body.bytes(64)
  const market = body.uint(1)
  const subaccount = body.uint(1)
  const sideFlags = body.uint(1)
  const order = {
    signature,
    market,
    subaccount,
    side: sideFlags % 2 === 0 ? side.buy : side.sell,
    flags: sideFlags >> 1,
    kind: body.uint(1),
    priceTicks: body.uint(4),
    sizeLots: body.uint(5),
    maxFee: body.uint(1),
    lane: body.uint(2),
    laneSeq: body.uint(4),
    expiryS: body.uint(4),
    takerFee: body.uint(1),
    makerFee: body.int8(),
  }
  const signed: OrderBody = {
    ...order,
    triggerTicks: isConditional(order.kind) ? body.uint(4) : 0,
  }
  return { ...signed, owner: recovery.orderOwner(signed) }
}

function readTransfer(
  body: ByteReader,
  ownerOf: (transfer: TransferBody) => string,
): TransferRecord {
  const transfer: TransferBody = {
    signature: body.bytes(64),
    subaccount: body.uint(1),
    to: body.uint(1),
    amountQuote: body.amount(),
    lane: body.uint(2),
    laneSeq: body.uint(4),
    expiryS: body.uint(4),
  }
  return { ...transfer, owner: ownerOf(transfer) }
}

function readPosition(body: ByteReader): PositionName {
  return { owner: bytesHex(body.bytes(20)), subaccount: body.uint(1), market: body.uint(1) }
}

function readLiquidationFill(body: ByteReader, recovery: OwnerRecovery): LiquidationFillRecord {
  const maker = readOrder(body, recovery)
  const sizeLots = body.uint(batchFormat.quantityBytes)
  const isRepriced = maker.kind === orderKind.repricing
  return { maker, sizeLots, priceTicks: isRepriced ? body.uint(4) : maker.priceTicks }
}

function readCounterparty(body: ByteReader): CounterpartyRecord {
  const owner = bytesHex(body.bytes(20))
  const subaccount = body.uint(1)
  const high = body.uint(1)
  return {
    owner,
    subaccount,
    sizeLots: high * 2 ** 48 + body.uint(6),
    deficitQuote: body.amount(),
  }
}

const readAccount = (body: ByteReader): AccountRecord => ({
  owner: bytesHex(body.bytes(20)),
  subaccount: body.uint(1),
})

function readRequest(body: ByteReader): RequestRecord {
  const account = { ...readAccount(body), market: body.uint(1) }
  const high = body.uint(1)
  return { ...account, lots: high * 2 ** 48 + body.uint(6), amountQuote: body.amount() }
}

function list<T>(body: ByteReader, read: () => T): T[] {
  return Array.from({ length: body.uint(2) }, read)
}
