import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32c } from './crc32c.ts'
import {
  batchHeaderBytes,
  decodeSegmentHeader,
  encodeSegmentHeader,
  readBatchHeader,
  viewOf,
  writeBatchHeader,
  writeRecord,
} from './layout.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** The sum bit by bit, as the definition says. */
const plainCrc = (bytes: Uint8Array) => {
  let sum = 0xffffffff
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0x82f63b78 : 0)
  }
  return ~sum >>> 0
}

test('the checksum is CRC-32C', () => {
  // The check value of the RFC 3720 catalogue.
  expect(crc32c(viewOf(Buffer.from('123456789')), 0, 9)).toBe(0xe3069283)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(20), (bytes, skip) => {
      const start = Math.min(skip, bytes.length)
      expect(crc32c(viewOf(bytes), start, bytes.length)).toBe(plainCrc(bytes.subarray(start)))
    }),
  )
})

test('the bytes on disk are those of format version 1', () => {
  const journalId = Buffer.from('0102030405060708', 'hex')
  const segment = encodeSegmentHeader({
    journalId,
    segmentBytes: 64 * 1024 * 1024,
    firstSeq: 2 ** 40 + 1,
    epoch: 7,
    previousChainHash: Buffer.alloc(32, 0xab),
  })
  const batch = Buffer.alloc(512)
  const payload = Buffer.from('a command')
  const end = writeRecord(batch, viewOf(batch), batchHeaderBytes, {
    seq: 2 ** 40 + 1,
    timeMs: 1_700_000_000_000,
    kind: 3,
    payload,
  })
  const header = {
    epoch: 7,
    count: 1,
    firstSeq: 2 ** 40 + 1,
    recordsBytes: end - batchHeaderBytes,
    durableSeq: 2 ** 40,
    witness: { seq: 2 ** 40 + 1, hi: 0xffffffff, lo: 1 },
    previousChainHash: Buffer.alloc(32, 0xab),
  }
  writeBatchHeader(batch, journalId, header)
  expect(readBatchHeader(batch, viewOf(batch), 0, journalId)).toEqual(header)
  expect(decodeSegmentHeader(segment)).toMatchObject({ firstSeq: 2 ** 40 + 1, epoch: 7 })
  // A change here is a new format version: raise it, and keep reading this one.
  expect([sha256(segment), sha256(batch)]).toMatchInlineSnapshot(`
    [
      "98b9a5d71fd97320cf4e5e9b1a115f12a68c72dddb43c8a21b26700449593e2d",
      "b88839ca830c66761097b127a488fa269bcd3a25a9a2567736aca54996a08f94",
    ]
  `)
})
