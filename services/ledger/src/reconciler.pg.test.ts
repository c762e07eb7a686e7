import { createServer, type Server } from 'node:http'
import { exchangeInterface, type Log, type Rpc, rollDepositHash } from '@plumb/chain'
import {
  createLedgerWriter,
  type Ledger,
  ledgerAccount,
  listReconciliations,
  openLedger,
  postingsOf,
  saveRelayerRecord,
} from '@plumb/ledger'
import { createRandomExchange, type RandomExchange } from '@plumb/ledger/random-frames'
import { databasesOf, runAsSuperuser } from '@plumb/ledger/testing'
import { decodeCommand, type EngineEvent } from '@plumb/model'
import { silentLogger, systemClock } from '@plumb/runtime'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  inject,
  test,
  vi,
} from 'vitest'
import { DepositTrail } from './deposit-trail.ts'
import { createHistoryCheck } from './history-check.ts'
import { createReconciler, type Reconciler } from './reconciler.ts'

vi.setConfig({ testTimeout: 60_000 })

const contract = `0x${'09'.repeat(20)}`
const HEAD = 1_000_000

type Held = { cash: number[]; lots: number[][] }
type Sums = Record<'fees' | 'pools' | 'pending' | 'deposits' | 'paid', number>

const postgres = databasesOf(inject('postgresUrl'))
let marginServer: Server
let marginUrl: string
let ledger: Ledger
let url: string
let exchange: RandomExchange
let settled: Held & { seq: number }
let engineState: object
let chain: ReturnType<typeof createChain>
let commands: string[]
let reconciler: Reconciler

const heldNow = (): Held => ({
  cash: [...exchange.cash],
  lots: exchange.positions.map((markets) => markets.map(({ lots }) => lots)),
})

const kindOf = (id: number): keyof Sums | undefined => {
  if (id === ledgerAccount.fees) return 'fees'
  if (id === ledgerAccount.pendingWithdrawals) return 'pending'
  return id <= ledgerAccount.fundingPool(0) ? 'pools' : undefined
}

/** House balances out of the events up to a seq. */
function sumsAt(events: readonly EngineEvent[], seq: number): Sums {
  const sums: Sums = { fees: 0, pools: 0, pending: 0, deposits: 0, paid: 0 }
  for (const event of events.filter((e) => e.seq <= seq)) {
    if (event.kind === 'DepositCredited') sums.deposits += event.amountQuote
    if (event.kind === 'WithdrawalPaid') sums.paid += event.amountQuote
    for (const { debit, credit, amountQuote } of postingsOf(event)) {
      const [from, to] = [kindOf(debit), kindOf(credit)]
      if (from !== undefined) sums[from] -= amountQuote
      if (to !== undefined) sums[to] += amountQuote
    }
  }
  return sums
}

const ownerOf = (accountId: number) =>
  `0x${(accountId + 1).toString(16).padStart(2, '0').repeat(20)}`

