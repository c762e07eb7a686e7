//! What operators set, and what accounts set for themselves (RULES.md 1.7, 2.1, 2.4, 2.5).
import {
  type Genesis,
  limits,
  type Market,
  type SetAccountMode,
  type SetDeadMan,
  type SetFeeTiers,
  type SetLeverage,
  type SetMarketRisk,
  type SetSelfTradeGroup,
  type SetThrottle,
} from '@plumb/model'
import { isBackstop } from './reference-explain.ts'
import { openingAdmitted, requirement } from './reference-margin.ts'
import {
  accountOf,
  type Emit,
  INVALID,
  listedMarket,
  noDepths,
  ordersOf,
  type ReferenceState,
  type Refusal,
  refuse,
} from './reference-state.ts'

const between = (x: number, low: number, high: number) =>
  Number.isSafeInteger(x) && x >= low && x <= high
const USDC_MAX = 4_503_599_627

export function genesis(s: ReferenceState, c: Genesis, emit: Emit): Refusal | undefined {
  if (s.opened) return refuse('ALREADY_INITIALISED')
  const valid =
    between(c.chainId, 1, Number.MAX_SAFE_INTEGER) &&
    between(c.settlementLagS, 1, 86_400) &&
    between(c.publisherCount, 1, limits.publishersMax) &&
    between(c.publisherQuorum, 1, c.publisherCount)
  if (!valid) return INVALID
  s.opened = true
  s.chainId = c.chainId
  s.lagS = c.settlementLagS
  s.publisherCount = c.publisherCount
  s.quorum = c.publisherQuorum
  emit({ kind: 'ExchangeOpened', chainId: c.chainId })
  return undefined
}

export function listMarket(
  s: ReferenceState,
  c: Market & { kind: 'ListMarket' },
  emit: Emit,
): Refusal | undefined {
  const most = Number.MAX_SAFE_INTEGER
  const valid =
    between(c.market, 0, s.limits.markets - 1) &&
    !s.markets.has(c.market) &&
    between(c.tickE8, 1, most) &&
    between(c.lotE8, 1, most) &&
    between(c.quotePerTickLot, 1, 2 ** 20) &&
    between(c.minOrderLots, 1, limits.sizeLotsMax) &&
    between(c.maxOrderLots, c.minOrderLots, limits.sizeLotsMax) &&
    between(c.maxPositionLots, 1, 2 ** 44) &&
    between(c.minNotionalQuote, 0, limits.notionalQuoteMax) &&
    between(c.maxOpenInterestLots, 0, most) &&
    between(c.fixedIndexTicks, 0, limits.priceTicksMax) &&
    between(c.imBps, 1, 10_000) &&
    between(c.mmBps, 1, c.imBps) &&
    between(c.takerFee, 0, 255) &&
    between(c.makerFee, -128, c.takerFee) &&
    c.makerFee >= -c.takerFee &&
    between(c.priceBandPpm, 0, 999_999) &&
    between(c.markBandPpm, 0, 100_000)
  if (!valid) return INVALID
  s.markets.set(c.market, listedMarket(c))
  emit({ kind: 'MarketListed', market: c.market })
  return undefined
}

export function setMarketRisk(
  s: ReferenceState,
  c: SetMarketRisk,
  emit: Emit,
): Refusal | undefined {
  const market = s.markets.get(c.market)
  if (market === undefined) return refuse('UNKNOWN_MARKET')
  const valid =
    areTiers(market, c) &&
    between(c.oiLowUsdc, 0, USDC_MAX) &&
    between(c.oiHighUsdc, 0, USDC_MAX) &&
    (c.oiHighUsdc === 0 || c.oiLowUsdc < c.oiHighUsdc) &&
    between(c.openingGainPpm, 0, 1_000_000) &&
    between(c.scopePpm, 0, 999_999) &&
    between(c.volatility, 0, 1) &&
    between(c.volatilitySeed, 0, 2 ** 50) &&
    between(c.liquidation, 0, 1) &&
    between(c.partialAboveQuote, 0, Number.MAX_SAFE_INTEGER) &&
    between(c.liquidationFeePpm, 0, 100_000) &&
    [c.cancelOnlyS, c.postOnlyS, c.rearmS].every((seconds) => between(seconds, 0, 86_400))
  if (!valid) return INVALID
  const wasOn = market.risk?.volatility === 1
  const { kind: _, market: id, ...risk } = c
  market.risk = risk
  if (!wasOn && c.volatility === 1) {
    market.volatility = { minute: 0, index: 0, variance: BigInt(c.volatilitySeed), ppm: 0 }
    market.depths = noDepths()
  }
  emit({ kind: 'MarketRiskSet', market: id })
  return undefined
}

/** Bounds ascend and requirements do not fall; after the first bound of 0 there is nothing. */
function areTiers(market: Market, { boundUsdc, imfPpm }: SetMarketRisk): boolean {
  let bound = 0
  let imf = market.imBps * 100
  let mmf = market.mmBps * 100
  let ended = false
  for (const [i, next] of boundUsdc.entries()) {
    const nextImf = imfPpm[i] ?? 0
    ended ||= next === 0
    if (ended) {
      if (next !== 0 || nextImf !== 0) return false
      continue
    }
    if (!between(next, bound + 1, USDC_MAX)) return false
    if (nextImf % 2 !== 0 || nextImf < imf || nextImf > 1_000_000 || nextImf / 2 < mmf) return false
    bound = next
    imf = nextImf
    mmf = nextImf / 2
  }
  return true
}

