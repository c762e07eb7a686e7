//! The twin of LiquidationSegment.sol.
import { orderFlag, orderKind, side, timeInForce, timeInForceOf } from '@plumb/model'
import { AccountRun } from './account-run.ts'
import type {
  LiquidationFillRecord,
  LiquidationRecord,
  LiquidationsSegment,
  OrderRecord,
  PositionName,
} from './batch.ts'
import type { BatchCodeName } from './generated/batch-code.ts'
import { chargeKey, positionLimit, resolveOwner } from './key-orders.ts'
import { atMark, checkVictim, maintenanceOf, openRun, victimHealth } from './risk-run.ts'
import { advanceLane, checkOrder, checkTrigger } from './settle-fills.ts'
import { abs, feeOf, mulDivCeil, mulDivFloor } from './settlement-math.ts'
import { accountKey, type SegmentError, type SettlementState } from './settlement-state.ts'

const PPM = 1_000_000n
// Spread of the limit: 1.5 for each missing part of the requirement, as far as the equity carries it.
const SPREAD_PPM = 1_500_000n

/** The limit of one liquidation, from the state before its first fill. */
type Terms = { sells: boolean; limit: bigint }
type Taken = { lots: bigint; price: number; quote: bigint }

/** Applies a Liquidations segment, or says why the contract refuses it. */
export function settleLiquidations(
  state: SettlementState,
  segment: LiquidationsSegment,
  timeS: number,
): SegmentError | null {
  for (const [index, liquidation] of segment.liquidations.entries()) {
    const code = liquidate(state, liquidation, timeS)
    if (code !== null) return { code, index }
  }
  return null
}

function liquidate(
  state: SettlementState,
  liquidation: LiquidationRecord,
  timeS: number,
): BatchCodeName | null {
  if (liquidation.fills.length === 0) return 'ZERO_QUANTITY'
  const terms = openTerms(state, liquidation, timeS)
  if (typeof terms === 'string') return terms
  for (const fill of liquidation.fills) {
    const code = settleFill(state, liquidation, terms, fill, timeS)
    if (code !== null) return code
  }
  return null
}

function openTerms(
  state: SettlementState,
  position: PositionName,
  timeS: number,
): Terms | BatchCodeName {
  const run = openRun(state, position.owner, position.subaccount)
  const market = state.market(position.market)
  if (market === undefined) return 'UNKNOWN_MARKET'
  const health = victimHealth(state, run, timeS)
  const size = run.sizeIn(position.market)
  const code = checkVictim(state, position, health, size)
  if (code !== null) return code
  const lots = abs(size)
  // What the account has left bounds the spread: the limit never lies beyond its bankruptcy price.
  const left = health.equity > 0n ? health.equity : 0n
  const wanted = (health.maintenance - left) * SPREAD_PPM
  const spread = wanted < left * PPM ? wanted : left * PPM
  const off =
    (spread * maintenanceOf(market, lots)) /
    (PPM * health.maintenance * lots * market.quotePerTickLot)
  const mark = BigInt(market.mark)
  if (size < 0n) return { sells: false, limit: mark + off }
  return { sells: true, limit: off < mark ? mark - off : 1n }
}

function settleFill(
  state: SettlementState,
  position: PositionName,
  terms: Terms,
  { maker: signed, sizeLots, priceTicks }: LiquidationFillRecord,
  timeS: number,
): BatchCodeName | null {
  const price = signed.kind === orderKind.repricing ? priceTicks : signed.priceTicks
  const invalid = checkOrder(state.market(signed.market), signed, timeS)
  if (invalid !== null) return invalid
  const maker = resolveOwner(state, signed, timeS)
  if (typeof maker === 'string') return maker
  const refused =
    checkTrigger(state, maker, timeS, true) ?? checkMaker(position, terms, maker, price)
  if (refused !== null) return refused
  const market = state.listedMarket(position.market)
  const lots = BigInt(sizeLots)
  const notional = lots * BigInt(price) * market.quotePerTickLot
  const taken = { lots, price, quote: terms.sells ? notional : -notional }
  return (
    closeVictim(state, position, terms, taken, timeS) ??
    fillMaker(state, signed, maker, taken, notional, timeS)
  )
}

