//! `pnpm demo`: one trade from a wallet's deposit to its withdrawal, every step shown and checked.
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { quoteToText } from '@plumb/sdk'
import { type Actor, fund, newActor } from './demo-actor.ts'
import { batchOf, findOrder, readBatch } from './demo-batch.ts'
import { compare, type ThreeHoldings } from './demo-compare.ts'
import { openExchange } from './demo-exchange.ts'
import { type DemoTrade, heardFill, meet, untilOpen } from './demo-trade.ts'
import { DevnetError } from './devnet-error.ts'
import { type Exchange, explain } from './trade-connection.ts'
import { paint, print, step, table } from './trade-terminal.ts'
import { until } from './trade-transfers.ts'

const usage = `pnpm demo [options]

  --json         one JSON object on the last line
  --gateway URL  a running devnet; by default the one on port 8080, else a fresh one is started
  --market ID    default BTC-PERP`

const TOKENS_QUOTE = 5_000_000_000
const DEPOSIT_QUOTE = 2_000_000_000
const WITHDRAWAL_QUOTE = 250_000_000
const AMOUNT = '0.01'

/** Anything that did not hold, by name. */
const failures: string[] = []

function check(holds: boolean, what: string, detail: string): void {
  step(holds ? 'done' : 'bad', what, detail)
  if (!holds) failures.push(`${what}: ${detail}`)
}

async function settled(exchange: Exchange, trade: DemoTrade, actors: readonly Actor[]) {
  step('wait', 'waiting', 'for the relayer to settle the trade on-chain')
  const batch = await batchOf(exchange, trade.taker.seq)
  const txHash = batch.txHash ?? ''
  step('done', 'settled', `batch ${batch.batchNo}, block ${batch.blockNumber ?? '?'}, tx ${txHash}`)
  const decoded = await readBatch(exchange, txHash)
  for (const [i, { order }] of [trade.maker, trade.taker].entries()) {
    const found = findOrder(decoded, order)
    const actor = actors[i]
    check(
      found !== undefined && found.owner === actor?.address.toLowerCase(),
      'signature',
      `the batch's order ${order.lane}/${order.laneSeq} recovers to ${found?.owner ?? 'nobody'} (${actor?.name})`,
    )
  }
  for (const actor of actors) {
    const { tradeId } = trade.takerFill
    const fill = await until('The settled fill', async () => {
      const { items } = await actor.trader.read.fills({ limit: 100 })
      return items.find((item) => item.tradeId === tradeId && item.settlement === 'settled')
    })
    check(
      fill.txHash === txHash,
      'confirmed',
      `${actor.name}'s fill ${fill.id} is ${fill.settlement}`,
    )
  }
  return batch
}

async function showEqual(exchange: Exchange, actors: readonly Actor[], market: string) {
  const rows: string[][] = []
  const all: ThreeHoldings[] = []
  for (const actor of actors) {
    const holdings = await compare(exchange, actor, market)
    all.push(holdings)
    for (const place of ['engine', 'ledger', 'contract'] as const) {
      const { cashQuote, lots } = holdings[place]
      rows.push([actor.name, place, quoteToText(cashQuote), String(lots)])
    }
  }
  table(['account', 'place', 'cash USDC', `${market} lots`], rows, ['cash USDC', `${market} lots`])
  const equal = all.every((holdings) => holdings.equal)
  check(equal, 'equal', 'cash and position in engine, ledger and contract, to the unit')
  return all
}

async function showPostings(actor: Actor): Promise<void> {
  const items = await until('The postings', async () => {
    const { items: found } = await actor.trader.read.ledger({ limit: 100 })
    return found.some(({ type }) => type === 'trade') ? found : undefined
  })
  const rows = items.map(({ id, type, direction, amount, before, after }) => {
    const sign = direction === 'in' ? '+' : '-'
    return [actor.name, id, type, `${sign}${amount}`, before, after]
  })
  table(['account', 'posting', 'type', 'amount', 'before', 'after'], rows, [
    'amount',
    'before',
    'after',
  ])
  const chained = items.every(({ before }, i) => i === 0 || before === items[i - 1]?.after)
  check(chained, 'ledger', `${items.length} postings of ${actor.name}, each continuing the last`)
}

