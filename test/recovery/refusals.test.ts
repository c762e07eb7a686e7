//! A house put together from parts of different pasts does not start, and says what to do.
import { cpSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createClient } from '@plumb/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type House, makeState, removeState, startHouse } from '../e2e/house.ts'
import { market, newHand, openDesk } from './load.ts'
import { fund, until } from './promises.ts'

const state = makeState()
const sequencer = join(state, 'sequencer')
const older = join(state, 'sequencer-older')
const newest = join(state, 'sequencer-newest')
let house: House | undefined

const copyTo = (from: string, to: string) =>
  cpSync(from, to, { recursive: true, filter: (path) => !basename(path).startsWith('lock') })

/** A life of the house in which a trader does something. */
const live = async (): Promise<void> => {
  house = await startHouse(state, ['--no-bot'])
  const { gatewayUrl } = house.addresses
  const client = createClient({ baseUrl: gatewayUrl })
  const { accounts } = await client.devnet()
  const key = accounts.find(({ name }) => name === 'alice')?.privateKey ?? ''
  const desk = await openDesk(gatewayUrl, newHand('alice', key))
  await fund(desk)
  await until('a mark price', async () => (await client.ticker(market)).mark !== null)
  for (let i = 0; i < 5; i++)
    await desk.trader.place({ market, side: 'buy', price: '55000', amount: '0.001' })
  desk.close()
  expect(await house.stop()).toBe(0)
  house = undefined
}

beforeAll(async () => {
  await live()
  copyTo(sequencer, older)
  await live()
}, 180_000)

afterAll(async () => {
  await house?.kill()
  removeState(state)
})

test('a journal restored from an older copy than ledger and contract have seen', {
  timeout: 120_000,
}, async () => {
  renameSync(sequencer, newest)
  copyTo(older, sequencer)
  const starting = startHouse(state, ['--no-bot'])
  await expect(starting).rejects.toThrow(
    /sequencer keeps ending.*the journal ends at seq \d+, but seq \d+ was already seen by a snapshot, the ledger, the relayer or the contract\. Nothing was changed\. Keep the files, and restore this journal from a copy/s,
  )
  // With its own journal back it goes on as if nothing had been.
  rmSync(sequencer, { recursive: true })
  renameSync(newest, sequencer)
  house = await startHouse(state, ['--no-bot'])
  expect(await house.stop()).toBe(0)
  house = undefined
})
