//! What makes an order an advanced one (engine RULES 1.2): the words of the API as the fields of `PlaceAdvancedOrder`.
import {
  type Market,
  type OrderStyle,
  orderStyle,
  type PlaceAdvancedOrder,
  type TriggerKind,
  type TriggerSource,
  timeInForce,
  triggerKind,
  triggerSource,
} from '@plumb/model'
import {
  type OrderRequest,
  PlumbError,
  textToUnits,
  timeInForceOfWord,
  unitsToText,
} from '@plumb/protocol'

const SLIPPAGE_PPM_MAX = 500_000
const SCALE_LEVELS_MAX = 32
const TWAP_S_MAX = 604_800
const OFFSET_TICKS_MAX = 2_147_483_647
/** A rate of 1e-6 in units of 1e-8. */
const PPM_E8 = 100

export type AdvancedTerms = Pick<
  PlaceAdvancedOrder,
  | 'style'
  | 'triggerKind'
  | 'triggerSource'
  | 'triggerTicks'
  | 'parentLane'
  | 'parentSeq'
  | 'ocoLane'
  | 'ocoSeq'
  | 'offsetTicks'
  | 'count'
  | 'seconds'
  | 'slippagePpm'
  | 'displayLots'
>

const styles: Record<NonNullable<OrderRequest['style']>, OrderStyle> = {
  slide: orderStyle.slide,
  peg: orderStyle.peg,
  trailing: orderStyle.trailing,
  twap: orderStyle.twap,
  iceberg: orderStyle.iceberg,
  scale: orderStyle.scale,
}
const kinds: Record<NonNullable<OrderRequest['triggerKind']>, TriggerKind> = {
  stop: triggerKind.stop,
  take_profit: triggerKind.takeProfit,
}
const sources: Record<NonNullable<OrderRequest['triggerBy']>, TriggerSource> = {
  mark: triggerSource.mark,
  index: triggerSource.index,
  last: triggerSource.last,
}

type Field = keyof OrderRequest

/** Fields that only an order of this style has; `required` ones must be there. */
const fieldsOf: Record<OrderStyle, { required: readonly Field[]; optional: readonly Field[] }> = {
  [orderStyle.plain]: { required: [], optional: [] },
  [orderStyle.market]: { required: [], optional: ['slippage'] },
  [orderStyle.slide]: { required: [], optional: [] },
  [orderStyle.peg]: { required: ['offset'], optional: [] },
  [orderStyle.trailing]: { required: ['offset'], optional: ['triggerKind', 'triggerBy'] },
  [orderStyle.twap]: { required: ['count', 'intervalS'], optional: ['slippage'] },
  [orderStyle.iceberg]: { required: ['displayAmount'], optional: [] },
  [orderStyle.scale]: { required: ['offset', 'count'], optional: [] },
}
const styleFields: readonly Field[] = ['offset', 'count', 'intervalS', 'slippage', 'displayAmount']
const triggerFields: readonly Field[] = ['triggerKind', 'triggerPrice', 'triggerBy']

/** Whether an order is more than a plain one: then it travels as `PlaceAdvancedOrder`. */
export function isAdvanced(order: OrderRequest): boolean {
  return (
    order.style !== undefined ||
    order.slippage !== undefined ||
    order.ocoLane !== undefined ||
    order.parentLane !== undefined ||
    triggerFields.some((field) => order[field] !== undefined)
  )
}

