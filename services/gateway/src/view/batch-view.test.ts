import { encodeCommand, encodeEvent } from '@plumb/model'
import { expect, test } from 'vitest'
import { ExchangeView } from './exchange-view.ts'

const txHash = new Uint8Array(32).fill(7)
const command = encodeCommand({
  kind: 'ConfirmBatch',
  batchNo: 1,
  toSeq: 5,
  gasUsed: 21_000,
  blockNumber: 9,
  txHash,
})
const confirmed = encodeEvent({
  kind: 'BatchConfirmed',
  seq: 1,
  timeMs: 1_000,
  leg: 0,
  batchNo: 1,
  toSeq: 5,
  gasUsed: 21_000,
  blockNumber: 9,
  txHash,
})

test('batches that were settled before the gateway started are known, although nobody was told', () => {
  const view = new ExchangeView()
  view.apply({ entries: [{ seq: 1, command, events: confirmed }] })
  expect(view.batches.settledSeq).toBe(5)
  expect(view.batches.statusOf(5)).toBe('settled')
  expect(view.batches.list()).toMatchObject([{ batchNo: 1, toSeq: 5, blockNumber: 9 }])
})