async function payOut(actor: Actor): Promise<{ txHash: string; paidQuote: number; seq: number }> {
  const before = await actor.wallet.tokenBalance()
  const { withdrawal, seq } = await actor.trader.withdraw(quoteToText(WITHDRAWAL_QUOTE))
  step(
    'done',
    'withdrawal',
    `${actor.name} signed ${withdrawal.amount} USDC: ${withdrawal.id}, seq ${seq}`,
  )
  const paid = await until('The payout', async () => {
    const { items } = await actor.trader.read.withdrawals()
    return items.find(({ id, status }) => id === withdrawal.id && status === 'ok')
  })
  const paidQuote = (await actor.wallet.tokenBalance()) - before
  check(
    paidQuote === WITHDRAWAL_QUOTE,
    'paid',
    `the wallet of ${actor.name} received ${quoteToText(paidQuote)} USDC, tx ${paid.txid ?? ''}`,
  )
  return { txHash: paid.txid ?? '', paidQuote, seq }
}

/** The exchange's own three-way comparison, once it covers `seq`. */
async function reconciled({ client }: Exchange, seq: number): Promise<void> {
  const report = await until('The reconciliation', async () => {
    const found = await client.reconciliation()
    return (found.seq ?? 0) >= seq ? found : undefined
  })
  const { ok, accounts, totals, firstDifference } = report
  table(
    ['total', 'engine', 'ledger', 'contract'],
    totals.map(({ name, engine, ledger, chain }) => [
      name,
      engine ?? '-',
      ledger ?? '-',
      chain ?? '-',
    ]),
    ['engine', 'ledger', 'contract'],
  )
  const all = `all ${accounts ?? 0} accounts at seq ${report.seq ?? 0}`
  check(ok, 'reconciled', `${all}: ${firstDifference ?? 'engine = ledger = contract'}`)
}

async function demonstrate(exchange: Exchange, market: string) {
  const { client, devnet } = exchange
  print(`${paint('bold', 'Plumb')} at ${client.baseUrl}, contract ${devnet.contract}`)
  const seller = await newActor(exchange, 'Ada', TOKENS_QUOTE)
  const buyer = await newActor(exchange, 'Ben', TOKENS_QUOTE)
  const actors = [seller, buyer]
  try {
    await Promise.all(actors.map((actor) => fund(actor, DEPOSIT_QUOTE)))
    await untilOpen(exchange, market)
    const trade = await meet(exchange, market, AMOUNT, seller, buyer)
    const { price, tradeId } = trade.takerFill
    step(
      'done',
      'matched',
      `trade ${tradeId}: ${AMOUNT} at ${price}, durable before it was answered`,
    )
    for (const actor of actors) {
      const { seq, id, liquidity } = await heardFill(actor, tradeId)
      check(
        seq === trade.taker.seq,
        'stream',
        `${actor.name} heard fill ${id} (${liquidity}) at seq ${seq}`,
      )
    }
    for (const actor of actors) await showPostings(actor)
    const batch = await settled(exchange, trade, actors)
    await showEqual(exchange, actors, market)
    const payout = await payOut(seller)
    const holdings = await showEqual(exchange, actors, market)
    await reconciled(exchange, payout.seq)
    return {
      market,
      makerSeq: trade.maker.seq,
      takerSeq: trade.taker.seq,
      tradeId,
      price,
      batchNo: batch.batchNo,
      settleTx: batch.txHash,
      withdrawalTx: payout.txHash,
      withdrawnQuote: payout.paidQuote,
      holdings: Object.fromEntries(actors.map(({ name }, i) => [name, holdings[i]])),
    }
  } finally {
    for (const { stream, wallet } of actors) {
      stream.close()
      wallet.close()
    }
  }
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        gateway: { type: 'string' },
        market: { type: 'string', default: 'BTC-PERP' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    throw new DevnetError('BAD_OPTION', `${explain(error)}\n\n${usage}`)
  }
}

async function main(): Promise<void> {
  const { json, gateway, market, help } = readArguments()
  if (help) return print(usage)
  const exchange = await openExchange(gateway)
  try {
    const startMs = performance.now()
    const facts = await demonstrate(exchange, market)
    const ok = failures.length === 0
    const seconds = Number(((performance.now() - startMs) / 1_000).toFixed(2))
    print(
      ok ? paint('green', `all of it held (${seconds} s)`) : paint('red', 'not all of it held:'),
    )
    for (const failure of failures) print(paint('red', `  ${failure}`))
    const environment = {
      node: process.version,
      cpu: cpus()[0]?.model ?? 'unknown',
      cpus: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
    }
    if (json)
      print(JSON.stringify({ name: 'demo', figures: { ok, seconds, ...facts }, environment }))
    if (!ok) process.exitCode = 1
  } finally {
    await exchange.stop()
  }
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${paint('red', '✗')} ${explain(error)}\n`)
  process.exitCode = 1
}