export function setFeeTiers(s: ReferenceState, c: SetFeeTiers, emit: Emit): Refusal | undefined {
  const tiers = c.volumeQuote.map((volume, i) => ({
    volume,
    takerOff: c.takerOff[i] ?? 0,
    makerOff: c.makerOff[i] ?? 0,
  }))
  let below = { volume: 0, takerOff: 0, makerOff: 0 }
  let ended = false
  for (const tier of tiers) {
    const { volume, takerOff, makerOff } = tier
    ended ||= volume === 0
    if (ended) {
      if (volume !== 0 || takerOff !== 0 || makerOff !== 0) return INVALID
      continue
    }
    if (!between(volume, below.volume + 1, Number.MAX_SAFE_INTEGER)) return INVALID
    if (!between(takerOff, below.takerOff, 255) || !between(makerOff, below.makerOff, 255))
      return INVALID
    below = tier
  }
  s.feeTiers = tiers
  emit({ kind: 'FeeTiersSet' })
  return undefined
}

export function setLeverage(s: ReferenceState, c: SetLeverage, emit: Emit): Refusal | undefined {
  const account = accountOf(s, c.accountId)
  if (account === undefined) return refuse('UNKNOWN_ACCOUNT')
  const { accountId, market, leverage } = c
  if (!s.markets.has(market)) return refuse('UNKNOWN_MARKET')
  if (!between(leverage, 0, 255)) return INVALID
  const asked = requirement(s, accountId, market)
  const changed = { ...account, leverage: new Map(account.leverage).set(market, leverage) }
  if (leverage === 0) changed.leverage.delete(market)
  const accounts = s.accounts.with(accountId - 1, changed)
  const after = requirement({ ...s, accounts }, accountId, market)
  if (!openingAdmitted(s, account, market, asked, after)) return refuse('INSUFFICIENT_MARGIN')
  account.leverage = changed.leverage
  emit({ kind: 'LeverageSet', accountId, market, leverage })
  return undefined
}

export function setAccountMode(
  s: ReferenceState,
  c: SetAccountMode,
  emit: Emit,
): Refusal | undefined {
  const account = accountOf(s, c.accountId)
  if (account === undefined) return refuse('UNKNOWN_ACCOUNT')
  const { accountId, isolatedMarket } = c
  if (isolatedMarket !== -1 && !s.markets.has(isolatedMarket)) return refuse('UNKNOWN_MARKET')
  if (isBackstop(s, account)) return refuse('ISOLATED_MARKET')
  if (isolatedMarket !== -1) {
    const elsewhere =
      [...account.positions.keys()].some((market) => market !== isolatedMarket) ||
      ordersOf(s, accountId).some((order) => order.market !== isolatedMarket)
    if (elsewhere) return refuse('ISOLATED_MARKET')
  }
  account.isolatedMarket = isolatedMarket
  emit({ kind: 'AccountModeSet', accountId, isolatedMarket })
  return undefined
}

export function setDeadMan(s: ReferenceState, c: SetDeadMan, emit: Emit): Refusal | undefined {
  const account = accountOf(s, c.accountId)
  if (account === undefined) return refuse('UNKNOWN_ACCOUNT')
  const { accountId, scope = 0 } = c
  if (scope !== 0 && !s.markets.has(scope - 1)) return refuse('UNKNOWN_MARKET')
  if (c.timeoutMs !== 0 && !between(c.timeoutMs, 1_000, 86_400_000)) return INVALID
  const deadlineMs = c.timeoutMs === 0 ? 0 : s.timeMs + c.timeoutMs
  account.deadMan.set(scope, deadlineMs)
  emit({ kind: 'DeadManSet', accountId, deadlineMs, scope })
  return undefined
}

export function setSelfTradeGroup(
  s: ReferenceState,
  c: SetSelfTradeGroup,
  emit: Emit,
): Refusal | undefined {
  const account = accountOf(s, c.accountId)
  if (account === undefined) return refuse('UNKNOWN_ACCOUNT')
  if (!between(c.group, 0, 2 ** 30 - 1)) return INVALID
  for (const other of s.accounts) if (other.ownerHex === account.ownerHex) other.group = c.group
  emit({ kind: 'SelfTradeGroupSet', accountId: c.accountId, group: c.group })
  return undefined
}

export function setThrottle(s: ReferenceState, c: SetThrottle, emit: Emit): Refusal | undefined {
  const { level, minNotionalQuote } = c
  if (!between(level, 0, 2) || !between(minNotionalQuote, 0, limits.notionalQuoteMax))
    return INVALID
  s.throttle = { level, minNotional: minNotionalQuote }
  emit({ kind: 'ThrottleSet', minNotionalQuote, level })
  return undefined
}