function checkMaker(
  { owner, subaccount, market }: PositionName,
  { sells, limit }: Terms,
  maker: OrderRecord,
  price: number,
): BatchCodeName | null {
  if (maker.market !== market) return 'MARKET_MISMATCH'
  if ((maker.side === side.sell) === sells) return 'SAME_SIDE'
  if (maker.owner === owner && maker.subaccount === subaccount) return 'SAME_ACCOUNT'
  if (sells ? price > maker.priceTicks : price < maker.priceTicks) return 'PRICE_OUTSIDE_LIMITS'
  if (sells ? BigInt(price) < limit : BigInt(price) > limit) return 'PAST_LIQUIDATION_LIMIT'
  return null
}

// Between the bankruptcy quote and what was paid lies the fee; below it the market's insurance pays the difference.
function closeVictim(
  state: SettlementState,
  position: PositionName,
  { sells }: Terms,
  { lots, quote }: Taken,
  timeS: number,
): BatchCodeName | null {
  const run = openRun(state, position.owner, position.subaccount)
  const market = state.listedMarket(position.market)
  const health = victimHealth(state, run, timeS)
  const size = run.sizeIn(position.market)
  const code = checkVictim(state, position, health, size)
  if (code !== null) return code
  const held = abs(size)
  if (lots === 0n) return 'ZERO_QUANTITY'
  if (size > 0n !== sells || lots > held) return 'NOT_REDUCING'
  const released = maintenanceOf(market, held) - maintenanceOf(market, held - lots)
  const closed = sells ? lots : -lots
  const bankruptcy =
    atMark(market, closed) - mulDivFloor(health.equity, released, health.maintenance)
  const above = quote - bankruptcy
  const most = mulDivCeil(abs(quote), market.liquidationFeePpm, PPM)
  // Positive: a fee to the insurance; negative: what the insurance adds.
  const toInsurance = above < most ? above : most
  if (market.insurance + toInsurance < 0n) return 'INSURANCE_SHORT'
  run.shift(position.market, -closed, quote - toInsurance)
  state.setMarket(position.market, { ...market, insurance: market.insurance + toInsurance })
  return run.store()
}

// Like any fill of a maker, but without a rebate: it would come out of a taker fee, and there is none here.
function fillMaker(
  state: SettlementState,
  signed: OrderRecord,
  maker: OrderRecord,
  { lots, quote }: Taken,
  notional: bigint,
  timeS: number,
): BatchCodeName | null {
  const fee = feeOf(notional, Math.max(0, maker.makerFee))
  state.setTotals({ ...state.totals, fees: state.totals.fees + fee })
  const key = accountKey(maker.owner, maker.subaccount)
  const stored = state.lane(key, maker.lane)
  const advanced = advanceLane(stored, maker.laneSeq, Number(lots), maker.sizeLots)
  if (typeof advanced === 'string') return advanced
  state.setLane(key, maker.lane, advanced)
  const isFok = timeInForceOf(maker.flags) === timeInForce.fok
  if (isFok && lots !== BigInt(maker.sizeLots)) return 'FOK_NOT_FILLED'
  const overspent = chargeKey(state, signed, Number(lots))
  if (overspent !== null) return overspent
  const run = new AccountRun(state, key)
  const delta = maker.side === side.buy ? lots : -lots
  run.move(maker.market, delta, -quote - fee, (maker.flags & orderFlag.reduceOnly) !== 0)
  const limit = positionLimit(state, signed)
  if (limit !== undefined && run.isGrownBeyond(maker.market, limit)) return 'KEY_POSITION'
  return run.check(timeS) ?? run.store()
}
