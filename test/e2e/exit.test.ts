//! Every service of the exchange is killed while three users hold positions; each gets out with an RPC and a key: one
//! while publishers still sign, one without them, one by ending the exchange.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  bytesHex,
  connectSigner,
  contractViews,
  createPriceSigner,
  createRpc,
  encodeBatch,
  exchangeInterface,
  hexBytes,
  type Rpc,
} from '@plumb/chain'
import { type Anvil, startAnvil } from '@plumb/chain/testing/anvil'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { demoKeys, publisherCount } from '../../services/devnet/src/devnet-keys.ts'
import { devnetPaths } from '../../services/devnet/src/devnet-paths.ts'
import { type House, lastJson, makeState, removeState, runCommand, startHouse } from './house.ts'

const state = makeState()
const paths = devnetPaths(state)
const chainId = 1_337
const btc = 0
const eth = 1
const users = ['alice', 'bob', 'carol'] as const
type User = (typeof users)[number]

let house: House
let chain: Anvil
let rpc: Rpc
let contract: string

beforeAll(async () => {
  house = await startHouse(state)
  contract = house.addresses.contract
  for (const user of users) {
    const order = ['buy', 'ETH-PERP', '0.05', '3100', '--key', user]
    const bought = await runCommand('trade', [...order, '--gateway', house.addresses.gatewayUrl])
    expect(bought.code, bought.output).toBe(0)
    expect(bought.output).toContain('settled')
  }
  // The operator is gone, at once and for good. The chain is everybody's: any node that has it goes on.
  await house.kill()
  chain = await startAnvil(['--load-state', join(paths.chain, 'state.json')])
  rpc = createRpc(chain.url)
}, 240_000)

afterAll(async () => {
  await house.kill()
  await chain.stop()
  removeState(state)
})

const demoKey = (user: User) => {
  const key = demoKeys.find(({ name }) => name === user)
  if (key === undefined) throw new Error(`no demo key ${user}`)
  return key
}

/** Runs `npm run exit` as `user`; answers its figures. */
const exit = async (user: User, ...words: string[]) => {
  const { privateKey } = demoKey(user)
  const where = ['--rpc', chain.url, '--contract', contract, '--key', privateKey, '--json']
  const outcome = await runCommand('exit', [...words, ...where])
  expect(outcome.code, outcome.output).toBe(0)
  const { figures } = lastJson(outcome) as { figures: Record<string, number | boolean> }
  return figures
}

const advance = async (untilS: number) => {
  await rpc.request('evm_setNextBlockTimestamp', [untilS])
  await rpc.request('evm_mine', [])
}

const keyFile = (name: string) => readFileSync(join(paths.keys, `${name}.key`), 'utf8').trim()

/** The publishers sign the same prices again, now, and somebody with a relayer's key carries them. */
const publish = async () => {
  const views = contractViews(rpc, contract)
  const [head, last] = await Promise.all([rpc.block('latest'), views.lastBatch()])
  const marks = await Promise.all([btc, eth].map((market) => views.market(market)))
  const message = {
    page: 0,
    timestampMs: (head?.timestampS ?? 0) * 1_000,
    prices: marks.map(({ markTicks }) => markTicks),
  }
  const vectors = Array.from({ length: publisherCount }, (_, publisher) => {
    const signer = createPriceSigner(keyFile(`publisher-${publisher}`), { chainId, contract })
    const { page, timestampMs: publishTimeMs, prices } = message
    const signature = signer.sign(message)
    return { publisher, page, publishTimeMs, prices, signature, signer: signer.address }
  })
  const batch = encodeBatch({
    batchNo: last.batchNo + 1,
    toSeq: last.toSeq,
    hashSeq: last.hashSeq,
    journalHash: hexBytes(last.journalHash),
    stateHash: last.stateHash,
    segments: [
      {
        kind: 'Prices',
        vectors,
        // A market that nobody traded was never priced on-chain.
        marks: [btc, eth]
          .map((market, i) => ({ market, markTicks: message.prices[i] ?? 0 }))
          .filter(({ markTicks }) => markTicks > 0),
      },
    ],
  })
  const data = exchangeInterface.encodeFunctionData('settle', [bytesHex(batch)])
  const relayer = connectSigner(chain.url, chainId, keyFile('relayer'))
  try {
    // The estimate is for a block a moment earlier, whose slow mark weighs otherwise.
    const sent = await relayer.signer.sendTransaction({ to: contract, data, gasLimit: 5_000_000 })
    expect((await sent.wait())?.status).toBe(1)
  } finally {
    relayer.close()
  }
}