/** The terms of an advanced order in engine units. Throws PlumbError with field and limit. */
export function advancedTerms(order: OrderRequest, market: Market): AdvancedTerms {
  const style = styleOf(order)
  checkFields(order, style)
  checkFlags(order, style)
  checkLinks(order)
  const kind = style === orderStyle.trailing ? triggerKind.stop : kinds[order.triggerKind ?? 'stop']
  const hasTrigger = style === orderStyle.trailing || order.triggerKind !== undefined
  const count = order.count ?? 0
  if (style === orderStyle.scale && count > SCALE_LEVELS_MAX)
    throw new PlumbError('BAD_REQUEST', { field: 'count', limit: SCALE_LEVELS_MAX })
  const seconds = order.intervalS ?? 0
  if (count * seconds > TWAP_S_MAX)
    throw new PlumbError('BAD_REQUEST', {
      field: 'intervalS',
      limit: Math.floor(TWAP_S_MAX / count),
    })
  return {
    style,
    triggerKind: hasTrigger ? kind : triggerKind.none,
    triggerSource: hasTrigger ? sources[order.triggerBy ?? 'mark'] : triggerSource.mark,
    triggerTicks: order.triggerPrice === undefined ? 0 : ticksOf(order, 'triggerPrice', market),
    parentLane: order.parentLane === undefined ? 0 : order.parentLane + 1,
    parentSeq: order.parentSeq ?? 0,
    ocoLane: order.ocoLane === undefined ? 0 : order.ocoLane + 1,
    ocoSeq: order.ocoSeq ?? 0,
    offsetTicks: order.offset === undefined ? 0 : offsetTicks(order, style, market),
    count,
    seconds,
    slippagePpm: order.slippage === undefined ? 0 : slippagePpm(order.slippage),
    displayLots: order.displayAmount === undefined ? 0 : displayLots(order, market),
  }
}

/** The trigger of an amended order that still waits. */
export function amendedTrigger(order: OrderRequest, market: Market): number {
  for (const field of styleFields) if (order[field] !== undefined) throw notChangeable(field)
  if (order.style !== undefined) throw notChangeable('style')
  if (order.ocoLane !== undefined) throw notChangeable('ocoLane')
  if (order.parentLane !== undefined) throw notChangeable('parentLane')
  if (order.triggerKind === undefined) return 0
  if (order.triggerPrice === undefined)
    throw new PlumbError('MISSING_FIELD', { field: 'triggerPrice' })
  return ticksOf(order, 'triggerPrice', market)
}

function notChangeable(field: Field): PlumbError {
  return new PlumbError('BAD_REQUEST', { field, message: `${field}: an amend cannot change it` })
}

function styleOf(order: OrderRequest): OrderStyle {
  if (order.style === undefined)
    return order.type === 'market' ? orderStyle.market : orderStyle.plain
  if (order.type === 'market')
    throw new PlumbError('BAD_REQUEST', {
      field: 'type',
      message: `type: an order of style ${order.style} is a limit order`,
    })
  return styles[order.style]
}

function checkFields(order: OrderRequest, style: OrderStyle): void {
  const { required, optional } = fieldsOf[style]
  for (const field of required)
    if (order[field] === undefined) throw new PlumbError('MISSING_FIELD', { field })
  for (const field of styleFields)
    if (order[field] !== undefined && !required.includes(field) && !optional.includes(field))
      throw notOfStyle(field, order)
  const mayTrigger = style <= orderStyle.market
  for (const field of triggerFields)
    if (order[field] !== undefined && !mayTrigger && !optional.includes(field))
      throw notOfStyle(field, order)
  if (style === orderStyle.trailing && order.triggerKind === 'take_profit')
    throw notOfStyle('triggerKind', order)
  if (!mayTrigger) return
  if (order.triggerKind !== undefined && order.triggerPrice === undefined)
    throw new PlumbError('MISSING_FIELD', { field: 'triggerPrice' })
  if (order.triggerKind === undefined && (order.triggerPrice ?? order.triggerBy) !== undefined)
    throw new PlumbError('MISSING_FIELD', { field: 'triggerKind' })
}

function notOfStyle(field: Field, order: OrderRequest): PlumbError {
  const what = order.style ?? (order.type === 'market' ? 'market' : 'plain')
  return new PlumbError('BAD_REQUEST', {
    field,
    message: `${field}: does not go with a ${what} order`,
  })
}

/** Time in force and post-only as the style needs them. */
function checkFlags({ timeInForce: word, postOnly }: OrderRequest, style: OrderStyle): void {
  const tif = timeInForceOfWord(word)
  const needs =
    style === orderStyle.market || style === orderStyle.twap
      ? timeInForce.ioc
      : style === orderStyle.iceberg ||
          style === orderStyle.scale ||
          style === orderStyle.slide ||
          style === orderStyle.peg
        ? timeInForce.gtc
        : tif
  if (tif !== needs)
    throw new PlumbError('BAD_REQUEST', {
      field: 'timeInForce',
      message: `timeInForce: must be ${needs === timeInForce.ioc ? 'IOC' : 'GTC'} here`,
    })
  const mustPost = style === orderStyle.slide || style === orderStyle.peg
  if (mustPost && !postOnly)
    throw new PlumbError('BAD_REQUEST', {
      field: 'postOnly',
      message: 'postOnly: must be true here',
    })
}

