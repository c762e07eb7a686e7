//! The accounts of a scenario: funded through the chain, their positions opened through the sdk.
import { createHash } from 'node:crypto'
import { compactSignature, hexBytes } from '@plumb/chain'
import {
  type Market as MarketObject,
  privateKeyAccount,
  signFundInsurance,
  type Trader,
  unitsToText,
} from '@plumb/sdk'
import { openAdmin } from './admin-client.ts'
import { accountIdOf } from './arm-markets.ts'
import type { CastMember, ScenarioPlan } from './scenario-plan.ts'
import { openBank } from './tape-funds.ts'
import type { Exchange } from './trade-connection.ts'
import { until } from './trade-transfers.ts'

/** A member with its account. */
export type Actor = CastMember & { address: string; accountId: number; trader: Trader }

const keyOfActor = (plan: ScenarioPlan, name: string) =>
  `0x${createHash('sha256').update(`plumb scenario ${plan.name} ${name}`).digest('hex')}`

/** Traders of the cast, each with its deposit credited. */
export const fundCast = async (
  exchange: Exchange,
  plan: ScenarioPlan,
  marginUrl: string,
): Promise<Actor[]> => {
  const members = plan.cast.map((member) => {
    const signer = privateKeyAccount(keyOfActor(plan, member.name))
    return { member, address: signer.address, trader: exchange.client.trader(signer) }
  })
  const bank = await openBank(exchange)
  try {
    await bank.mint(plan.cast.reduce((sum, { usdc }) => sum + usdc * 1_000_000, 0))
    await bank.depositForAll(
      members.map(({ member, address }) => ({
        owner: address,
        amountQuote: member.usdc * 1_000_000,
      })),
    )
  } finally {
    bank.close()
  }
  const ids = await Promise.all(
    members.map(({ member, address }) =>
      until(`The credit of ${member.name}`, () => accountIdOf(marginUrl, address, 0)),
    ),
  )
  return members.map(({ member, address, trader }, i) =>
    Object.assign({}, member, { address, trader, accountId: ids[i] ?? 0 }),
  )
}

/** Fills the market's insurance with a signed gift of somebody who has no other part in the play. */
export const fundInsurance = async (
  exchange: Exchange,
  plan: ScenarioPlan,
  { marginUrl, sequencer }: { marginUrl: string; sequencer: string },
): Promise<void> => {
  if (plan.insuranceUsdc === 0) return
  const amountQuote = plan.insuranceUsdc * 1_000_000
  const signer = privateKeyAccount(keyOfActor(plan, 'patron'))
  const bank = await openBank(exchange)
  try {
    await bank.mint(amountQuote)
    await bank.deposit(amountQuote, { owner: signer.address })
  } finally {
    bank.close()
  }
  const accountId = await until('The credit of the insurance', () =>
    accountIdOf(marginUrl, signer.address, 0),
  )
  const { market } = plan.market
  const expiryS = Math.floor(Date.now() / 1_000) + 86_400
  const gift = { subaccount: 0, market, amountQuote, lane: 0, seq: 1, expiry: expiryS }
  const signature = await signFundInsurance(signer, await exchange.client.domain(), gift)
  const admin = await openAdmin(sequencer)
  try {
    await admin.send({
      kind: 'FundInsurance',
      accountId,
      market,
      amountQuote,
      lane: 0,
      laneSeq: 1,
      expiryS,
      signer: hexBytes(signer.address),
      signature: compactSignature(hexBytes(signature)) ?? new Uint8Array(64),
    })
  } finally {
    await admin.close()
  }
}

type Size = { actor: Actor; lots: number }

const unitsOf = ({ tickSize, stepSize, contractSize }: MarketObject) => ({
  tickE8: Math.round(Number(tickSize) * 1e8),
  lotE8: Math.round(Number(stepSize) * 1e8),
  lotUsdcPerTick: Number(tickSize) * Number(stepSize) * Number(contractSize),
})

/**
 * Opens the positions at the index: shorts rest their offers a tick above it, inside the maker's spread, longs take them. The
 * shorts' leverage decides how the longs' lots are shared among them.
 */
export const openPositions = async (
  exchange: Exchange,
  plan: ScenarioPlan,
  cast: readonly Actor[],
): Promise<void> => {
  const market = await exchange.client.market(plan.market.symbol)
  const { tickE8, lotE8, lotUsdcPerTick } = unitsOf(market)
  const indexTicks = await until('The first index', async () => {
    const { index } = await exchange.client.ticker(market.id)
    return index === null ? undefined : Math.round((Number(index) * 1e8) / tickE8)
  })
  const present = cast.filter(({ entersBelow }) => entersBelow === undefined)
  const sized = (side: CastMember['side']): Size[] =>
    present
      .filter((actor) => actor.side === side)
      .map((actor) => ({
        actor,
        lots: Math.floor((actor.usdc * actor.leverage) / (indexTicks * lotUsdcPerTick)),
      }))
  const longs = sized('long')
  const shorts = shareOut(longs, sized('short'))
  const price = unitsToText(indexTicks + 1, tickE8)
  const place = ({ actor, lots }: Size, side: 'buy' | 'sell', rest: object) =>
    actor.trader.place({
      market: market.id,
      side,
      price,
      amount: unitsToText(lots, lotE8),
      ...rest,
    })
  for (const short of shorts) await place(short, 'sell', { postOnly: true })
  for (const long of longs) await place(long, 'buy', { timeInForce: 'IOC' })
  for (const { actor } of shorts) await actor.trader.cancelAll({ market: market.id })
}

/** The longs' lots, in proportion to what each short could carry. */
const shareOut = (longs: readonly Size[], shorts: readonly Size[]): Size[] => {
  const total = longs.reduce((sum, { lots }) => sum + lots, 0)
  const carried = shorts.reduce((sum, { lots }) => sum + lots, 0)
  return shorts.map(({ actor, lots }, i) => ({
    actor,
    lots:
      i === shorts.length - 1
        ? total -
          shorts.slice(0, -1).reduce((sum, s) => sum + Math.floor((total * s.lots) / carried), 0)
        : Math.floor((total * lots) / carried),
  }))
}

/** Sells or buys a latecomer's position into the book; false when nothing was there to take. */
export const enterLate = async (
  exchange: Exchange,
  plan: ScenarioPlan,
  actor: Actor,
  indexPrice: number,
): Promise<boolean> => {
  const market = await exchange.client.market(plan.market.symbol)
  const { tickE8, lotE8, lotUsdcPerTick } = unitsOf(market)
  const indexTicks = (indexPrice * 1e8) / tickE8
  const lots = Math.floor((actor.usdc * actor.leverage) / (indexTicks * lotUsdcPerTick))
  const through = actor.side === 'short' ? 0.99 : 1.01
  const { fills } = await actor.trader.place({
    market: market.id,
    side: actor.side === 'short' ? 'sell' : 'buy',
    price: unitsToText(Math.round(indexTicks * through), tickE8),
    amount: unitsToText(lots, lotE8),
    timeInForce: 'IOC',
  })
  return fills.length > 0
}