/** A node whose contract holds what was settled, plus deposits that were not credited yet. */
function createChain(uncredited: { accountId: number; amountQuote: number }[]) {
  const credited = exchange.events.filter((event) => event.kind === 'DepositCredited')
  const deposits = [
    ...credited.map(({ accountId, amountQuote, depositId, blockNumber }) => ({
      accountId,
      amountQuote,
      depositId,
      blockNumber,
    })),
    // In the block of the last credited one: not every deposit of a block need be credited.
    ...uncredited.map((deposit, i) => ({
      ...deposit,
      depositId: credited.length + 1 + i,
      blockNumber: credited.at(-1)?.blockNumber ?? 0,
    })),
  ]
  let rollingHash = `0x${'00'.repeat(32)}`
  const logs = deposits.map(({ accountId, amountQuote, depositId, blockNumber }): Log => {
    const [owner, subaccount] = [ownerOf(accountId), accountId % 3]
    rollingHash = rollDepositHash(rollingHash, { depositId, owner, subaccount, amountQuote })
    const { topics, data } = exchangeInterface.encodeEventLog('Deposited', [
      depositId,
      owner,
      subaccount,
      amountQuote,
      rollingHash,
    ])
    const hash = `0x${'11'.repeat(32)}`
    return { blockNumber, blockHash: hash, txHash: hash, logIndex: depositId, topics, data }
  })
  const claimed: Log[] = []
  const sums = sumsAt(exchange.events, settled.seq)
  const depositsBehind = exchange.events
    .filter((event) => event.kind === 'DepositCredited')
    .filter(({ seq }) => seq > settled.seq)
  const extra = [...uncredited, ...depositsBehind]
  const totalDeposits = deposits.reduce((sum, { amountQuote }) => sum + amountQuote, 0)
  const state = {
    fees: sums.fees,
    withdrawals: sums.paid + sums.pending,
    tokens: totalDeposits - sums.paid - sums.pending,
    cash: settled.cash.map(
      (quote, accountId) =>
        quote +
        extra.filter((d) => d.accountId === accountId).reduce((sum, d) => sum + d.amountQuote, 0),
    ),
    lots: settled.lots.map((markets) => [...markets]),
  }
  const answers: Record<string, (args: unknown[]) => unknown[]> = {
    lastBatch: () => [3, settled.seq, settled.seq, `0x${'00'.repeat(32)}`, 0],
    backstop: () => [`0x${'fe'.repeat(20)}`],
    lastDeposit: () => [deposits.length, rollingHash],
    // Nothing is owed beyond paid withdrawals, and nothing insured.
    totals: () => [[state.tokens, totalDeposits, state.withdrawals, state.fees, sums.pools, 0, 0]],
    account: ([owner]) => {
      const accountId = Number.parseInt(String(owner).slice(2, 4), 16) - 1
      const positions = (state.lots[accountId] ?? [])
        .map((lots, market) => [market, lots, 0])
        .filter(([, lots]) => lots !== 0)
      return [state.cash[accountId] ?? 0, positions]
    },
  }
  const answerTo = ({ data }: { data: string }) => {
    const call = exchangeInterface.parseTransaction({ data })
    if (call === null) throw new Error('unknown call')
    const result = answers[call.name]?.([...call.args]) ?? []
    return exchangeInterface.encodeFunctionResult(call.name, result)
  }
  const rpc = {
    blockNumber: () => Promise.resolve(HEAD),
    call: (call: { data: string }) => Promise.resolve(answerTo(call)),
    calls: (calls: readonly { data: string }[]) => Promise.resolve(calls.map(answerTo)),
    logs: ({ fromBlock, toBlock, topics }: Parameters<Rpc['logs']>[0]) =>
      Promise.resolve(
        [...logs, ...claimed].filter(
          (log) =>
            topics.flat().includes(log.topics[0] ?? '') &&
            log.blockNumber >= fromBlock &&
            log.blockNumber <= toBlock,
        ),
      ),
  } as unknown as Rpc
  return { rpc, state, claimed }
}

function engineStateNow() {
  const seq = exchange.frames.length
  const sums = sumsAt(exchange.events, seq)
  return {
    seq,
    totals: {
      cashQuote: exchange.cash.reduce((a, b) => a + b, 0),
      feesQuote: sums.fees,
      poolsQuote: sums.pools,
      pendingWithdrawalsQuote: sums.pending,
      depositsQuote: sums.deposits,
      paidQuote: sums.paid,
    },
    accounts: exchange.cash.map((cashQuote, accountId) => ({
      accountId,
      owner: ownerOf(accountId),
      subaccount: accountId % 3,
      cashQuote,
      positions: (exchange.positions[accountId] ?? [])
        .map(({ lots }, market) => ({ market, lots, fundingIndex: 0 }))
        .filter(({ lots }) => lots !== 0),
    })),
  }
}

beforeAll(async () => {
  marginServer = createServer((_, response) => response.end(JSON.stringify(engineState)))
  await new Promise<void>((resolve) => {
    marginServer.listen(0, '127.0.0.1', resolve)
  })
  const address = marginServer.address()
  marginUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}, 60_000)
afterAll(async () => {
  marginServer.close()
})

