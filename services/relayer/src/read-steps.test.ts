import {
  type Command,
  type EventBody,
  encodeCommand,
  encodeEvent,
  eventLayouts,
} from '@plumb/model'
import { expect, test } from 'vitest'
import { createOrderStore } from './order-store.ts'
import { readSteps } from './read-steps.ts'

const entry = (seq: number, command: Command, ...bodies: EventBody[]) => ({
  seq,
  command: encodeCommand(command, seq, 1),
  events: Buffer.concat(bodies.map((b, leg) => encodeEvent({ seq, timeMs: 1, leg, ...b }))),
})
const side = 0
const order = {
  accountId: 1,
  market: 0,
  side,
  flags: 0,
  orderKind: 0,
  maxFee: 50,
  lane: 3,
} as const
const placed = (priceTicks: number, sizeLots: number, laneSeq: number) => ({
  ...order,
  priceTicks,
  sizeLots,
  laneSeq,
  expiryS: 9,
  clientOrderId: '',
})
const command = (
  orderId: number,
  priceTicks: number,
  sizeLots: number,
  laneSeq: number,
): Command => ({
  ...placed(priceTicks, sizeLots, laneSeq),
  ...(orderId === 0 ? { kind: 'PlaceOrder', orderId } : { kind: 'AmendOrder', orderId }),
  triggerTicks: 0,
  selfTrade: 0,
  signer: new Uint8Array(20),
  signature: new Uint8Array(64).fill(laneSeq),
})
const trade = (sizeLots: number): EventBody => ({
  kind: 'TradeExecuted',
  takerAccountId: 1,
  makerAccountId: 1,
  market: 0,
  tradeId: 1,
  priceTicks: 7,
  sizeLots,
  quote: 0,
  takerSide: 1,
  takerOrderId: 78,
  makerOrderId: 77,
  takerFee: 45,
  makerFee: -5,
  takerFeeQuote: 0,
  makerFeeQuote: 0,
  takerRealizedQuote: 0,
  makerRealizedQuote: 0,
  takerPositionLots: 0,
  makerPositionLots: 0,
  takerRemainingLots: 0,
  makerRemainingLots: 0,
})

test('a fill cites the version of an order that was live at its moment', () => {
  const store = createOrderStore([], [[1, { owner: '0xaa', subaccount: 2 }]])
  const closed = { ...order, orderId: 78, priceTicks: 7, remainingLots: 0, reason: 0 } as const
  const take = (seq: number) =>
    readSteps(
      store,
      entry(
        seq,
        command(0, 7, 5, seq),
        { kind: 'OrderPlaced', orderId: 78, ...placed(7, 5, seq) },
        trade(2),
        { kind: 'OrderClosed', ...closed },
      ),
    )
  readSteps(
    store,
    entry(1, command(0, 7, 40, 1), { kind: 'OrderPlaced', orderId: 77, ...placed(7, 40, 1) }),
  )
  expect(take(2)).toMatchObject([
    {
      kind: 'fill',
      seq: 2,
      maker: { owner: '0xaa', subaccount: 2, sizeLots: 40, laneSeq: 1, lane: 3 },
      taker: { sizeLots: 5, laneSeq: 2 },
      sizeLots: 2,
      takerFee: 45,
      makerFee: -5,
    },
  ])
  const amended = { previousPriceTicks: 7, previousRemainingLots: 38, keepsPriority: 1 } as const
  readSteps(
    store,
    entry(3, command(77, 7, 9, 4), {
      kind: 'OrderAmended',
      orderId: 77,
      ...placed(7, 9, 4),
      ...amended,
    }),
  )
  expect(take(4)).toMatchObject([{ maker: { sizeLots: 9, laneSeq: 4 } }])
  expect(store.orders.size).toBe(1)
  // A fill of an order the feed never placed must stop the relayer, not be guessed.
  readSteps(store, entry(5, command(77, 7, 9, 4), { kind: 'OrderClosed', ...closed, orderId: 77 }))
  expect(() => take(6)).toThrow('order 77 is not open')
})

test('the three order events have their id in one place', () => {
  const { OrderPlaced, OrderAmended, OrderClosed } = eventLayouts
  expect(OrderAmended['orderId']).toEqual(OrderPlaced['orderId'])
  expect(OrderClosed['orderId']).toEqual(OrderPlaced['orderId'])
})
