//! The words of the story language that make an order an advanced one.
import {
  orderKind,
  orderStyle,
  type PlaceAdvancedOrder,
  triggerKind,
  triggerSource,
} from '@plumb/model'

type Terms = Omit<
  PlaceAdvancedOrder,
  | 'kind'
  | 'orderId'
  | 'accountId'
  | 'market'
  | 'options'
  | 'side'
  | 'flags'
  | 'priceTicks'
  | 'sizeLots'
  | 'maxFee'
  | 'lane'
  | 'laneSeq'
  | 'expiryS'
  | 'selfTrade'
  | 'clientOrderId'
  | 'signer'
  | 'signature'
>
/** Lane and sequence number under which an order was placed. */
export type Place = { lane: number; laneSeq: number }

/** Turns the words' prices and sizes into ticks and lots. */
export type Units = { ticks: (text: string) => number; lots: (text: string) => number }

/**
 * `stop=60_000`, `take=60_000` (with `on=index`, `on=last`), `trail=50`, `capped=500` (a market order of at most that
 * many ppm), `slide`, `peg=-5`, `twap=4x30` (slices, seconds), `show=0.01`, `scale=3x10` (levels, offset), `oco=name`,
 * `parent=name`. Undefined when none of them is there: a plain order.
 */
export function advancedTerms(
  words: readonly string[],
  { ticks, lots }: Units,
  placeOf: (name: string) => Place,
): Terms | undefined {
  const value = (name: string) =>
    words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
  const [slices = '0', seconds = '0'] = value('twap')?.split('x') ?? []
  const [levels = '0', distance = '0'] = value('scale')?.split('x') ?? []
  const style =
    value('capped') !== undefined
      ? orderStyle.market
      : words.includes('slide')
        ? orderStyle.slide
        : value('peg') !== undefined
          ? orderStyle.peg
          : value('trail') !== undefined
            ? orderStyle.trailing
            : value('twap') !== undefined
              ? orderStyle.twap
              : value('show') !== undefined
                ? orderStyle.iceberg
                : value('scale') !== undefined
                  ? orderStyle.scale
                  : orderStyle.plain
  const stops = value('stop') !== undefined || style === orderStyle.trailing
  const trigger = stops
    ? triggerKind.stop
    : value('take') !== undefined
      ? triggerKind.takeProfit
      : triggerKind.none
  const source =
    value('on') === 'index'
      ? triggerSource.index
      : value('on') === 'last'
        ? triggerSource.last
        : triggerSource.mark
  const parent = value('parent')
  const oco = value('oco')
  const plain = style === 0 && trigger === 0 && parent === undefined && oco === undefined
  if (plain) return undefined
  const reprices = [orderStyle.slide, orderStyle.peg, orderStyle.scale].some((s) => s === style)
  const seen = source === triggerSource.mark && style !== orderStyle.trailing
  const parentPlace = parent === undefined ? { lane: -1, laneSeq: 0 } : placeOf(parent)
  const ocoPlace = oco === undefined ? { lane: -1, laneSeq: 0 } : placeOf(oco)
  return {
    style,
    orderKind: reprices ? orderKind.repricing : seen ? trigger : orderKind.limit,
    triggerKind: trigger,
    triggerSource: source,
    triggerTicks: ticks(value('stop') ?? value('take') ?? '0'),
    parentLane: parentPlace.lane + 1,
    parentSeq: parentPlace.laneSeq,
    ocoLane: ocoPlace.lane + 1,
    ocoSeq: ocoPlace.laneSeq,
    offsetTicks: ticks(value('peg') ?? value('trail') ?? distance),
    count: Number(slices) || Number(levels),
    seconds: Number(seconds),
    slippagePpm: Number(value('capped') ?? value('slip') ?? 0),
    displayLots: lots(value('show') ?? '0'),
  }
}
