//! Places an order and follows it until its fills are settled on-chain.
import {
  type NewOrder,
  PlumbError,
  quoteToText,
  textToQuote,
  UnknownAccountError,
} from '@plumb/sdk'
import type { Desk } from './trade-connection.ts'
import { paint, print, step } from './trade-terminal.ts'
import { deposit, until } from './trade-transfers.ts'

/** What a key that never traded deposits before its first order. */
const FIRST_DEPOSIT_QUOTE = 10_000_000_000

type Reply = Awaited<ReturnType<Desk['trader']['place']>>
type Fill = Reply['fills'][number]

/** Places, prints what happened at once, then follows every fill to settlement. */
export async function placeAndFollow(desk: Desk, order: NewOrder): Promise<void> {
  const { market, side, amount, price, timeInForce = 'GTC' } = order
  print(`${paint('bold', desk.name)} ${desk.address} on ${desk.client.baseUrl}`)
  const { reply, tookMs } = await place(desk, order)
  const flags = [timeInForce, order.postOnly && 'post-only', order.reduceOnly && 'reduce-only']
  step(
    'done',
    'signed',
    `${side} ${amount} ${market} at ${price} ${flags.filter(Boolean).join(' ')}`,
  )
  const { id, lane, laneSeq, status, remaining } = reply.order
  step(
    'done',
    'accepted',
    `order ${id}, durable at seq ${reply.seq}, lane ${lane}/${laneSeq}, ${tookMs.toFixed(1)} ms`,
  )
  for (const fill of reply.fills) printFill(fill)
  if (status === 'open')
    step(
      'done',
      'resting',
      `${remaining} at ${reply.order.price}; take it back: npm run trade -- cancel ${id}`,
    )
  else if (remaining !== '0')
    step('bad', 'canceled', `${remaining} not filled (${reply.order.reason ?? ''})`)
  if (reply.fills.length > 0) await followFills(desk, reply)
}

async function place(desk: Desk, order: NewOrder): Promise<{ reply: Reply; tookMs: number }> {
  // Lanes, token and market are read before the clock starts: they are read once in a session.
  const attempt = async () => {
    await desk.trader.prepare(order.market)
    const startMs = performance.now()
    const reply = await desk.trader.place(order)
    return { reply, tookMs: performance.now() - startMs }
  }
  try {
    return await attempt()
  } catch (error) {
    if (!(error instanceof UnknownAccountError)) throw error
    print(`${desk.name} has no account yet: depositing ${quoteToText(FIRST_DEPOSIT_QUOTE)} USDC`)
    await deposit(desk, FIRST_DEPOSIT_QUOTE)
    return await attempt()
  }
}

function printFill({ amount, price, cost, fee, liquidity, tradeId }: Fill): void {
  const text = `${amount} at ${price} = ${cost} USDC, ${liquidity} fee ${fee.cost}, trade ${tradeId}`
  step('done', 'matched', text)
}

/** Waits for every fill of the order's reply, printing each batch once when it is sent and once when settled. */
async function followFills(desk: Desk, reply: Reply): Promise<void> {
  const wanted = new Set(reply.fills.map(({ id }) => id))
  const since = Math.min(...reply.fills.map(({ ts }) => ts))
  const seen = new Set<string>()
  step('wait', 'waiting', 'for the settlement batch')
  await until('Settlement', async () => {
    const fills = await fillsOf(desk, since, wanted)
    for (const { settlement, txHash } of fills) {
      const mark = `${settlement} ${txHash}`
      if (settlement === 'matched' || seen.has(mark)) continue
      seen.add(mark)
      step('done', settlement, txHash ?? 'in a batch on its way')
    }
    return fills.length === wanted.size && fills.every((fill) => fill.settlement === 'settled')
      ? fills
      : undefined
  })
  await printBatch(desk, reply.seq)
  await printPositions(desk, reply.order.market)
}

async function fillsOf(desk: Desk, since: number, wanted: ReadonlySet<string>): Promise<Fill[]> {
  try {
    const { items } = await desk.trader.read.fills({ since, limit: 1_000 })
    return items.filter(({ id }) => wanted.has(id))
  } catch (error) {
    if (error instanceof PlumbError && error.retryable) return []
    throw error
  }
}

async function printBatch(desk: Desk, seq: number): Promise<void> {
  const { items } = await desk.client.batches({ limit: 50 })
  const batch = items.find(({ toSeq }) => toSeq >= seq)
  if (batch === undefined) return
  const { batchNo, blockNumber, fills, gasUsed } = batch
  const gas = gasUsed === null ? '' : `, ${gasUsed} gas`
  step('done', 'batch', `${batchNo} in block ${blockNumber ?? '?'}: ${fills} fills${gas}`)
}

/** One line for each open position of a market, or all. */
export async function printPositions(desk: Desk, market?: string): Promise<void> {
  const { items } = await desk.trader.read.positions()
  const shown = items.filter((position) => market === undefined || position.market === market)
  if (shown.length === 0) print('no open position')
  for (const { side, contracts, market: id, entryPrice, markPrice, unrealizedPnl } of shown) {
    const pnl =
      textToQuote(unrealizedPnl.replace('-', '')) === 0 ? 'gray' : pnlColour(unrealizedPnl)
    print(
      `${side} ${contracts} ${id}, entry ${entryPrice ?? '-'}, mark ${markPrice ?? '-'}, ` +
        `unrealised PnL ${paint(pnl, unrealizedPnl)} USDC`,
    )
  }
}

function pnlColour(pnl: string): 'red' | 'green' {
  return pnl.startsWith('-') ? 'red' : 'green'
}