/** Equity at `priceTicks` with funding paid, micro-USDC; and the fee for closing all of it. */
const worth = async (user: User, priceTicks: (markTicks: number) => number) => {
  const views = contractViews(rpc, contract)
  const [{ cashQuote, positions }, market] = await Promise.all([
    views.account(demoKey(user).address, 0),
    views.market(eth),
  ])
  const [position] = positions
  if (position === undefined) throw new Error(`${user} holds nothing`)
  const valueQuote = position.sizeLots * priceTicks(market.markTicks) * market.quotePerTickLot
  const fundingQuote = Math.ceil(
    (position.sizeLots * (market.fundingIndex - position.fundingSnapshot)) / 1e6,
  )
  const feeQuote = Math.ceil((valueQuote * 5_000) / 1e6)
  return { equityQuote: cashQuote + valueQuote - fundingQuote, feeQuote }
}

test('the position shows without any service', { timeout: 60_000 }, async () => {
  const { privateKey } = demoKey('alice')
  const where = ['--rpc', chain.url, '--contract', contract, '--key', privateKey]
  const shown = await runCommand('exit', where)
  expect(shown.code, shown.output).toBe(0)
  expect(shown.output).toMatch(/cash\s+[\d.]+ USDC/)
  expect(shown.output).toMatch(/^1\s+0\.05\s/m)
  expect(shown.output).toContain('freeze possible')
})

test('with publishers alive alice is out after an hour and two transactions', {
  timeout: 120_000,
}, async () => {
  const asked = await exit('alice', 'leave')
  expect(asked).toMatchObject({ transactions: 1, positions: 1, receivedQuote: 0 })
  expect(await exit('alice', 'leave')).toMatchObject({ transactions: 0 })
  await advance(Number(asked['nextAtS']))
  await publish()
  const { equityQuote, feeQuote } = await worth('alice', (markTicks) => markTicks)
  expect(await exit('alice', 'leave')).toMatchObject({
    transactions: 1,
    nextAtS: 0,
    cashQuote: 0,
    positions: 0,
    frozen: false,
    receivedQuote: equityQuote - feeQuote,
  })
  // One leaving stops nobody: the next batch settles.
  await publish()
})

test('without publishers carol is out the same way, at the slow mark', {
  timeout: 120_000,
}, async () => {
  const figures = await exit('carol', 'leave', '--advance-time')
  expect(figures).toMatchObject({
    transactions: 2,
    nextAtS: 0,
    cashQuote: 0,
    positions: 0,
    frozen: false,
  })
  expect(figures['receivedQuote']).toBeGreaterThan(0)
})

test('bob ends the exchange after a day of silence, claims and is paid', {
  timeout: 120_000,
}, async () => {
  const early = await exit('bob', 'freeze')
  expect(early).toMatchObject({ transactions: 0, frozen: false })
  const startS = Number(early['atS'])
  const figures = await exit('bob', 'freeze', '--advance-time')
  expect(figures).toMatchObject({ transactions: 3, nextAtS: 0, frozen: true })
  expect(Number(early['nextAtS']) - startS).toBeLessThanOrEqual(86_400)
  const slow = await rpc.call(
    { to: contract, data: exchangeInterface.encodeFunctionData('slowMark', [eth]) },
    'latest',
  )
  const { equityQuote } = await worth('bob', () => Number(slow))
  expect(figures['receivedQuote']).toBe(equityQuote)
})

test('bad input is one clear line', { timeout: 60_000 }, async () => {
  const refused = await runCommand('exit', ['leave', '--rpc', chain.url, '--contract', 'nowhere'])
  expect(refused.code).toBe(1)
  expect(refused.output).toContain('--contract needs an address.')
})
