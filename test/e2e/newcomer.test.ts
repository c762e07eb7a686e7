//! What a newcomer does on a running devnet: looks at the page, trades from the command line, plays a recorded tape.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import chromium from '@sparticuz/chromium'
import { chromium as playwright } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type House,
  lastJson,
  makeState,
  removeState,
  root,
  runCommand,
  startHouse,
} from './house.ts'

const state = makeState()
const tape = join(root, '../shared/data/l3/xnas_ARL_day.commands.jsonl.gz')
const hasTape = existsSync(tape)
if (!hasTape) console.log('no recorded tapes beside the repository: the tape replay is not tested')
let house: House

const trade = (...words: string[]) =>
  runCommand('trade', [...words, '--gateway', house.addresses.gatewayUrl])

beforeAll(async () => {
  house = await startHouse(state)
}, 90_000)

afterAll(async () => {
  await house.kill()
  removeState(state)
})

test('trade buys, shows the position, and follows both to settlement', {
  timeout: 120_000,
}, async () => {
  const bought = await trade('buy', 'ETH-PERP', '0.01', '3100')
  expect(bought.code, bought.output).toBe(0)
  expect(bought.output).toContain('settled')
  const positions = await trade('positions')
  expect(positions.output).toContain('long 0.01 ETH-PERP')
})

test('trade refuses in one line what cannot be', { timeout: 60_000 }, async () => {
  const refused = await trade('buy', 'BTC-PERP', '0.1', '60000.05')
  expect(refused.code).toBe(1)
  expect(refused.output).toContain('INVALID_TICK')
})

const euro = ['EURUSD-PERP', '--price', '1.08', '--state', state]

test('one command lists a market that is no coin: contract, engine, price feed', {
  timeout: 120_000,
}, async () => {
  const listed = await runCommand('list-market', euro)
  expect(listed.code, listed.output).toBe(0)
  expect(listed.output).toContain('mark 1.0')
  const again = await runCommand('list-market', euro)
  expect(again.code).toBe(1)
  expect(again.output).toContain('listed already')
})

describe('the status page', () => {
  test('shows markets, a chart, book, trades, batches and equal records, and nothing fails', {
    timeout: 90_000,
  }, async () => {
    const browser = await playwright.launch({
      executablePath: await chromium.executablePath(),
      args: chromium.args,
      headless: true,
    })
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } })
      const complaints: string[] = []
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(String(error)))
      await page.goto(house.addresses.gatewayUrl)
      await page.getByText('BTC-PERP').first().waitFor()
      await page.locator('#reconciled').getByText('equal').waitFor({ timeout: 60_000 })
      await page.getByText('settled', { exact: true }).first().waitFor({ timeout: 60_000 })
      expect(await page.locator('#markets tr').count()).toBeGreaterThanOrEqual(8)
      expect(await page.locator('#asks .row').count()).toBeGreaterThan(0)
      expect(await page.locator('#bids .row').count()).toBeGreaterThan(0)
      await page.locator('#chart rect.rise, #chart rect.fall').first().waitFor({ timeout: 60_000 })
      expect(await page.locator('#market-note').textContent()).toMatch(/trading.*mark.*funding/)
      const fits = 'document.documentElement.scrollWidth <= document.documentElement.clientWidth'
      expect(await page.evaluate(fits), 'the page is wider than its window').toBe(true)
      expect(complaints).toEqual([])
    } finally {
      await browser.close()
    }
  })
})

test.runIf(hasTape)(
  'a recorded day of orders comes out exactly',
  { timeout: 180_000 },
  async () => {
    const args = [tape, '--gateway', house.addresses.gatewayUrl, '--json']
    const outcome = await runCommand('replay-tape', args)
    expect(outcome.code, outcome.output).toBe(0)
    expect(outcome.output).toContain('CRC-32 55d2cde5')
    expect(lastJson(outcome)).toMatchObject({ name: 'replay-tape' })
  },
)
