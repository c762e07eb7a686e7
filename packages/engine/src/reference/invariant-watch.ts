//! The named invariants of reliability.md 2 that need more than one state: watched command by command.
import { type Command, type EngineEvent, orderFlag } from '@plumb/model'
import { checkReference, must } from './reference-invariants.ts'
import { BOUND, standingOf } from './reference-margin.ts'
import { sameGroup } from './reference-match.ts'
import {
  accountOf,
  filledOf,
  heldBy,
  isReduceOnly,
  marketOf,
  type ReferenceState,
} from './reference-state.ts'

type Signed = {
  side: 0 | 1
  limit: number
  maxFee: number
  flags: number
  size: number
  filled: number
  /** Session key that signed it (hex); '' for its owner. */
  key: string
}
type Trade = EngineEvent & { kind: 'TradeExecuted' }

/** Follows one reference engine through its events. */
export class InvariantWatch {
  readonly #signed = new Map<number, Signed>()
  readonly #laneSeqs = new Map<string, number>()
  /** By session key: what its orders have filled at their limit prices. */
  readonly #spent = new Map<string, bigint>()
  /** The order that an account's client id named last. */
  readonly #firsts = new Map<string, number>()
  /** Accounts that events have named since the last check of the state. */
  readonly #named = new Set<number>()
  #books = new Map<number, string>()

  /** After every command: what its events say. Throws on the first invariant that does not hold, by name. */
  follow(s: ReferenceState, events: readonly EngineEvent[], command?: Command): void {
    for (const event of events)
      for (const [field, value] of Object.entries(event))
        if (field.toLowerCase().endsWith('accountid')) this.#named.add(Number(value))
    if (events.some(({ kind }) => kind === 'DuplicateRequest'))
      must(events.length === 1, 'E18 first-result', events)
    for (const [i, event] of events.entries()) {
      this.#learn(event, command)
      if (event.kind === 'TradeExecuted') this.#checkTrade(s, event, events[i - 1])
      else if (event.kind === 'LiquidationFilled') this.#fill(s, event.makerOrderId, event)
      else if (event.kind === 'LiquidationExplained') checkExplained(s, event)
      else if (event.kind === 'AdlRound') checkRound(event, events.slice(0, i))
      // The chain has paid a claim already, whatever the account is worth by now.
      else if (event.kind === 'WithdrawalAccepted' && events[i + 1]?.kind === 'WithdrawalPaid')
        continue
      else if (event.kind === 'WithdrawalAccepted' || event.kind === 'TransferBooked')
        must(standingOf(s, accountOf(s, event.accountId)!).equity >= 0n, 'E13 outflow', event)
    }
    checkGrown(s, events)
  }

  #learn(event: EngineEvent, command: Command | undefined): void {
    // What was asked for on-chain uses no lane.
    const isAsked =
      event.kind === 'ChainNoticed' || (event.kind === 'WithdrawalAccepted' && event.laneSeq === 0)
    if ('lane' in event && 'laneSeq' in event && !isAsked) {
      const key = `${event.accountId}:${event.lane}`
      must(event.laneSeq > (this.#laneSeqs.get(key) ?? 0), 'E18 one-outcome', event)
      this.#laneSeqs.set(key, event.laneSeq)
    }
    if (event.kind === 'DuplicateRequest') {
      const first = this.#firsts.get(`${event.accountId}:${event.clientOrderId}`)
      must(event.orderId === first, 'E18 first-result', { event, first })
    }
    if (event.kind === 'KeyRegistered') this.#spent.set(bytesHex(event.key), 0n)
    if (event.kind !== 'OrderPlaced' && event.kind !== 'OrderAmended') return
    if (event.kind === 'OrderPlaced' && event.clientOrderId !== '')
      this.#firsts.set(`${event.accountId}:${event.clientOrderId}`, event.orderId)
    const { orderId, side, maxFee, flags, priceTicks, sizeLots: size } = event
    const limit = event.kind === 'OrderPlaced' ? event.limitTicks || priceTicks : priceTicks
    const isKeyed = (flags & orderFlag.sessionKey) !== 0 && command !== undefined
    const key = isKeyed && 'signer' in command ? bytesHex(command.signer) : ''
    this.#signed.set(orderId, { side, limit, maxFee, flags, size, filled: 0, key })
  }

  #fill(
    s: ReferenceState,
    orderId: number,
    fill: { market: number; priceTicks: number; sizeLots: number },
  ): void {
    const { market, priceTicks, sizeLots } = fill
    const order = this.#signed.get(orderId)
    if (order === undefined) return
    order.filled += sizeLots
    must(order.filled <= order.size, 'E6 filled', { orderId, order })
    const within = order.side === 0 ? priceTicks <= order.limit : priceTicks >= order.limit
    must(within, 'E7 limit-kept', { orderId, priceTicks, order })
    if (order.key === '') return
    const q = BigInt(marketOf(s, market).quotePerTickLot)
    const spent = BigInt(sizeLots) * BigInt(order.limit) * q
    this.#spent.set(order.key, (this.#spent.get(order.key) ?? 0n) + spent)
  }

