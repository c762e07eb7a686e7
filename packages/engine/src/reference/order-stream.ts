//! Random orders of every kind around a wandering index, from a seed: a dense mix on few accounts, so that links meet.
import {
  type Command,
  type EngineEvent,
  type Market,
  type OrderStyle,
  orderFlags,
  orderStyle,
  type PlaceAdvancedOrder,
  type Side,
  type TriggerKind,
} from '@plumb/model'
import { Dice } from './dice.ts'
import { GENESIS } from './stream-admin.ts'

type Known = {
  orderId: number
  accountId: number
  market: number
  side: Side
  lane: number
  laneSeq: number
  style: number
  trigger: number
  source: number
  size: number
  reduces: boolean
}

const zeros = (length: number) => new Uint8Array(length)
const START_MS = 1_790_000_000_000
const LANES = 14

export class OrderStream {
  timeMs: number = START_MS
  readonly #dice: Dice
  readonly #markets: readonly Market[]
  readonly #prologue: Command[]
  readonly #live = new Map<number, Known>()
  readonly #closed: Known[] = []
  readonly #laneSeqs = new Map<string, number>()
  readonly #accounts: number
  #index = 60_000
  #publisher = 0
  #last: Command = { kind: 'Tick' }

  /** `owners` owners with two accounts each. */
  constructor(seed: number, markets: readonly Market[], owners: number) {
    this.#dice = new Dice(seed)
    this.#markets = markets
    this.#accounts = 2 * owners
    const deposits = Array.from(
      { length: this.#accounts },
      (_, i): Command => ({
        kind: 'CreditDeposit',
        owner: zeros(20).fill(1 + (i % owners)),
        subaccount: Math.floor(i / owners),
        amountQuote: this.#dice.between(20, 600) * 1_000_000,
        depositId: i + 1,
        blockNumber: 1,
        txHash: zeros(32),
      }),
    )
    const listings = markets.map((m): Command => ({ kind: 'ListMarket', ...m }))
    this.#prologue = [GENESIS, ...listings, ...deposits]
  }

  /** The next command; its time is `timeMs`. */
  next(): Command {
    const command = this.#prologue.shift() ?? this.#roll()
    this.#last = command
    return command
  }

  /** Learns from the events of the command just applied. */
  observe(events: readonly EngineEvent[]): void {
    for (const event of events) {
      if (event.kind === 'OrderPlaced') {
        const { orderId, accountId, market, side, lane, laneSeq } = event
        const terms = {
          style: event.style ?? 0,
          trigger: event.triggerKind ?? 0,
          source: event.triggerSource ?? 0,
        }
        const rest = { size: event.sizeLots, reduces: (event.flags & 1) !== 0 }
        this.#live.set(orderId, {
          orderId,
          accountId,
          market,
          side,
          lane,
          laneSeq,
          ...terms,
          ...rest,
        })
        this.#laneSeqs.set(`${accountId}:${lane}`, laneSeq)
      } else if (event.kind === 'OrderAmended') {
        const known = this.#live.get(event.orderId)
        if (known !== undefined) known.laneSeq = event.laneSeq
        this.#laneSeqs.set(`${event.accountId}:${event.lane}`, event.laneSeq)
      } else if (event.kind === 'OrderClosed') {
        const known = this.#live.get(event.orderId)
        if (known !== undefined) this.#closed.push(known)
        if (this.#closed.length > 20) this.#closed.shift()
        this.#live.delete(event.orderId)
      }
    }
  }

