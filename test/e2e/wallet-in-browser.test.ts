//! The page with a wallet: found by EIP-6963 (else window.ethereum), it signs in, places and cancels, as MetaMask would.
import chromium from '@sparticuz/chromium'
import { verifyTypedData, Wallet } from 'ethers'
import { type Browser, type Page, chromium as playwright } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  startExchange,
  type TestExchange,
  wallet,
} from '../../services/gateway/test/exchange-fixture.ts'

const key = `0x${(191).toString(16).padStart(64, '0')}`
const owner = new Wallet(key)
let house: TestExchange
let browser: Browser
let page: Page
/** Typed data that the wallet was asked to sign, in order. */
let signed: { primaryType: string; message: Record<string, unknown> }[]
let complaints: string[]
let walletChain: number

/** What an extension puts into a page: a provider whose requests its own process answers. */
const injected = (announces: boolean) => `
const provider = { request: ({ method, params }) => walletRequest(method, params ?? []), on() {} }
if (${announces}) {
  const info = { uuid: '350670db-19fa-4704-a166-e52e178b59d2', name: 'Test Wallet', icon: 'data:,', rdns: 'test.wallet' }
  const announce = () => dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info, provider }) }))
  addEventListener('eip6963:requestProvider', announce)
  announce()
} else globalThis.ethereum = provider
`

/** The wallet's own side: a real key behind EIP-1193. */
async function answer(method: string, params: unknown[]): Promise<unknown> {
  if (method === 'eth_requestAccounts') return [owner.address]
  if (method === 'eth_chainId') return `0x${walletChain.toString(16)}`
  if (method === 'wallet_switchEthereumChain') {
    walletChain = 1_337
    return null
  }
  if (method !== 'eth_signTypedData_v4') throw new Error(`no ${method}`)
  const data = JSON.parse(String(params[1]))
  // MetaMask refuses typed data of another chain than its own.
  if (Number(data.domain.chainId) !== walletChain) throw new Error('wrong chain')
  signed.push(data)
  const { EIP712Domain: ofDomain, ...types } = data.types
  expect(ofDomain).toHaveLength(4)
  const signature = await owner.signTypedData(data.domain, types, data.message)
  expect(verifyTypedData(data.domain, types, data.message, signature)).toBe(owner.address)
  return signature
}

beforeAll(async () => {
  house = await startExchange()
  await house.fund(wallet(191), 10_000)
  browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: chromium.args,
    headless: true,
  })
}, 120_000)
afterAll(async () => {
  await browser.close()
  await house.close()
})
beforeEach(async () => {
  signed = []
  complaints = []
  walletChain = 1_337
  page = await browser.newPage()
  page.on('pageerror', (error) => complaints.push(String(error)))
  await page.exposeFunction('walletRequest', answer)
})

async function connect(name: string): Promise<void> {
  await page.goto(house.gateway.url)
  await page.locator('#markets').getByText('BTC-PERP').waitFor()
  await page.getByRole('button', { name }).click()
  await page.locator('#address').getByText(owner.address).waitFor()
}

test('an announced wallet signs in, places an order and cancels it', {
  timeout: 60_000,
}, async () => {
  await page.addInitScript(injected(true))
  await connect('Test Wallet')
  await page.locator('#equity').getByText('10,000.00').waitFor()
  await page.locator('[name=price]').fill('58000.0')
  await page.locator('[name=amount]').fill('0.01')
  await page.getByRole('button', { name: 'Buy' }).click()
  await page.locator('#account-note').getByText('buy 0.01 BTC-PERP at 58000: open').waitFor()
  await page.locator('#my-orders').getByRole('button', { name: 'cancel' }).click()
  await page.locator('#no-orders').waitFor()
  expect(signed.map(({ primaryType }) => primaryType)).toEqual(['Login', 'Order'])
  expect(signed[1]?.message).toMatchObject({
    price: '5800000000000',
    size: '1000000',
    lane: 0,
    seq: 1,
  })
  expect(complaints).toEqual([])
})

test('a wallet of before EIP-6963, on another chain, is asked to change it; refusals are told', {
  timeout: 60_000,
}, async () => {
  walletChain = 1
  await page.addInitScript(injected(false))
  await connect('Browser wallet')
  expect(walletChain).toBe(1_337)
  await page.locator('[name=price]').fill('58000.1')
  await page.locator('[name=amount]').fill('0.01')
  await page.getByRole('button', { name: 'Sell' }).click()
  await page.locator('#account-note').getByText('tick').waitFor()
  expect(complaints).toEqual([])
})

test('without a wallet the page says so and works', { timeout: 60_000 }, async () => {
  await page.goto(house.gateway.url)
  await page.locator('#markets').getByText('BTC-PERP').waitFor()
  await page.locator('#no-wallet').waitFor()
  expect(complaints).toEqual([])
})