beforeEach(async () => {
  exchange = createRandomExchange({ seed: 11 })
  for (let i = 0; i < 300; i++) exchange.step()
  settled = { seq: exchange.frames.length, ...heldNow() }
  for (let i = 0; i < 100; i++) exchange.step()
  engineState = engineStateNow()
  chain = createChain([
    { accountId: 2, amountQuote: 5_000_000 },
    { accountId: 40, amountQuote: 77 },
  ])
  url = await postgres.createDatabase()
  ledger = await openLedger(url, { applicationName: 'test' })
  await (await createLedgerWriter(ledger)).write(exchange.frames)
  commands = []
  reconciler = createReconciler({
    ledger,
    rpc: chain.rpc,
    contract,
    marginUrl,
    trail: new DepositTrail(ledger, chain.rpc, contract),
    reached: () => Promise.resolve(),
    history: createHistoryCheck(),
    readJournal: async function* () {
      yield* await Promise.resolve([exchange.frames])
    },
    commands: {
      submit: (bytes) => {
        commands.push(JSON.stringify(decodeCommand(bytes).command))
        return Promise.resolve({ seq: 1, timeMs: 1, events: new Uint8Array() })
      },
    },
    clock: systemClock,
    logger: silentLogger,
    metrics: { written: () => {}, reconciled: () => {}, notReconciled: () => {} },
    intervalMs: 3_600_000,
  })
})
afterEach(async () => {
  await reconciler.close()
  await ledger.close()
})

test('three equal sides: one row with three equal totals, nothing is paused', async () => {
  const row = await reconciler.run('batch')
  expect(row).toMatchObject({ ok: true, firstDifference: null, seq: settled.seq, accounts: 6 })
  expect(row.engine).toEqual(row.ledger)
  expect(row.chain).toEqual(row.ledger)
  expect(row.ledger.cashQuote).toBe(settled.cash.reduce((a, b) => a + b, 0))
  expect(commands).toEqual([])
  expect((await listReconciliations(ledger, { limit: 5 })).items).toEqual([row])
  expect(await reconciler.run('demand')).toMatchObject({ ok: true, trigger: 'demand' })
})

test('a claim that the chain has paid is no difference until it is followed, and one afterwards', async () => {
  const paid = 1_000
  chain.state.cash[3] = (chain.state.cash[3] ?? 0) - paid
  chain.state.withdrawals += paid
  chain.state.tokens -= paid
  const { topics, data } = exchangeInterface.encodeEventLog('WithdrawClaimed', [
    ownerOf(3),
    0,
    paid,
    0,
  ])
  const txHash = `0x${'22'.repeat(32)}`
  chain.claimed.push({
    blockNumber: HEAD,
    blockHash: txHash,
    txHash,
    logIndex: 0,
    topics,
    data,
  })
  const row = await reconciler.run('batch')
  expect(row).toMatchObject({ ok: true, firstDifference: null })
  expect(row.chain).toEqual(row.ledger)
  // The relayer has told the engine of this block before what is settled: then it must be in the books.
  const followed = [{ blockNumber: HEAD, seq: settled.seq }]
  const body = Buffer.from(JSON.stringify({ noticeId: 2, blockNumber: HEAD, followed }))
  await saveRelayerRecord(ledger, { kind: 20, key: 'place', body })
  expect((await reconciler.run('demand')).firstDifference).toMatch(
    /^account 3 .* cash: chain has .*, difference -1000;/,
  )
})

describe('one unit is found, named, and pauses withdrawals once', () => {
  test.each<[string, () => void, RegExp]>([
    [
      'cash on the chain',
      () => {
        chain.state.cash[3] = (chain.state.cash[3] ?? 0) + 1
      },
      /^account 3 \(0x04.*\/0\) cash: chain has -?\d+, ledger has -?\d+, difference 1; every transfer up to seq \d+ is what the journal asks for, so the contract parted from it; no comparison agreed before; first event of the account since: seq \d+, event \d+ \(deposit\)$/,
    ],
    [
      'a position on the chain',
      () => {
        const lots = chain.state.lots[1]
        if (lots !== undefined) lots[0] = (lots[0] ?? 0) - 1
      },
      /^account 1 .* position in market 0: chain has .* difference -1; every transfer up to/,
    ],
    [
      'fees on the chain',
      () => {
        chain.state.fees += 1
      },
      /difference -?1; every transfer up to/,
    ],
    [
      'cash in the engine',
      () => {
        const state = engineStateNow()
        const first = state.accounts[0]
        if (first !== undefined) first.cashQuote -= 1
        engineState = state
      },
      /^account 0 .* cash: engine has .* difference -1; every transfer up to seq \d+ is what the journal asks for, so the engine parted from it; no comparison agreed before; first event of the account since: seq 4, event 1 \(deposit\)$/,
    ],
    [
      'tokens that are gone',
      () => {
        chain.state.tokens -= 1
      },
      /^the contract holds \d+ of its token and owes \d+; every transfer up to seq \d+ is what the journal asks for; no comparison/,
    ],
  ])('%s', async (_, break_, expected) => {
    break_()
    const row = await reconciler.run('batch')
    expect(row.ok).toBe(false)
    expect(row.firstDifference).toMatch(expected)
    expect(commands).toEqual(['{"kind":"SetWithdrawals","paused":1}'])
    await reconciler.run('timer')
    expect(commands).toHaveLength(1)
  })
})

