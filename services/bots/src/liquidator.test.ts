import { createMetrics, silentLogger } from '@plumb/runtime'
import { beforeEach, expect, test } from 'vitest'
import { flagWindowMs, type LiquidationPort, Liquidator, patienceMs } from './liquidator.ts'

const delayMs = 1_800_000

/** The contract's rules of flags (FlaggedLiquidation.sol) over accounts whose health the test sets. */
class Contract {
  timeMs = 1_000_000
  readonly health = new Map<string, { equity: number; isFresh: boolean; markets: number[] }>()
  readonly flags = new Map<string, number>()
  readonly calls: string[] = []
  readonly raised: { owner: string; block: number; atMs: number }[] = []
  deposits: { owner: string; block: number }[] = []
  block = 10

  add(owner: string, equity: number): void {
    this.health.set(owner, { equity, isFresh: true, markets: [0, 3] })
    this.deposits.push({ owner, block: this.block })
  }

  set(owner: string, change: object): void {
    Object.assign(this.health.get(owner) ?? {}, change)
  }

  readonly port: LiquidationPort = {
    scan: (fromBlock) => {
      const toBlock = this.block
      const fresh = this.deposits.filter(({ block }) => block >= fromBlock)
      const flags = this.raised
        .filter(({ block }) => block >= fromBlock)
        .map(({ owner, atMs }) => ({ owner, subaccount: 0, executableAtMs: atMs + delayMs }))
      return Promise.resolve({
        accounts: fresh.map(({ owner }) => ({ owner, subaccount: 0 })),
        flags,
        toBlock,
      })
    },
    health: ({ owner }) => {
      const { equity = 0, isFresh = true } = this.health.get(owner) ?? {}
      return Promise.resolve({
        equityQuote: equity,
        maintenanceQuote: 100,
        initialQuote: 200,
        isFresh,
      })
    },
    positions: ({ owner }) =>
      Promise.resolve(
        (this.health.get(owner)?.markets ?? []).map((market) => ({ market, sizeLots: 5 })),
      ),
    timeMs: () => Promise.resolve(this.timeMs),
    flag: ({ owner }) => {
      const at = this.flags.get(owner)
      if (at !== undefined && this.timeMs <= at + 2 * delayMs) throw new Error('FlagNotDue')
      if ((this.health.get(owner)?.equity ?? 0) >= 100) throw new Error('AccountHealthy')
      this.flags.set(owner, this.timeMs)
      this.block += 1
      this.raised.push({ owner, block: this.block, atMs: this.timeMs })
      return this.#done(`flag ${owner}`)
    },
    clearFlag: ({ owner }) => {
      this.flags.delete(owner)
      return this.#done(`clear ${owner}`)
    },
    executeFlagged: ({ owner }, market) => {
      const from = (this.flags.get(owner) ?? Number.POSITIVE_INFINITY) + delayMs
      if (this.timeMs < from || this.timeMs > from + delayMs) throw new Error('FlagNotDue')
      const account = this.health.get(owner)
      if (account !== undefined) account.markets = account.markets.filter((m) => m !== market)
      if (account?.markets.length === 0) account.equity = 1_000
      return this.#done(`execute ${owner} ${market}`)
    },
  }

  #done(call: string) {
    this.calls.push(call)
    return Promise.resolve({ txHash: '0x', blockNumber: this.block })
  }
}

let contract: Contract
const start = () => new Liquidator(contract.port, 0, silentLogger, createMetrics('test'))
let bot: Liquidator
/** Rounds at steps of 30 s. */
const pass = async (ms: number) => {
  for (let gone = 0; gone < ms; gone += 30_000) {
    contract.timeMs += 30_000
    contract.block += 30
    await bot.round()
  }
}
beforeEach(() => {
  contract = new Contract()
  bot = start()
})

test('flags who stays below maintenance, waits, has every position taken over', async () => {
  contract.add('0xshort', 50)
  contract.add('0xrich', 500)
  await bot.round()
  expect(contract.calls).toEqual([])
  await pass(patienceMs)
  expect(contract.calls).toEqual(['flag 0xshort'])
  bot = start() // what was flagged is on the chain: a restart forgets nothing
  await pass(delayMs)
  expect(contract.calls.slice(1)).toEqual(['execute 0xshort 0', 'execute 0xshort 3'])
  await pass(60_000)
  expect(contract.calls.at(-1)).toBe('clear 0xshort')
  expect(contract.calls).toHaveLength(4)
})

test('spends nothing on what an operator at work puts right', async () => {
  contract.add('0xshort', 50)
  await pass(patienceMs - 60_000)
  contract.set('0xshort', { equity: 150 })
  await pass(3 * patienceMs)
  contract.set('0xshort', { equity: 50 })
  await pass(patienceMs - 30_000)
  expect(contract.calls).toEqual([])
})

test('does nothing at a stale mark, and takes a flag off a healthy account', async () => {
  contract.add('0xshort', 50)
  contract.set('0xshort', { isFresh: false })
  await pass(10 * patienceMs)
  expect(contract.calls).toEqual([])
  contract.set('0xshort', { isFresh: true })
  await pass(2 * patienceMs)
  contract.set('0xshort', { equity: 150 })
  await pass(60_000)
  expect(contract.calls).toEqual(['flag 0xshort', 'clear 0xshort'])
})

test('flags anew when a flag has lapsed', async () => {
  contract.add('0xshort', 50)
  await pass(2 * patienceMs)
  contract.timeMs += delayMs + flagWindowMs // it slept
  await pass(2 * patienceMs)
  expect(contract.calls.filter((call) => call.startsWith('flag'))).toHaveLength(2)
})