  #roll(): Command {
    const dice = this.#dice
    if (dice.chance(50)) this.timeMs += dice.between(0, 900)
    const roll = dice.between(1, 1_000)
    if (roll <= 160) return { kind: 'Tick' }
    if (roll <= 300) return this.#observe()
    if (roll <= 310) return this.#administer()
    if (roll <= 325) return this.#deadMan()
    if (roll <= 330 && this.#last.kind.startsWith('Place')) return this.#last
    const crowded = this.#live.size > 45
    if (this.#live.size > 0 && roll <= (crowded ? 560 : 400)) return this.#cancel()
    if (this.#live.size > 0 && roll <= (crowded ? 660 : 480)) return this.#amend()
    return roll <= 620 ? this.#plain() : this.#advanced()
  }

  #observe(): Command {
    const dice = this.#dice
    if (dice.chance(0.4)) this.timeMs += dice.between(4_000, 40_000)
    const step = dice.chance(5) ? 600 : 60
    this.#index = Math.max(50_000, Math.min(70_000, this.#index + dice.between(-step, step)))
    this.#publisher = (this.#publisher + 1) % 3
    return {
      kind: 'ObservePrice',
      publisher: this.#publisher,
      page: 0,
      count: this.#markets.length,
      publishTimeMs: this.timeMs,
      signature: zeros(64),
      prices: this.#markets.map(() => this.#index),
    }
  }

  #administer(): Command {
    const dice = this.#dice
    const market = dice.pick(this.#markets).market
    if (dice.chance(50))
      return { kind: 'SetMarketState', market, state: dice.chance(85) ? 0 : dice.between(1, 4) }
    const accountId = dice.between(1, this.#accounts)
    if (dice.chance(50))
      return { kind: 'SetSelfTradeGroup', accountId, group: dice.pick([-1, 0, 0, 3, 4]) }
    const level = dice.chance(80) ? 0 : dice.between(1, 3)
    return { kind: 'SetThrottle', level, minNotionalQuote: dice.between(0, 9_000_000) }
  }

  #deadMan(): Command {
    const dice = this.#dice
    const timeoutMs = dice.chance(20) ? dice.pick([0, 999, 0.5]) : dice.between(1_000, 60_000)
    const scope = dice.chance(50) ? 0 : dice.between(-1, this.#markets.length + 1)
    return { kind: 'SetDeadMan', accountId: dice.between(1, this.#accounts), scope, timeoutMs }
  }

  #cancel(): Command {
    const dice = this.#dice
    const known = dice.pick([...this.#live.values()])
    if (dice.chance(3))
      return {
        kind: 'CancelAll',
        accountId: known.accountId,
        market: dice.pick([-1, known.market]),
        side: dice.pick([-1, 0, 1] as const),
      }
    const { accountId, orderId } = known
    return { kind: 'CancelOrder', accountId, orderId, clientOrderId: '' }
  }

  #amend(): Command {
    const dice = this.#dice
    const known = dice.pick([...this.#live.values()])
    const waits = known.trigger !== 0 && dice.chance(90)
    const signed = known.source === 0 && known.style !== orderStyle.trailing
    const tif = known.style === orderStyle.market ? 1 : 0
    return {
      kind: 'AmendOrder',
      ...this.#signed(known.accountId, known.market),
      side: known.side,
      flags: orderFlags({ timeInForce: tif, reduceOnly: known.reduces }),
      orderKind: waits && signed ? (known.trigger === 1 ? 1 : 2) : 0,
      sizeLots: dice.chance(60) ? dice.between(1, known.size) : dice.between(1, 40),
      triggerTicks: waits ? this.#near(300) : 0,
      lane: known.lane,
      laneSeq: known.laneSeq + 1,
      orderId: known.orderId,
    }
  }

  #signed(accountId: number, market: number) {
    const dice = this.#dice
    const lane = dice.between(0, LANES - 1)
    return {
      accountId,
      market,
      options: 0,
      priceTicks: this.#near(150),
      maxFee: 200,
      lane,
      laneSeq: (this.#laneSeqs.get(`${accountId}:${lane}`) ?? 0) + 1,
      expiryS:
        Math.floor(this.timeMs / 1_000) + 600 + dice.between(1, dice.chance(20) ? 20 : 4_000),
      selfTrade: dice.pick([0, 1, 2] as const),
      clientOrderId: dice.chance(15) ? `id-${dice.between(1, 1_000_000)}` : '',
      signer: zeros(20),
      signature: zeros(64),
    }
  }

  #near(spread: number): number {
    return this.#index + this.#dice.between(-spread, spread)
  }

  #plain(): Command {
    const dice = this.#dice
    const tif = dice.pick([0, 0, 0, 0, 1, 2, 2] as const)
    const market = tif === 1 && dice.chance(50)
    const flags = orderFlags({
      timeInForce: tif,
      postOnly: tif === 0 && dice.chance(20),
      reduceOnly: dice.chance(15),
    })
    return {
      kind: 'PlaceOrder',
      ...this.#signed(dice.between(1, this.#accounts), dice.pick(this.#markets).market),
      options: market ? 1 : dice.chance(1) ? dice.between(1, 3) : 0,
      side: dice.pick([0, 1]),
      flags,
      orderKind: 0,
      sizeLots: dice.between(1, 40),
      triggerTicks: 0,
      orderId: 0,
    }
  }

  #advanced(): Command {
    const dice = this.#dice
    const styles: readonly OrderStyle[] = [0, 0, 0, 0, 1, 1, 2, 3, 4, 4, 5, 6, 6, 7, 7]
    const style = dice.pick(styles)
    const child = this.#linkable(dice.chance(35) && (style <= 1 || style === orderStyle.trailing))
    const other = this.#linkable(dice.chance(35) && (style <= 1 || style === orderStyle.trailing))
    const parent = child !== undefined && dice.chance(60) ? child : undefined
    const accountId = parent?.accountId ?? other?.accountId ?? dice.between(1, this.#accounts)
    const oco = other?.accountId === accountId ? other : undefined
    const side: Side =
      parent !== undefined
        ? parent.side === 0
          ? 1
          : 0
        : oco !== undefined
          ? oco.side
          : dice.pick([0, 1])
    const market = parent?.market ?? oco?.market ?? dice.pick(this.#markets).market
    const order = {
      ...this.#terms(style, parent !== undefined),
      side,
      ...this.#signed(accountId, market),
    }
    const linked: PlaceAdvancedOrder = {
      ...order,
      parentLane: parent === undefined ? 0 : parent.lane + 1,
      parentSeq: parent?.laneSeq ?? 0,
      ocoLane: oco === undefined ? 0 : oco.lane + 1,
      ocoSeq: oco?.laneSeq ?? 0,
    }
    if (style === orderStyle.slide || style === orderStyle.peg)
      linked.priceTicks = this.#index + (side === 0 ? 200 : -200)
    return dice.chance(6) ? spoil(linked, dice) : linked
  }

  #linkable(wanted: boolean): Known | undefined {
    if (!wanted) return undefined
    const all = [...this.#live.values(), ...(this.#dice.chance(15) ? this.#closed : [])]
    return all.length === 0 ? undefined : this.#dice.pick(all)
  }

  #terms(style: OrderStyle, child: boolean) {
    const dice = this.#dice
    const triggered = style <= 1 && (child || dice.chance(75))
    const trigger: TriggerKind =
      style === orderStyle.trailing ? 1 : triggered ? dice.pick([1, 2]) : 0
    const source = trigger === 0 ? 0 : dice.pick([0, 1, 1, 2] as const)
    const reprices =
      style === orderStyle.slide || style === orderStyle.peg || style === orderStyle.scale
    const signed = source === 0 && style !== orderStyle.trailing
    const taking = style === orderStyle.market || style === orderStyle.twap
    const tif = taking
      ? 1
      : style === 0 && trigger !== 0 && dice.chance(30)
        ? dice.pick([1, 2] as const)
        : 0
    const behind = style === orderStyle.slide || style === orderStyle.peg
    const postOnly = behind || (tif === 0 && dice.chance(15))
    const sizeLots = dice.between(style === orderStyle.scale ? 10 : 2, 40)
    return {
      kind: 'PlaceAdvancedOrder',
      style,
      triggerKind: trigger,
      triggerSource: source,
      triggerTicks: style <= 1 && trigger !== 0 ? this.#near(250) : 0,
      orderKind: reprices ? 3 : signed ? trigger : 0,
      flags: orderFlags({ timeInForce: tif, postOnly, reduceOnly: child || dice.chance(12) }),
      sizeLots,
      offsetTicks:
        style === orderStyle.peg
          ? dice.between(-120, 120)
          : style === orderStyle.trailing || style === orderStyle.scale
            ? dice.between(1, 120)
            : 0,
      count:
        style === orderStyle.twap
          ? dice.between(2, 8)
          : style === orderStyle.scale
            ? dice.between(2, 5)
            : 0,
      seconds: style === orderStyle.twap ? dice.between(1, 5) : 0,
      slippagePpm: taking && dice.chance(60) ? dice.between(1, 4_000) : 0,
      displayLots: style === orderStyle.iceberg ? dice.between(1, sizeLots - 1) : 0,
      orderId: 0,
    } as const
  }
}

/** Puts one field where it does not fit the others. */
function spoil(order: PlaceAdvancedOrder, dice: Dice): Command {
  const wrong: readonly [keyof PlaceAdvancedOrder, readonly number[]][] = [
    ['style', [8, 255, 2, 3, 5, 6, 7]],
    ['triggerKind', [3, 0, 1]],
    ['triggerSource', [3, 1]],
    ['triggerTicks', [0, 1, -1, 0.5, 2 ** 32]],
    ['orderKind', [-1, 4, 0, 1, 3]],
    ['options', [1]],
    ['flags', [0, 2, 4, 8, 12]],
    ['offsetTicks', [0, -1, 2 ** 31 - 1]],
    ['count', [0, 1, 33, 1_001]],
    ['seconds', [0, 86_401]],
    ['slippagePpm', [-1, 500_001, 5]],
    ['displayLots', [0, 0.5, 1_000, 1]],
    ['parentLane', [1, 1_024, 1_025]],
    ['parentSeq', [7]],
    ['ocoLane', [1, 1_024, 1_025]],
    ['ocoSeq', [7]],
    ['market', [63, -1, 9]],
    ['accountId', [0, 99]],
    ['lane', [1_024]],
    ['expiryS', [5]],
    ['sizeLots', [0, 2 ** 41]],
  ]
  const [field, values] = dice.pick(wrong)
  return Object.assign(order, { [field]: dice.pick(values) })
}
