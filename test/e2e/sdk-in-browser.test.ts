//! The packed sdk in a browser: bundled by the folder's own bundler, it signs, trades and streams; what is not used is left out.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import chromium from '@sparticuz/chromium'
import { chromium as playwright } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  startExchange,
  type TestExchange,
  wallet,
} from '../../services/gateway/test/exchange-fixture.ts'

const packages = fileURLToPath(new URL('../../packages', import.meta.url))
const outside = {
  sdk: ['@noble/curves', '@noble/hashes', 'ethers', 'ws'],
  protocol: ['zod'],
}
let house: TestExchange
let folder: string

beforeAll(async () => {
  house = await startExchange()
  await house.fund(wallet(171), 10_000)
  folder = mkdtempSync(join(tmpdir(), 'plumb-browser-'))
  const pack = join(packages, 'sdk', 'bin', 'pack.mjs')
  const tarball = execFileSync(process.execPath, [pack, folder], { encoding: 'utf8' }).trim()
  const target = join(folder, 'node_modules', '@plumb', 'sdk')
  mkdirSync(target, { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', target])
  for (const [owner, names] of Object.entries(outside))
    for (const name of names) {
      const link = join(folder, 'node_modules', name)
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(realpathSync(join(packages, owner, 'node_modules', name)), link)
    }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
}, 120_000)
afterAll(async () => {
  await house.close()
  rmSync(folder, { recursive: true, force: true })
})

type Bundler = {
  build(options: object): Promise<{ output: { code?: string }[] }>
}

/** Bundles a program of the folder for browsers, as its owner would. */
async function bundle(name: string, program: string): Promise<string> {
  const file = join(folder, `${name}.js`)
  writeFileSync(file, program)
  // The bundler that the test runner brings along.
  const ofVitest = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'))
  const vite: Bundler = await import(pathToFileURL(ofVitest.resolve('vite')).href)
  const { output } = await vite.build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    build: { write: false, rollupOptions: { input: file } },
  })
  return output.map(({ code = '' }) => code).join('\n')
}

const trade = `
import { createClient } from '@plumb/sdk'
globalThis.trade = async (baseUrl, key) => {
  const client = createClient({ baseUrl })
  const trader = client.trader(key)
  const stream = client.stream()
  await stream.ready()
  await trader.use(stream)
  const seen = []
  const owner = await trader.owner()
  await stream.subscribe({ channel: 'orders', ...owner }, ({ type, data }) => {
    if (type === 'update') for (const { status } of data) seen.push(status)
  })
  const { order } = await trader.place({ market: 'BTC-PERP', side: 'buy', price: '58000', amount: '0.01' })
  const { order: canceled } = await trader.cancel({ orderId: order.id })
  while (seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 10))
  stream.close()
  const { openingEquity } = (await trader.account.marginSimulator()).ask({})
  return { placed: order.status, canceled: canceled.status, seen, openingEquity }
}
`

test('a page signs, trades over REST and stream, and simulates margin', {
  timeout: 120_000,
}, async () => {
  const script = await bundle('trade', trade)
  const browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: chromium.args,
    headless: true,
  })
  try {
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(String(error)))
    const url = `${house.gateway.url}/trader.html`
    await page.route(url, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>trader</title>' }),
    )
    await page.goto(url)
    await page.addScriptTag({ content: script, type: 'module' })
    await page.waitForFunction('typeof trade === "function"')
    const key = `0x${(171).toString(16).padStart(64, '0')}`
    expect(await page.evaluate(`trade(location.origin, '${key}')`)).toEqual({
      placed: 'open',
      canceled: 'canceled',
      seen: ['open', 'canceled'],
      openingEquity: '10000',
    })
    expect(complaints).toEqual([])
  } finally {
    await browser.close()
  }
})

test('what a program does not use is not in its bundle', { timeout: 120_000 }, async () => {
  const book = await bundle(
    'book',
    "import { LocalBook } from '@plumb/sdk'\nglobalThis.book = new LocalBook()\n",
  )
  const whole = await bundle('all', "import * as sdk from '@plumb/sdk'\nglobalThis.sdk = sdk\n")
  const trader = await bundle('trade', trade)
  expect(book.length).toBeLessThan(whole.length / 20)
  // Only the wallet talks to a chain.
  expect(whole).toContain('eth_sendRawTransaction')
  expect(trader).not.toContain('eth_sendRawTransaction')
})
