//! A liquidation on the book: an order of the engine's with a floor price (RULES.md 4, risk.md 1.9).
import { closeReason, limits } from '@plumb/model'
import { close } from './reference-close.ts'
import { openAction } from './reference-explain.ts'
import {
  addVolume,
  feeOf,
  movePosition,
  openDay,
  ratesOf,
  settleFunding,
} from './reference-fill.ts'
import { keyAdmits } from './reference-keys.ts'
import { fillAdmitted, maintenance, standingOf, worth } from './reference-margin.ts'
import { afterMakerFill, expiredAt, sameGroup } from './reference-match.ts'
import { abs, ceilDiv, clamp, floorDiv, max, min } from './reference-math.ts'
import {
  accountOf,
  crossing,
  type Emit,
  heldBy,
  isReduceOnly,
  type ReferenceAccount,
  type ReferenceMarket,
  type ReferenceOrder,
  type ReferenceState,
  reducible,
  riskOf,
  shownOf,
} from './reference-state.ts'

/** Whether anything was filled of `plan.lots`. */
export function liquidateOnBook(
  s: ReferenceState,
  victim: ReferenceAccount,
  market: ReferenceMarket,
  plan: { lots: bigint; partial: boolean },
  emit: Emit,
): boolean {
  const id = market.market
  const limit = floorPrice(s, victim, market)
  const side = heldBy(victim, id) > 0n ? 1 : 0
  const makerSide = side === 0 ? 1 : 0
  let left = Number(plan.lots)
  while (left > 0 && crossing(market, side, limit)) {
    const maker = market.book.head(makerSide)!
    const makerAccount = accountOf(s, maker.accountId)!
    if (expiredAt(s, maker.expiryS)) {
      close(s, maker, closeReason.expired, emit)
      continue
    }
    if (sameGroup(makerAccount, victim)) {
      close(s, maker, closeReason.selfTrade, emit)
      continue
    }
    let lots = Math.min(left, shownOf(maker))
    if (isReduceOnly(maker)) {
      lots = Math.min(lots, Number(reducible(makerAccount, id, makerSide)))
      if (lots === 0) {
        close(s, maker, closeReason.reduceOnly, emit)
        continue
      }
    }
    if (s.fills >= limits.fillsPerCommandMax) break
    if (!keyAdmits(s, maker, lots)) {
      close(s, maker, closeReason.keyPosition, emit)
      continue
    }
    const fill = priceLiquidation(s, victim, makerAccount, market, side, maker.price, lots)
    if (!fillAdmitted(s, makerAccount, id, -fill.delta, -fill.receipt - fill.makerFeeQuote)) {
      close(s, maker, closeReason.notSettleable, emit)
      continue
    }
    if (market.tranche + fill.insurance < 0n) break
    const isFirst = left === Number(plan.lots)
    if (isFirst) openAction(s, victim, market, 1, plan.lots, limit, emit)
    maker.remaining -= lots
    bookLiquidation(s, victim, maker, market, fill, emit)
    const position = victim.positions.get(id)
    if (isFirst && plan.partial && position !== undefined) position.partialAtMs = s.timeMs
    afterMakerFill(s, maker, lots, emit)
    left -= lots
    const at = standingOf(s, victim)
    if (at.equity >= at.maintenance) break
  }
  return left < Number(plan.lots)
}

/** The limit that keeps the account solvent: dYdX's fillable price, never beyond the bankruptcy price. */
function floorPrice(s: ReferenceState, victim: ReferenceAccount, market: ReferenceMarket): number {
  const { equity, maintenance: total } = standingOf(s, victim)
  const lots = heldBy(victim, market.market)
  const value = worth(market, lots)
  const share = maintenance(market, abs(value))
  const short = min(total - equity, total)
  const given = min(short * 1_500_000n, max(0n, equity) * 1_000_000n)
  const top = value * total * 1_000_000n - given * share
  const bottom = 1_000_000n * total * lots * BigInt(market.quotePerTickLot)
  const ticks = lots > 0n ? ceilDiv(top, bottom) : floorDiv(top, bottom)
  return Number(clamp(ticks, 1n, BigInt(limits.priceTicksMax)))
}

type LiquidationFill = {
  price: number
  lots: number
  side: 0 | 1
  /** Signed for the victim: lots it gains, quote it receives. */
  delta: bigint
  receipt: bigint
  /** To the tranche; negative: from it. */
  insurance: bigint
  makerFee: number
  makerFeeQuote: bigint
}

/** Money of one fill: up to the bankruptcy quote β the tranche makes good, above it a fee is due to it. */
function priceLiquidation(
  s: ReferenceState,
  victim: ReferenceAccount,
  makerAccount: ReferenceAccount,
  market: ReferenceMarket,
  side: 0 | 1,
  price: number,
  lots: number,
): LiquidationFill {
  const delta = side === 0 ? BigInt(lots) : -BigInt(lots)
  const quote = BigInt(price) * BigInt(lots) * BigInt(market.quotePerTickLot)
  const receipt = side === 0 ? -quote : quote
  const { equity, maintenance: total } = standingOf(s, victim)
  const held = heldBy(victim, market.market)
  const released =
    maintenance(market, abs(worth(market, held))) -
    maintenance(market, abs(worth(market, held + delta)))
  const bankrupt = -worth(market, delta) - floorDiv(equity * released, total)
  const fee = ceilDiv(quote * BigInt(riskOf(market).liquidationFeePpm), 1_000_000n)
  const insurance = receipt >= bankrupt ? min(receipt - bankrupt, fee) : receipt - bankrupt
  // Without a taker fee there is nothing a rebate could be paid from.
  const makerFee = Math.max(0, ratesOf(s, makerAccount, market).maker)
  const makerFeeQuote = feeOf(quote, makerFee)
  return { price, lots, side, delta, receipt, insurance, makerFee, makerFeeQuote }
}

function bookLiquidation(
  s: ReferenceState,
  victim: ReferenceAccount,
  maker: ReferenceOrder,
  market: ReferenceMarket,
  fill: LiquidationFill,
  emit: Emit,
): void {
  const makerAccount = accountOf(s, maker.accountId)!
  const quote = abs(fill.receipt)
  settleFunding(s, makerAccount, market.market, emit)
  openDay(s, makerAccount, emit)
  const realized = movePosition(market, victim, fill.delta, -fill.receipt)
  const makerRealized = movePosition(market, makerAccount, -fill.delta, fill.receipt)
  victim.cash += fill.receipt - fill.insurance
  makerAccount.cash -= fill.receipt + fill.makerFeeQuote
  market.tranche += fill.insurance
  s.fees += fill.makerFeeQuote
  addVolume(makerAccount, quote)
  market.last = fill.price
  s.trades++
  s.fills++
  emit({
    kind: 'LiquidationFilled',
    accountId: victim.accountId,
    market: market.market,
    tradeId: s.trades,
    priceTicks: fill.price,
    sizeLots: fill.lots,
    quote: Number(quote),
    makerOrderId: maker.orderId,
    insuranceQuote: Number(fill.insurance),
    makerFeeQuote: Number(fill.makerFeeQuote),
    realizedQuote: Number(realized),
    makerRealizedQuote: Number(makerRealized),
    positionLots: Number(heldBy(victim, market.market)),
    makerPositionLots: Number(heldBy(makerAccount, market.market)),
    makerRemainingLots: maker.remaining,
    makerAccountId: maker.accountId,
    side: fill.side,
    makerFee: fill.makerFee,
    trancheQuote: Number(market.tranche),
  })
}
