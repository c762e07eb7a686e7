//! What the sequencer must not do: go on from a past that is not whole, or take orders on a clock that has jumped.
import { cpSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { encodeCommand } from '@plumb/model'
import type { CommandClient } from '@plumb/runtime'
import { createFeedClient } from '@plumb/runtime'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import {
  boot,
  closeAll,
  closers,
  connectTo,
  type House,
  newHouse,
  openAccounts,
  order,
  removeHouses,
  stopped,
} from './testing/sequencer-process.ts'

afterEach(closeAll)
afterAll(removeHouses)

const journalOf = (house: House) => join(house.directory, 'data', 'journal')
const segmentsOf = (house: House) =>
  readdirSync(journalOf(house))
    .filter((name) => name.endsWith('.seg'))
    .toSorted()
    .map((name) => join(journalOf(house), name))

const small = { PLUMB_SEGMENT_BYTES: String(16 * 1024), PLUMB_SNAPSHOT_COMMANDS: '1000000' }

/** A stopped house whose journal has several segments. */
const filledHouse = async () => {
  const house = newHouse(small)
  const running = await boot(house)
  const client = await connectTo(house)
  const { alice } = await openAccounts(client)
  let seq = 0
  for (let laneSeq = 1; laneSeq <= 120; laneSeq++)
    seq = (await client.submit(encodeCommand(order(alice, 0, 1, laneSeq, 500_000)))).seq
  expect(await stopped(running)).toBe(0)
  return { house, seq }
}

const copyData = (from: House, to: House) =>
  cpSync(join(from.directory, 'data'), join(to.directory, 'data'), {
    recursive: true,
    filter: (path) => !basename(path).startsWith('lock'),
  })

describe('refuses to start, and says what, where and what to do', { timeout: 120_000 }, () => {
  test('with a segment missing, at the end or before it, and starts again once it is back', async () => {
    const { house, seq } = await filledHouse()
    const segments = segmentsOf(house)
    expect(segments.length).toBeGreaterThan(3)
    for (const missing of [0, 1, segments.length - 1]) {
      const path = segments[missing] ?? ''
      renameSync(path, `${path}.away`)
      const refused = await boot(house)
      expect(await refused.ended, refused.output()).toBe(1)
      // The last one leaves no gap: only the feed and the final snapshot know that there was more.
      const why = missing === segments.length - 1 ? 'JOURNAL_BEHIND' : 'JOURNAL_DAMAGED'
      expect(refused.output()).toContain(why)
      expect(refused.output()).toMatch(/Nothing was changed\. Keep the files, and restore/)
      expect(refused.output()).toContain(journalOf(house))
      renameSync(`${path}.away`, path)
    }
    const whole = await boot(house)
    expect(whole.output()).toContain(`"seq":${seq}`)
    expect(await stopped(whole)).toBe(0)
  })

  test('with a journal that ends before what ledger, relayer or chain have seen', async () => {
    const { house, seq } = await filledHouse()
    const behind = await boot({ ...house, extra: { ...small, PLUMB_PROVEN_SEQ: String(seq + 1) } })
    expect(await behind.ended).toBe(1)
    expect(behind.output()).toContain(`ends at seq ${seq}`)
    expect(behind.output()).toContain(`seq ${seq + 1} was already seen`)
    const level = await boot({ ...house, extra: { ...small, PLUMB_PROVEN_SEQ: String(seq) } })
    expect(level.output()).toContain('"serving"')
    expect(await stopped(level)).toBe(0)
  })

  test('an older copy takes nothing in once a follower with a durable cursor comes', async () => {
    const { house, seq } = await filledHouse()
    const copy = newHouse(small)
    copyData(house, copy)
    const running = await boot(copy)
    const client = await connectTo(copy)
    const next = await client.submit(encodeCommand({ kind: 'Tick' }))
    expect(next.seq).toBe(seq + 1)
    const ledger = createFeedClient({ address: copy.address, name: 'ledger', fromSeq: seq + 100 })
    closers.push(() => ledger.close())
    await expect(ledger.groups().next()).rejects.toMatchObject({ code: 'FOLLOWER_AHEAD' })
    const tick = client.submit(encodeCommand({ kind: 'Tick' }))
    await expect(tick).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(running.output()).toContain('Nothing more is taken in until a restart')
    await stopped(running)
  })
})

describe('a clock that jumps by an hour', { timeout: 120_000 }, () => {
  const preload = pathToFileURL(
    fileURLToPath(new URL('./testing/shifted-clock.mjs', import.meta.url)),
  ).href

  test.each([
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ])(
    '%s: time goes on, orders wait, cancels pass, also after a restart',
    async (_name, shiftMs) => {
      const house = newHouse()
      const shiftFile = join(house.directory, 'shift')
      house.extra['CLOCK_SHIFT_FILE'] = shiftFile
      house.extra['NODE_OPTIONS'] = `--import ${preload}`
      const first = await boot(house)
      const client = await connectTo(house)
      const { alice } = await openAccounts(client)
      const startedMs = Date.now()
      let laneSeq = 0
      const placeOne = (to: CommandClient) =>
        to.submit(encodeCommand(order(alice, 0, 1, ++laneSeq, 500_000)))
      const cancelAll = (to: CommandClient) =>
        to.submit(encodeCommand({ kind: 'CancelAll', accountId: alice, market: -1, side: -1 }))
      let last = (await placeOne(client)).timeMs
      const expectForward = (timeMs: number) => {
        expect(timeMs).toBeGreaterThanOrEqual(last)
        // The stamps keep the pace of the steady clock.
        expect(timeMs - startedMs).toBeLessThan(60_000)
        last = timeMs
      }

      writeFileSync(shiftFile, String(shiftMs))
      await expect.poll(first.output, { timeout: 10_000 }).toContain('the clock has jumped')
      await expect(placeOne(client)).rejects.toMatchObject({ code: 'OVERLOADED' })
      expectForward((await cancelAll(client)).timeMs)

      writeFileSync(shiftFile, '0')
      await expect.poll(first.output, { timeout: 10_000 }).toContain('new orders are taken again')
      expectForward((await placeOne(client)).timeMs)
      expect(await stopped(first)).toBe(0)

      // The next life begins where the journal ended, not where the wall is.
      if (shiftMs > 0) return
      writeFileSync(shiftFile, String(shiftMs))
      const second = await boot(house)
      await client.ready()
      await expect.poll(second.output, { timeout: 10_000 }).toContain('the clock has jumped')
      await expect(placeOne(client)).rejects.toMatchObject({ code: 'OVERLOADED' })
      expectForward((await cancelAll(client)).timeMs)
      rmSync(shiftFile)
      await stopped(second)
    },
  )
})
