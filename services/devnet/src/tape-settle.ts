//! After a tape: empties the book, closes the positions, and waits until the contract holds what the engine holds.
import { setTimeout as sleep } from 'node:timers/promises'
import { contractViews, createRpc } from '@plumb/chain'
import { textToQuote, textToUnits, unitsToText } from '@plumb/sdk'
import type { TapeFills } from './tape-fills.ts'
import type { TapePlayer } from './tape-funds.ts'
import type { Exchange } from './trade-connection.ts'
import { until } from './trade-transfers.ts'

/** Cancels what the tape left on the book. Returns the number of orders. */
export async function cancelLeftovers(
  players: readonly TapePlayer[],
  market: string,
): Promise<number> {
  const replies = await Promise.all(players.map(({ trader }) => trader.cancelAll({ market })))
  return replies.reduce((sum, { orders }) => sum + orders.length, 0)
}

/**
 * Lets the players trade their positions away among themselves at the mark, so that replays can be repeated without
 * end. The book must be empty. Returns the number of trades.
 */
export async function closePositions(
  { client }: Exchange,
  players: readonly TapePlayer[],
  market: string,
): Promise<number> {
  const { stepSize } = await client.market(market)
  const lotE8 = units(stepSize, 1)
  const { mark } = await client.ticker(market)
  if (mark === null) throw new Error(`${market} has no mark price`)
  const open = await Promise.all(
    players.map(async (player) => ({ player, lots: await positionLots(player, market, lotE8) })),
  )
  const longs = open.filter(({ lots }) => lots > 0)
  const shorts = open.filter(({ lots }) => lots < 0)
  let trades = 0
  for (const long of longs)
    for (const short of shorts) {
      const lots = Math.min(long.lots, -short.lots)
      if (lots === 0) continue
      const amount = unitsToText(lots, lotE8)
      await long.player.trader.place({ market, side: 'sell', price: mark, amount })
      const taker = { market, side: 'buy', price: mark, amount, timeInForce: 'IOC' } as const
      await short.player.trader.place(taker)
      long.lots -= lots
      short.lots += lots
      trades++
    }
  return trades
}

/**
 * Waits until all the fills are inside settled batches; returns how many are. Gives up when nothing has been settled
 * for five minutes: the caller says what is missing.
 *
 * @param expected how many fills (sides) there must be
 */
export async function awaitSettlement(
  { client }: Exchange,
  fills: TapeFills,
  expected: number,
  onProgress: (settled: number) => void,
): Promise<number> {
  let best = -1
  let lastGainMs = Date.now()
  for (;;) {
    const { items } = await client.batches({ limit: 100 })
    const settledSeq = Math.max(
      0,
      ...items.filter(({ status }) => status === 'settled').map(({ toSeq }) => toSeq),
    )
    const settled = fills.all.filter(({ seq }) => seq <= settledSeq).length
    onProgress(settled)
    if (settled > best) {
      best = settled
      lastGainMs = Date.now()
    }
    if (settled >= expected || Date.now() - lastGainMs > 300_000) return settled
    await sleep(500)
  }
}

/** Accounts whose cash or position differs between engine and contract. Empty = equal to the unit. */
async function contractDifferences(
  { client, devnet }: Exchange,
  players: readonly TapePlayer[],
  market: string,
): Promise<string[]> {
  const { index, stepSize } = await client.market(market)
  const lotE8 = units(stepSize, 1)
  const views = contractViews(createRpc(devnet.rpcUrl), devnet.contract)
  const differences: string[] = []
  for (const player of players) {
    const { address } = player.signer
    const [engine, lots, chain] = await Promise.all([
      player.trader.read.account(),
      positionLots(player, market, lotE8),
      views.account(address, 0),
    ])
    const cashQuote = signedQuote(engine.cash)
    const chainLots = chain.positions.find((position) => position.market === index)?.sizeLots ?? 0
    if (cashQuote !== chain.cashQuote || lots !== chainLots)
      differences.push(
        `${address}: engine ${cashQuote} µUSDC and ${lots} lots, contract ${chain.cashQuote} and ${chainLots}`,
      )
  }
  return differences
}

/** Waits for the view of the contract to be that of the engine (the last batch may be on its way). */
export async function awaitContract(
  exchange: Exchange,
  players: readonly TapePlayer[],
  market: string,
): Promise<string[]> {
  let last: string[] = []
  try {
    return await until('Equality', async () => {
      last = await contractDifferences(exchange, players, market)
      return last.length === 0 ? last : undefined
    })
  } catch {
    return last
  }
}

async function positionLots(
  { trader }: TapePlayer,
  market: string,
  lotE8: number,
): Promise<number> {
  const { items } = await trader.read.positions()
  const position = items.find((item) => item.market === market)
  if (position === undefined) return 0
  const lots = units(position.contracts, lotE8)
  return position.side === 'long' ? lots : -lots
}

function units(text: string, unitE8: number): number {
  const found = textToUnits(text, unitE8)
  if (typeof found === 'number') return found
  throw new Error(`${text} is ${found} in units of ${unitE8}e-8`)
}

function signedQuote(text: string): number {
  const quote = textToQuote(text.replace('-', ''))
  if (typeof quote !== 'number') throw new Error(`${text} is no amount of USDC`)
  return text.startsWith('-') ? -quote : quote
}
