//! For tests: an endless stream of requests that are wrong in some way, from a seed.
import { type StreamOp, streamOps } from '@plumb/protocol'

type Json = unknown
type Mutation = (dice: Dice, value: Record<string, Json>) => void

/** A small generator of numbers (mulberry32): the same seed, the same requests. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** 0 … n − 1. */
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n
  }

  one<T>(list: readonly T[]): T {
    const found = list[this.below(list.length)]
    if (found === undefined) throw new RangeError('nothing to choose from')
    return found
  }

  hex(bytes: number): string {
    let text = '0x'
    for (let i = 0; i < bytes; i += 4)
      text += this.below(2 ** 32)
        .toString(16)
        .padStart(8, '0')
        .slice(0, 2 * Math.min(4, bytes - i))
    return text
  }
}

/** Values that have broken parsers before. */
const oddities: readonly Json[] = [
  null,
  true,
  0,
  -1,
  -0,
  1.5,
  1e308,
  2 ** 53,
  2 ** 64,
  '',
  ' ',
  '0',
  '-0',
  '+1',
  '1e5',
  '01',
  '1.',
  '.5',
  '1.10',
  '0x10',
  'NaN',
  'Infinity',
  '60000',
  '99999999999999999999',
  '9'.repeat(200),
  '0.000000001',
  '\u0000',
  '\ud800',
  '😀'.repeat(30),
  '__proto__',
  'constructor',
  'BTC-PERP',
  [],
  {},
  [[[[[[1]]]]]],
  { a: { b: { c: {} } } },
  { toString: 1 },
]
const oddKeys = [
  '__proto__',
  'constructor',
  'toString',
  '',
  'id ',
  'Account',
  '😀',
  'a'.repeat(300),
]