test('withdrawals open again by the operator, and only when everything agrees', async () => {
  chain.state.fees += 1
  expect(await reconciler.resume()).toMatchObject({ ok: false })
  expect(commands).toEqual(['{"kind":"SetWithdrawals","paused":1}'])
  chain.state.fees -= 1
  expect(await reconciler.run('timer')).toMatchObject({ ok: true })
  expect(commands).toHaveLength(1)
  expect(await reconciler.resume()).toMatchObject({ ok: true, trigger: 'demand' })
  expect(commands).toEqual([
    '{"kind":"SetWithdrawals","paused":1}',
    '{"kind":"SetWithdrawals","paused":0}',
  ])
})

/** As someone with the superuser's password would: behind the triggers' back. */
async function tamper(change: string): Promise<string> {
  const [row] = await runAsSuperuser(url, change)
  return String(row?.['place'])
}

/** Changes one figure of one trade's posting. */
const changed = (figure: string) => `
  UPDATE ledger.transfers SET ${figure} WHERE (seq, leg) = (
    SELECT seq, leg FROM ledger.transfers WHERE kind = 2 AND credit = 2 ORDER BY seq, leg OFFSET 3 LIMIT 1)
  RETURNING format('transfer (%s, %s)', seq, leg) AS place`

describe('one unit in the ledger itself', () => {
  test.each([
    'amount_quote = amount_quote + 1',
    'credit_after_quote = credit_after_quote - 1',
    'credit = 3',
  ])('%s: the posting is named, with its event and accounts', async (figure) => {
    expect(await reconciler.run('timer')).toMatchObject({ ok: true })
    const place = await tamper(changed(figure))
    const row = await reconciler.run('timer')
    expect(row.ok).toBe(false)
    expect(row.firstDifference).toContain(place)
    if (!figure.startsWith('credit_after'))
      expect(row.firstDifference).toMatch(
        /; first differing event: seq \d+, event \d+ \(TradeExecuted\), accounts \d+ and 2: /,
      )
    expect(commands).toEqual(['{"kind":"SetWithdrawals","paused":1}'])
  })

  test('a posting that is gone', async () => {
    const place = await tamper(`
      DELETE FROM ledger.transfers WHERE (seq, leg) = (
        SELECT seq, leg FROM ledger.transfers WHERE kind = 5 ORDER BY seq, leg LIMIT 1)
      RETURNING format('transfer (%s, %s)', seq, leg) AS place`)
    const row = await reconciler.run('demand')
    expect(row.firstDifference).toContain(`where ${place} belongs stands`)
    expect(row.firstDifference).toContain('(FundingSettled)')
  })

  test('a balance that was raised', async () => {
    await tamper(`UPDATE ledger.balances SET balance_quote = balance_quote + 1 WHERE account_id = 2
      RETURNING account_id AS place`)
    const row = await reconciler.run('timer')
    expect(row.firstDifference).toMatch(
      /^account 2 .*engine has .*, difference -1; every transfer up to seq \d+ is what the journal asks for and account 2's sum to -?\d+: its balance of -?\d+ in the ledger is wrong$/,
    )
  })
})

test('the last comparison that agreed bounds where the engine parted', async () => {
  await reconciler.run('timer')
  const state = engineStateNow()
  const account = state.accounts[1]
  if (account !== undefined) account.cashQuote += 1
  engineState = state
  const row = await reconciler.run('demand')
  expect(row.firstDifference).toMatch(
    /^account 1 .* difference 1; .* the last comparison that agreed was of seq \d+ \(batch 3\); (first|last) event of the account/,
  )
})

test('a side that does not answer is no difference', async () => {
  engineState = { error: 'STARTING' }
  await expect(reconciler.run('demand')).rejects.toThrow()
  expect(commands).toEqual([])
  expect((await listReconciliations(ledger, { limit: 5 })).items).toEqual([])
})