function checkLinks(order: OrderRequest): void {
  for (const [lane, seq] of [
    ['ocoLane', 'ocoSeq'],
    ['parentLane', 'parentSeq'],
  ] as const) {
    if (order[lane] === undefined && order[seq] === undefined) continue
    if (order[lane] === undefined) throw new PlumbError('MISSING_FIELD', { field: lane })
    if (order[seq] === undefined) throw new PlumbError('MISSING_FIELD', { field: seq })
    const limit = 1_023
    if (order[lane] > limit) throw new PlumbError('INVALID_LANE', { field: lane, limit })
  }
  if (order.parentLane === undefined) return
  if (order.triggerKind === undefined)
    throw new PlumbError('MISSING_FIELD', { field: 'triggerKind' })
  if (!order.reduceOnly)
    throw new PlumbError('BAD_REQUEST', {
      field: 'reduceOnly',
      message: 'reduceOnly: an order that hangs on another must only reduce',
    })
}

function ticksOf(order: OrderRequest, field: 'triggerPrice', { tickE8 }: Market): number {
  const ticks = textToUnits(order[field] ?? '', tickE8)
  if (typeof ticks === 'number' && ticks > 0 && ticks <= 4_294_967_295) return ticks
  if (ticks === 'malformed') throw new PlumbError('BAD_REQUEST', { field })
  const isTooLarge = ticks === 'too_large' || (typeof ticks === 'number' && ticks > 0)
  throw new PlumbError('INVALID_TICK', {
    field,
    limit: unitsToText(isTooLarge ? 4_294_967_295 : 1, tickE8),
  })
}

function offsetTicks({ offset = '' }: OrderRequest, style: OrderStyle, { tickE8 }: Market): number {
  const field = 'offset'
  const isNegative = offset.startsWith('-')
  const ticks = textToUnits(isNegative ? offset.slice(1) : offset, tickE8)
  if (ticks === 'malformed') throw new PlumbError('BAD_REQUEST', { field })
  if (ticks === 'too_large' || (typeof ticks === 'number' && ticks > OFFSET_TICKS_MAX))
    throw new PlumbError('INVALID_TICK', { field, limit: unitsToText(OFFSET_TICKS_MAX, tickE8) })
  const isLeast = style !== orderStyle.peg && (isNegative || ticks === 0)
  if (ticks === 'not_multiple' || isLeast)
    throw new PlumbError('INVALID_TICK', { field, limit: unitsToText(1, tickE8) })
  return isNegative ? -ticks : ticks
}

function slippagePpm(text: string): number {
  const ppm = textToUnits(text, PPM_E8)
  const field = 'slippage'
  if (typeof ppm !== 'number') throw new PlumbError('BAD_REQUEST', { field, limit: '0.000001' })
  if (ppm > SLIPPAGE_PPM_MAX) throw new PlumbError('BAD_REQUEST', { field, limit: '0.5' })
  return ppm
}

function displayLots({ displayAmount = '' }: OrderRequest, market: Market): number {
  const field = 'displayAmount'
  const lots = textToUnits(displayAmount, market.lotE8)
  if (lots === 'malformed') throw new PlumbError('BAD_REQUEST', { field })
  if (lots === 'not_multiple')
    throw new PlumbError('INVALID_STEP', { field, limit: unitsToText(1, market.lotE8) })
  if (lots === 'too_large')
    throw new PlumbError('MAX_SIZE', {
      field,
      limit: unitsToText(market.maxOrderLots, market.lotE8),
    })
  if (lots < market.minOrderLots)
    throw new PlumbError('INVALID_STEP', {
      field,
      limit: unitsToText(market.minOrderLots, market.lotE8),
    })
  return lots
}