const mutations: readonly Mutation[] = [
  (dice, value) => {
    delete value[dice.one(Object.keys(value))]
  },
  (dice, value) => {
    value[dice.one(Object.keys(value))] = dice.one(oddities)
  },
  (dice, value) => {
    Object.defineProperty(value, dice.one(oddKeys), {
      value: dice.one(oddities),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  },
  (dice, value) => {
    const key = dice.one(Object.keys(value))
    const old = value[key]
    value[key] = typeof old === 'string' ? Number(old) : JSON.stringify(old ?? null)
  },
  (dice, value) => {
    const key = dice.one(Object.keys(value))
    value[key] = [value[key]]
  },
]

/** An order as it should be, but for its signature, which nobody made. */
export function unsignedOrder(dice: Dice, account: string): Record<string, Json> {
  return {
    account,
    subaccount: 0,
    market: dice.one(['BTC-PERP', 'ETH-PERP', 'NO-PERP']),
    side: dice.one(['buy', 'sell']),
    type: dice.one(['limit', 'market']),
    price: dice.one(['60000', '60000.5', '1', '59999.7']),
    amount: dice.one(['0.01', '0.001', '5000', '0.00005']),
    timeInForce: dice.one(['GTC', 'IOC', 'FOK']),
    postOnly: dice.below(4) === 0,
    reduceOnly: false,
    maxFee: dice.one([45, 44, 255]),
    lane: dice.below(1_100),
    seq: 1 + dice.below(1_000),
    expiry: 4_000_000_000,
    signature: dice.hex(65),
    ...(dice.below(3) === 0
      ? { style: dice.one(['peg', 'twap', 'scale', 'iceberg', 'slide']) }
      : {}),
    ...(dice.below(3) === 0 ? { triggerKind: 'stop', triggerPrice: '61000' } : {}),
    ...(dice.below(5) === 0 ? { offset: dice.one(['1', '-5', '0.3']), count: dice.below(40) } : {}),
  }
}

/** Changes a request until it is wrong: once or more. */
export function mutate(dice: Dice, value: Record<string, Json>): Record<string, Json> {
  for (let n = 1 + dice.below(3); n > 0 && Object.keys(value).length > 0; n--)
    dice.one(mutations)(dice, value)
  return value
}

/** JSON that is no JSON: cut off, with something stuck in, or bytes. */
export function garble(dice: Dice, text: string): string {
  const at = dice.below(text.length + 1)
  switch (dice.below(4)) {
    case 0:
      return text.slice(0, at)
    case 1:
      return (
        text.slice(0, at) +
        dice.one(['}', '"', '\\', ',', '\u0000', ']', '{', '1e999']) +
        text.slice(at)
      )
    case 2:
      return text.replaceAll('"', dice.one(["'", '', '""']))
    default:
      return Array.from({ length: 1 + dice.below(40) }, () =>
        String.fromCharCode(32 + dice.below(95)),
      ).join('')
  }
}

/** Ops that change something by the token of the connection alone: they must be malformed to be refused. */
const byToken: ReadonlySet<StreamOp> = new Set([
  'order.cancel',
  'order.cancelAll',
  'order.cancelBatch',
  'order.cancelAfter',
  'order.cancelOnDisconnect',
  'leverage.set',
  'marginMode.set',
])

function streamBody(dice: Dice, op: StreamOp, account: string): Record<string, Json> {
  const owner = { account, subaccount: dice.below(3) }
  if (op === 'order.place' || op === 'order.edit') return unsignedOrder(dice, account)
  if (op === 'order.batch') return { orders: [unsignedOrder(dice, account), dice.one(oddities)] }
  if (op === 'transfer' || op === 'withdraw')
    return {
      ...owner,
      toSubaccount: 1,
      amount: '5',
      lane: 1,
      seq: 1,
      expiry: 4_000_000_000,
      signature: dice.hex(65),
    }
  if (op === 'auth') return { token: dice.hex(40) }
  if (op === 'subscribe' || op === 'unsubscribe')
    return {
      channel: dice.one(['book', 'orders', 'nothing', 'candles']),
      market: dice.one(['BTC-PERP', 'X']),
      ...owner,
    }
  if (op === 'resume') return { channel: 'orders', ...owner, seq: dice.below(9) }
  if (op === 'margin.preview')
    return { ...owner, orders: dice.one(oddities), prices: dice.one(oddities) }
  return {
    ...owner,
    market: 'BTC-PERP',
    orderId: '1x',
    timeoutMs: 5,
    leverage: 900,
    marginMode: 'x',
    enabled: 1,
    orders: [],
  }
}

/** Frames for the stream that must change nothing: whole ones, and cheap variations of them. */
export class MalformedFrames {
  readonly #dice: Dice
  readonly #whole: string[]

  constructor(dice: Dice, account: string, whole = 3_000) {
    this.#dice = dice
    this.#whole = Array.from({ length: whole }, () => malformedFrame(dice, account))
  }

  next(): string {
    const dice = this.#dice
    const text = dice.one(this.#whole)
    const at = dice.below(text.length + 1)
    const until = Math.min(text.length, at + dice.below(6))
    switch (dice.below(6)) {
      case 0:
        return text
      case 1:
        return text.slice(0, at)
      case 2:
        return text.slice(0, at) + text.slice(until)
      case 3:
        return text.slice(0, at) + dice.one(this.#whole).slice(at)
      case 4:
        return text.slice(0, at) + dice.one(stuck) + text.slice(until)
      default:
        // Another id each time: the frame is new, its fault the same.
        return text.replace(/"id":\d+/, `"id":${dice.below(1_000_000)}`)
    }
  }
}

const stuck = [
  '}',
  '"',
  '\\',
  ',',
  '\u0000',
  ']',
  '{',
  '1e999',
  '0',
  '-',
  'null',
  '\ud800',
  ':',
  '[[[[',
]

/** One frame for the stream that must change nothing. */
function malformedFrame(dice: Dice, account: string): string {
  const op = dice.one(streamOps)
  const body = { op, id: dice.below(1_000), ...streamBody(dice, op, account) }
  const request = dice.below(8) === 0 ? body : mutate(dice, body)
  if (byToken.has(op)) {
    // Wrong twice over: no variation of a few characters makes it sound.
    Object.assign(request, { surplus: 1, nonsense: null })
    return JSON.stringify(request)
  }
  const text = JSON.stringify(request)
  return dice.below(8) === 0 ? garble(dice, text) : text
}

const paths = [
  '/v1/orders',
  '/v1/orders/batch',
  '/v1/orders/cancel',
  '/v1/orders/cancel-after',
  '/v1/orders/1x',
  '/v1/withdrawals',
  '/v1/transfers',
  '/v1/auth',
  '/v1/margin/preview',
  '/v1/markets/BTC-PERP/leverage',
  '/v1/markets/NO-PERP/margin-mode',
  '/v1/markets/BTC-PERP/isolated-margin',
  '/v1/nothing',
  '/v1/markets/%00/book',
  '/v1/export/fills.csv',
]
const reads = [
  '/v1/orders?status=',
  '/v1/fills?limit=',
  '/v1/markets/BTC-PERP/candles?interval=',
  '/v1/markets/BTC-PERP/book?depth=',
  '/v1/ledger?cursor=',
  '/v1/orders/client/',
  '/v1/markets/',
  '/v1/positions?account=',
  '/v1/export/',
]
const queries = [
  '-1',
  '1e3',
  '99999999999999999999',
  'x',
  '%ff',
  '1&1=1',
  'p1.1',
  'n9.9',
  '%2e%2e%2f',
  ' '.repeat(3),
]

/** One HTTP request as `inject` takes it. */
export type HttpRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  url: string
  headers: Record<string, string>
  payload?: string
}

/** One request that is wrong and must change nothing. */
export function malformedRequest(dice: Dice, account: string, token: string): HttpRequest {
  const bearer = dice.one([null, token, dice.hex(20)])
  const headers = bearer === null ? {} : { authorization: `Bearer ${bearer}` }
  if (dice.below(4) === 0) {
    const url = encodeURI(dice.one(reads)) + encodeURI(dice.one(queries)).replaceAll('%25', '%')
    return { method: 'GET', url, headers }
  }
  const path = dice.one(paths)
  const base: Record<string, Json> =
    path === '/v1/orders/batch'
      ? { orders: [mutate(dice, unsignedOrder(dice, account)), dice.one(oddities)] }
      : /orders|withdrawals|transfers|isolated/.test(path)
        ? unsignedOrder(dice, account)
        : { account, subaccount: 0, leverage: 999, marginMode: 'both', timeoutMs: 7, issuedAt: 1 }
  const text = JSON.stringify(mutate(dice, base))
  const payload = dice.below(5) === 0 ? garble(dice, text) : text
  const type = dice.one(['application/json', 'application/json', 'application/json', 'text/plain'])
  const method = dice.one(['POST', 'POST', 'POST', 'PUT', 'DELETE'] as const)
  // A bare DELETE of everything would be sound.
  const url = method === 'DELETE' && path === '/v1/orders' ? '/v1/orders?side=both' : path
  return { method, url, headers: { ...headers, 'content-type': type }, payload }
}