  #checkTrade(s: ReferenceState, trade: Trade, before: EngineEvent | undefined): void {
    const taker = accountOf(s, trade.takerAccountId)!
    const maker = accountOf(s, trade.makerAccountId)!
    must(!sameGroup(taker, maker), 'E11 no-self-trade', trade)
    this.#fill(s, trade.takerOrderId, trade)
    this.#fill(s, trade.makerOrderId, trade)
    const takerOrder = this.#signed.get(trade.takerOrderId)!
    const makerOrder = this.#signed.get(trade.makerOrderId)!
    must(trade.takerFee <= takerOrder.maxFee, 'E7 fee-kept', trade)
    must(trade.makerFee <= makerOrder.maxFee, 'E7 fee-kept', trade)
    must(trade.takerFeeQuote + trade.makerFeeQuote >= 0, 'E5 rebate-covered', trade)
    const sign = trade.takerSide === 0 ? 1 : -1
    const sides = [
      { order: takerOrder, after: trade.takerPositionLots, moved: sign * trade.sizeLots },
      { order: makerOrder, after: trade.makerPositionLots, moved: -sign * trade.sizeLots },
    ]
    for (const { order, after, moved } of sides) {
      if (isReduceOnly(order)) must(shrinks(after - moved, after), 'E10 reduce-only', trade)
      const most = s.keys.get(order.key)?.maxPositionLots ?? Infinity
      const kept = Math.abs(after) <= most || shrinks(after - moved, after)
      must(kept, 'E20 key-position', { trade, most })
    }
    if (before?.kind === 'TradeExecuted' && before.takerOrderId === trade.takerOrderId)
      must((trade.priceTicks - before.priceTicks) * sign >= 0, 'E8 priority', { before, trade })
  }

  /** The state as it stands, and E17: who was named in no event has the money and the positions it had. */
  check(s: ReferenceState): void {
    checkReference(s)
    this.#checkKeys(s)
    const books = new Map<number, string>()
    for (const { accountId, cash, positions } of s.accounts) {
      const held = [...positions].map(([id, p]) => `${id}:${p.lots}:${p.entry}:${p.snapshot}`)
      const now = [cash, ...held].join(' ')
      const was = this.#books.get(accountId) ?? '0'
      must(now === was || this.#named.has(accountId), 'E17 bystander', { accountId, was, now })
      books.set(accountId, now)
    }
    this.#books = books
    this.#named.clear()
  }

  /** What a key has left, what its open orders may fill and what they have filled is what was registered; as on-chain. */
  #checkKeys(s: ReferenceState): void {
    for (const [address, key] of s.keys) {
      let reserved = 0n
      for (const order of s.orders.values()) {
        if (order.key !== address) continue
        const lots = BigInt(order.keyLots - filledOf(order))
        must(lots > 0n && order.expiryS <= key.registeredExpiryS, 'E20 key-order', order)
        must(!key.isRevoked, 'E20 key-revoked', order)
        reserved += lots * BigInt(order.limit) * BigInt(marketOf(s, order.market).quotePerTickLot)
      }
      const spent = this.#spent.get(address) ?? 0n
      const whole = key.left + reserved + spent
      const exact = key.left >= 0n && whole === BigInt(key.notionalQuote)
      must(exact, 'E20 key-notional', { address, left: key.left, reserved, spent })
    }
  }
}

const bytesHex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')

const shrinks = (before: number, after: number): boolean =>
  Math.abs(after) < Math.abs(before) && before * after >= 0

/** E14: nobody is liquidated above maintenance or on a stale index. */
function checkExplained(
  s: ReferenceState,
  event: EngineEvent & { kind: 'LiquidationExplained' },
): void {
  const market = s.markets.get(event.market)!
  const fresh = market.fixedIndexTicks !== 0 || s.timeMs - market.indexTimeMs <= 5_000
  must(fresh, 'E14 fresh-index', event)
  if (event.stage > 0) must(event.equityQuote < event.maintenanceQuote, 'E14 liq-below-MM', event)
}

/** E13, E15: shares add up to the deficit, and ranks are 1, 2, 3 … */
function checkRound(
  round: EngineEvent & { kind: 'AdlRound' },
  before: readonly EngineEvent[],
): void {
  const taken = before
    .filter((event) => event.kind === 'AdlExecuted')
    .filter((e) => e.victimAccountId === round.accountId && e.market === round.market)
    .slice(-round.participants)
  const sum = taken.reduce((total, { deficitQuote }) => total + deficitQuote, 0)
  const lots = taken.reduce((total, { sizeLots }) => total + Math.abs(sizeLots), 0)
  must(sum === round.deficitQuote && lots === round.closedLots, 'E13 deficit-exact', round)
  must(
    taken.every(({ rank }, i) => rank === i + 1),
    'E15 adl',
    taken,
  )
}

/** E12: who took on risk in an order's fills can carry it by the contract's margin. */
function checkGrown(s: ReferenceState, events: readonly EngineEvent[]): void {
  if (events.some((event) => event.kind.startsWith('Adl') || event.kind === 'PositionTakenOver'))
    return
  for (const event of events) {
    if (event.kind !== 'TradeExecuted') continue
    for (const id of [event.takerAccountId, event.makerAccountId]) {
      const account = accountOf(s, id)!
      const last = events.findLast(
        (e) => e.kind === 'TradeExecuted' && (e.takerAccountId === id || e.makerAccountId === id),
      )
      if (last !== event) continue
      const isTaker = event.takerAccountId === id
      const after = isTaker ? event.takerPositionLots : event.makerPositionLots
      const sign = (event.takerSide === 0) === isTaker ? 1 : -1
      if (shrinks(after - sign * event.sizeLots, after)) continue
      if (heldBy(account, event.market) !== BigInt(after)) continue
      const at = standingOf(s, account)
      must(at.gross < BOUND && at.equity >= at.tierInitial, 'E12 margin-after', event)
    }
  }
}
