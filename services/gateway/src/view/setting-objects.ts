//! An account's settings and a market's terms as the objects of the API.
import { EXTRA_TIERS, type Market } from '@plumb/model'
import {
  type AccountFeesObject,
  type AgentObject,
  type FeeTierObject,
  feeRateText,
  type InternalTransferObject,
  integerToText,
  type LeverageObject,
  type MarginModeObject,
  type MeObject,
  type NoticeObject,
  type OpenInterestObject,
  quoteCurrency,
  quoteToText,
  ratioToText,
  type TierObject,
  unitsToText,
} from '@plumb/protocol'
import type { AccountView, NoticeView, TransferView } from './account-view.ts'
import type { ExchangeView } from './exchange-view.ts'
import type { MarketView, OpenInterestView } from './market-view.ts'
import { notionalLeft, type SessionKeyView } from './session-keys-view.ts'

const PPM = 1_000_000n
const PPM_DECIMALS = 6
const PPM_PER_BPS = 100
const USDC = 1_000_000

export function leverageObject(
  account: AccountView,
  market: MarketView,
  leverage = account.leverages.get(market.definition.market) ?? 0,
): LeverageObject {
  const { definition } = market
  return {
    account: account.address,
    subaccount: account.subaccount,
    market: definition.symbol,
    leverage,
    maxLeverage: ratioToText(10_000n, BigInt(definition.imBps), 2),
    marginMode: account.isolatedMarket === definition.market ? 'isolated' : 'cross',
  }
}

export function marginModeObject(
  view: ExchangeView,
  account: AccountView,
  market: MarketView,
  isolatedMarket = account.isolatedMarket,
): MarginModeObject {
  return {
    account: account.address,
    subaccount: account.subaccount,
    market: market.definition.symbol,
    marginMode: isolatedMarket === market.definition.market ? 'isolated' : 'cross',
    isolatedMarket: symbolOf(view, isolatedMarket),
  }
}

function symbolOf(view: ExchangeView, market: number): string | null {
  return view.markets.get(market)?.definition.symbol ?? null
}

/** Seq of the transfer is its id: a command makes one. */
export function internalTransferObject(
  account: AccountView,
  { seq, timeMs, amountQuote, otherSubaccount }: Omit<TransferView, 'leg'>,
): InternalTransferObject {
  return {
    id: String(seq),
    account: account.address,
    subaccount: account.subaccount,
    ts: timeMs,
    direction: amountQuote < 0 ? 'out' : 'in',
    otherSubaccount,
    amount: quoteToText(Math.abs(amountQuote)),
    currency: quoteCurrency,
    seq,
  }
}

type Tier = { from: number; imfPpm: number; mmfPpm: number; deductionQuote: number }

/** The size tiers of a market, lowest first (engine RULES 2.2). */
export function tierObjects({ definition, risk }: MarketView): TierObject[] {
  const tiers: Tier[] = [
    {
      from: 0,
      imfPpm: definition.imBps * PPM_PER_BPS,
      mmfPpm: definition.mmBps * PPM_PER_BPS,
      deductionQuote: 0,
    },
  ]
  for (let n = 0; n < EXTRA_TIERS && (risk.boundUsdc[n] ?? 0) !== 0; n++) {
    const bound = risk.boundUsdc[n] ?? 0
    const imfPpm = risk.imfPpm[n] ?? 0
    const below = tiers[n]
    const deductionQuote =
      (below?.deductionQuote ?? 0) + bound * (imfPpm / 2 - (below?.mmfPpm ?? 0))
    tiers.push({ from: bound * USDC, imfPpm, mmfPpm: imfPpm / 2, deductionQuote })
  }
  return tiers.map((tier, i) => ({
    market: definition.symbol,
    tier: i,
    minNotional: quoteToText(tier.from),
    maxNotional: tiers[i + 1] === undefined ? null : quoteToText(tiers[i + 1]?.from ?? 0),
    maxLeverage: ratioToText(PPM, BigInt(tier.imfPpm), 2),
    initialMarginRate: integerToText(tier.imfPpm, PPM_DECIMALS),
    maintenanceMarginRate: integerToText(tier.mmfPpm, PPM_DECIMALS),
    maintenanceAmount: quoteToText(tier.deductionQuote),
  }))
}

export function openInterestObject(
  { definition }: MarketView,
  { timeMs, lots, markTicks }: OpenInterestView,
): OpenInterestObject {
  const value = markTicks === null ? null : lots * markTicks * definition.quotePerTickLot
  return {
    market: definition.symbol,
    ts: timeMs,
    amount: unitsToText(lots, definition.lotE8),
    quote: value === null || !Number.isSafeInteger(value) ? null : quoteToText(value),
  }
}

/** Rates of a tier (RULES 2.5): no rebate exceeds the lowest fee any taker pays in the market. */
function ratesOf(view: ExchangeView, definition: Market, tier: number) {
  const { takerOff = 0, makerOff = 0 } = tier === 0 ? {} : (view.feeTiers[tier - 1] ?? {})
  const largestOff = view.feeTiers.at(-1)?.takerOff ?? 0
  const lowestTaker = Math.max(0, definition.takerFee - largestOff)
  return {
    market: definition.symbol,
    maker: feeRateText(Math.max(-lowestTaker, definition.makerFee - makerOff)),
    taker: feeRateText(Math.max(0, definition.takerFee - takerOff)),
  }
}

