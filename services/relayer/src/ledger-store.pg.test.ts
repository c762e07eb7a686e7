import { openLedger } from '@plumb/ledger'
import { databasesOf } from '@plumb/ledger/testing'
import { side } from '@plumb/model'
import { systemClock } from '@plumb/runtime'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { ledgerStore } from './ledger-store.ts'
import { TestHouse, tapeMarket, traders } from './testing/test-house.ts'

const [alice, bob] = traders

describe('the store in Postgres', () => {
  const postgres = databasesOf(inject('postgresUrl'))
  let house: TestHouse
  beforeAll(async () => {
    house = await TestHouse.open()
  }, 60_000)
  afterAll(async () => {
    await house.close()
  })

  test('carries a relayer over its deaths: state, batches, attempts, deposits', async () => {
    if (alice === undefined || bob === undefined) throw new RangeError('no traders')
    const url = await postgres.createDatabase()
    const ledger = await openLedger(url, { applicationName: 'relayer', max: 2 })
    const store = ledgerStore(ledger, systemClock)
    expect(await store.load()).toEqual({
      cursorSeq: 0,
      deposits: undefined,
      records: [],
      batches: [],
    })
    house.start({ store })
    for (const trader of traders) await house.deposit(trader, 1_000_000_000)
    await house.until('credited', () => house.exchange.depositId === traders.length)
    // Half of an order fills in one life, the rest in the next: order, lane and twin come back from the store.
    const ask = house.rest(alice, tapeMarket, side.sell, 23_000, 100)
    for (let life = 1; life <= 4; life++) {
      house.take(bob, tapeMarket, [[ask, 25]])
      house.withdraw(alice, life)
      await house.settled()
      await house.stop()
      house.start({ store })
    }
    const { positions } = await house.views.account(bob.owner, 0)
    expect(positions).toMatchObject([{ market: tapeMarket, sizeLots: 100 }])
    await house.stop()

    const stored = await store.load()
    expect(stored.cursorSeq).toBeGreaterThan(0)
    expect(stored.deposits).toMatchObject({ depositId: traders.length })
    const last = await house.views.lastBatch()
    expect(stored.batches).toMatchObject([{ batchNo: last.batchNo, status: 'final' }])
    expect(stored.batches[0]?.attempts).toHaveLength(1)
    expect(await house.rpc.receipt(stored.batches[0]?.attempts[0]?.txHash ?? '')).toBeDefined()
    expect(await house.relayerNonce()).toBe(last.batchNo)

    await expect(
      store.checkpoint({ expectedCursorSeq: 1, cursorSeq: 2, upserts: [], deletes: [] }),
    ).rejects.toMatchObject({ code: 'CURSOR_MISMATCH' })
    await ledger.close()
  }, 60_000)
})
