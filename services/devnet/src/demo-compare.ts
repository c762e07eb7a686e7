//! One account in engine, ledger and contract, compared to the unit.
import { contractViews, createRpc } from '@plumb/chain'
import { type Fill, textToQuote, textToUnits, UnknownMarketError } from '@plumb/sdk'
import type { Actor } from './demo-actor.ts'
import type { Exchange } from './trade-connection.ts'
import { until } from './trade-transfers.ts'

/** Cash in micro-USDC and position in lots. */
type Holding = { cashQuote: number; lots: number }
export type ThreeHoldings = { engine: Holding; ledger: Holding; contract: Holding; equal: boolean }

/** Waits for ledger and contract to have caught up; returns the last comparison either way. */
export async function compare(
  exchange: Exchange,
  actor: Actor,
  market: string,
): Promise<ThreeHoldings> {
  let last: ThreeHoldings | undefined
  const look = async () => {
    last = await threeHoldings(exchange, actor, market)
    return last.equal ? last : undefined
  }
  try {
    return await until('Equality', look, 500)
  } catch (error) {
    if (last === undefined) throw error
    return last
  }
}

async function threeHoldings(
  { client, devnet }: Exchange,
  { trader, address }: Actor,
  market: string,
): Promise<ThreeHoldings> {
  const { index, stepSize } = await client.market(market)
  const lotE8 = textToUnits(stepSize, 1)
  if (typeof lotE8 !== 'number')
    throw new UnknownMarketError({ code: 'UNKNOWN_MARKET', message: `step ${stepSize}` })
  const views = contractViews(createRpc(devnet.rpcUrl), devnet.contract)
  const [account, positions, entries, fills, chain] = await Promise.all([
    trader.read.account(),
    trader.read.positions(),
    trader.read.ledger({ limit: 1_000 }),
    trader.read.fills({ market, limit: 1_000 }),
    views.account(address, 0),
  ])
  const position = positions.items.find((item) => item.market === market)
  const size = position === undefined ? 0 : lots(position.contracts, lotE8)
  const engine = { cashQuote: quote(account.cash), lots: position?.side === 'short' ? -size : size }
  const ledger = {
    cashQuote: quote(entries.items.at(-1)?.after ?? '0'),
    lots: fills.items.reduce((sum, fill) => sum + signedLots(fill, lotE8), 0),
  }
  const onChain = chain.positions.find((item) => item.market === index)
  const contract = { cashQuote: chain.cashQuote, lots: onChain?.sizeLots ?? 0 }
  const equal = [ledger, contract].every(
    (holding) => holding.cashQuote === engine.cashQuote && holding.lots === engine.lots,
  )
  return { engine, ledger, contract, equal }
}

function signedLots({ side, amount }: Fill, lotE8: number): number {
  return side === 'buy' ? lots(amount, lotE8) : -lots(amount, lotE8)
}

function lots(text: string, lotE8: number): number {
  const found = textToUnits(text, lotE8)
  if (typeof found === 'number') return found
  throw new Error(`${text} is ${found}`)
}

function quote(text: string): number {
  const found = textToQuote(text.replace('-', ''))
  if (typeof found !== 'number') throw new Error(`${text} is ${found}`)
  return text.startsWith('-') ? -found : found
}