/** Tier 0 and those an operator has set. */
export function feeTierObjects(view: ExchangeView): FeeTierObject[] {
  const volumes = [0, ...view.feeTiers.map(({ volumeQuote }) => volumeQuote)]
  return volumes.map((volume, tier) => ({
    tier,
    volume: quoteToText(volume),
    markets: [...view.markets.values()].map(({ definition }) => ratesOf(view, definition, tier)),
  }))
}

export function accountFeesObject(view: ExchangeView, account: AccountView): AccountFeesObject {
  const { feeTier, volumeQuote } = account
  const next = view.feeTiers[feeTier]
  return {
    account: account.address,
    subaccount: account.subaccount,
    tier: feeTier,
    volume: quoteToText(volumeQuote),
    nextTier:
      next === undefined ? null : { tier: feeTier + 1, volume: quoteToText(next.volumeQuote) },
    markets: [...view.markets.values()].map(({ definition }) => ratesOf(view, definition, feeTier)),
  }
}

/** Inputs as decimals: the unit stands in the engine's name of each. */
export function noticeObject(account: AccountView, notice: NoticeView): NoticeObject {
  const { market, kind, seq, leg, timeMs, detail } = notice
  const definition = market?.definition
  const text = (name: string, value: number): [string, string | number] => {
    if (name.endsWith('Quote')) return [name.slice(0, -5), quoteToText(value)]
    if (definition !== undefined && name.endsWith('Ticks'))
      return [name.slice(0, -5), unitsToText(value, definition.tickE8)]
    if (definition !== undefined && name.endsWith('Lots'))
      return [name.slice(0, -4), unitsToText(value, definition.lotE8)]
    return [name, value]
  }
  return {
    id: `${seq}.${leg}`,
    ts: timeMs,
    account: account.address,
    subaccount: account.subaccount,
    market: definition?.symbol ?? null,
    type: kind,
    detail: Object.fromEntries(Object.entries(detail).map(([name, value]) => text(name, value))),
    seq,
  }
}

/** Beyond every amount there can be: registered as no limit. */
const isUnlimited = (value: number) => value >= Number.MAX_SAFE_INTEGER

/** A session key as its owner sees it. */
export function agentObject(view: ExchangeView, key: SessionKeyView, nowMs: number): AgentObject {
  const markets = [...view.markets.values()].filter(
    ({ definition }) => ((key.markets >> BigInt(definition.market)) & 1n) === 1n,
  )
  const isExpired = key.expiryS * 1_000 <= nowMs
  return {
    address: key.address,
    account: key.owner,
    subaccount: key.subaccount,
    scopes: ['read', 'trade', 'cancel', 'settings'],
    status: key.isRevoked ? 'revoked' : isExpired ? 'expired' : 'active',
    createdAt: key.registeredAtMs,
    expiresAt: key.expiryS * 1_000,
    markets: markets.map(({ definition }) => definition.symbol),
    notional: quoteToText(key.notionalQuote),
    notionalFilled: quoteToText(key.filledQuote),
    notionalLeft: quoteToText(notionalLeft(key)),
    maxOrderNotional: isUnlimited(key.maxOrderNotionalQuote)
      ? null
      : quoteToText(key.maxOrderNotionalQuote),
    maxPosition: isUnlimited(key.maxPositionLots)
      ? null
      : Object.fromEntries(
          markets.map(({ definition }) => [
            definition.symbol,
            unitsToText(key.maxPositionLots, definition.lotE8),
          ]),
        ),
    openOrders: key.open.size,
  }
}

export function meObject(
  view: ExchangeView,
  session: { account: string; key: string | null; expiresAtMs: number },
  limits: MeObject['limits'],
  cancelsOnDisconnect: (subaccount: number) => number,
  nowMs: number,
): MeObject {
  const key = session.key === null ? undefined : view.sessionKeys.get(session.key)
  return {
    account: session.account,
    scopes: ['read', 'cancel', 'settings'],
    expiresAt: session.expiresAtMs,
    agent: key === undefined ? null : agentObject(view, key, nowMs),
    subaccounts: view.subaccountsOf(session.account).map((account) => ({
      subaccount: account.subaccount,
      id: String(account.accountId),
      marginMode: account.isolatedMarket === -1 ? 'cross' : 'isolated',
      isolatedMarket: symbolOf(view, account.isolatedMarket),
      cancelAfter: account.deadManDeadlineMs === 0 ? null : account.deadManDeadlineMs,
      cancelAfterByMarket: Object.fromEntries(
        [...account.deadManMarkets].map(([id, deadline]) => [symbolOf(view, id) ?? '', deadline]),
      ),
      cancelOnDisconnect: cancelsOnDisconnect(account.subaccount),
      feeTier: account.feeTier,
      openOrders: account.openOrders.size,
    })),
    limits,
  }
}
