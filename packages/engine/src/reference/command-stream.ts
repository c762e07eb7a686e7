//! Random commands that know enough of the exchange to be mostly sensible, from a seed.
import {
  type Command,
  commandLayouts,
  type EngineEvent,
  type ListMarket,
  limits,
  type ObservePrice,
  type PlaceAdvancedOrder,
  type PlaceOrder,
} from '@plumb/model'
import { Dice } from './dice.ts'
import {
  administer,
  confirm,
  deposit,
  GENESIS,
  guard,
  marketRisk,
  setOrders,
  setRisk,
  withdraw,
} from './stream-admin.ts'
import { chainNotice, settlementNotice } from './stream-chain.ts'
import { registerKey, revokeKey, signByKey } from './stream-keys.ts'
import {
  amend,
  cancel,
  cancelAll,
  placeAdvanced,
  placePlain,
  sweepLater,
  sweepNow,
} from './stream-orders.ts'
import type { StreamProfile } from './stream-profiles.ts'
import { StreamView } from './stream-view.ts'

/** Some are refused; still more than 500 stand, in lanes that other orders do not use. */
const WALL_ORDERS = 650
/** Seconds of ticking without anything else: what schedules, averages and reopenings need. */
const LULL_S = 70

export class CommandStream {
  readonly #view: StreamView
  readonly #prologue: Command[]
  /** What comes next whatever the dice say, each after so many milliseconds. */
  readonly #queue: { afterMs: number; make: () => Command }[] = []
  /** Where a market's price is being driven, in ppm of itself at each message, and for how many more. */
  readonly #crash = { market: 0, stepPpm: 0, left: 0 }
  #ids = 0
  #lastPlaced: PlaceOrder | PlaceAdvancedOrder | undefined

  constructor(seed: number, profile: StreamProfile) {
    const dice = new Dice(seed)
    this.#view = new StreamView(dice, profile)
    const listings = profile.markets.map((m): ListMarket => ({ kind: 'ListMarket', ...m }))
    const tooEarly: Command[] = [{ kind: 'Tick' }, { ...GENESIS, publisherQuorum: 4 }]
    const armed = profile.markets
      .filter(() => profile.liquidation === true && dice.chance(75))
      .map(({ market }) => marketRisk(this.#view, market))
    this.#prologue = [...(dice.chance(50) ? tooEarly : []), GENESIS, ...listings, ...armed]
  }

  get timeMs(): number {
    return this.#view.timeMs
  }

  /** Learns from the events of the command just applied. */
  observe(events: readonly EngineEvent[]): void {
    this.#view.observe(events)
  }

  /** The next command; its time is `timeMs`. */
  next(): Command {
    this.#view.seq++
    const first = this.#prologue.shift()
    if (first !== undefined) return first
    const queued = this.#queue.shift()
    if (queued !== undefined) {
      this.#view.timeMs += queued.afterMs
      return queued.make()
    }
    this.#view.advance()
    const command = this.#choose()
    return this.#view.dice.chance(2) ? spoilt(command, this.#view.dice) : command
  }

  #choose(): Command {
    const view = this.#view
    const { dice, profile } = view
    if (view.accounts.length < 4) return deposit(view)
    if (dice.chance(0.15)) this.#startLull()
    if (profile.sweepLots !== undefined && dice.chance(0.2)) this.#startWall(profile.sweepLots)
    if (profile.liquidation === true && dice.chance(profile.crashes ?? 0.3)) this.#startCrash()
    const setting = this.#setting()
    if (setting !== undefined) return dice.chance(8) ? spoilt(setting, dice) : setting
    if (profile.keys !== undefined && dice.chance(2.5)) return this.#key()
    const roll = dice.between(1, 1_000)
    if (roll <= 12) return deposit(view)
    if (roll <= 90) return this.#price(dice.between(0, 2))
    if (roll <= 140) return { kind: 'Tick' }
    if (roll <= 160) return withdraw(view)
    if (roll <= 168) return confirm(view)
    if (roll <= 175) return administer(view)
    if (roll <= 180) return cancelAll(view)
    if (view.open.size > 0 && roll <= 270) return signByKey(view, amend(view))
    const fullness = view.open.size / profile.depth
    const target = fullness > 1 ? 620 : fullness > 0.5 ? 470 : 310
    if (view.open.size > 0 && roll <= target) return cancel(view)
    return this.#place()
  }

  #key(): Command {
    const view = this.#view
    const command = view.dice.chance(70) ? registerKey(view) : revokeKey(view)
    return view.dice.chance(8) ? spoilt(command, view.dice) : command
  }

  /** What is rarely sent, and is worth being sent wrong now and then. */
  #setting(): Command | undefined {
    const view = this.#view
    const { dice, profile } = view
    const { notices = 0 } = profile
    if (notices > 0 && dice.chance(notices))
      return dice.chance(15) ? settlementNotice(view) : chainNotice(view)
    if (profile.risk === true && dice.chance(1.5)) return setRisk(view)
    if ((profile.advanced ?? 0) > 0 && dice.chance(view.throttled ? 3 : 0.6)) return setOrders(view)
    if (profile.liquidation !== true || !dice.chance(profile.guards ?? 1)) return undefined
    const [first, ...others] = guard(view)
    for (const command of others) this.#queue.push({ afterMs: 0, make: () => command })
    return first
  }

  /** A minute in which publishers speak and the clock ticks, and nobody trades. */
  #startLull(): void {
    const stepMs = this.#view.dice.pick([500, 1_000, 1_000, 3_000])
    for (let i = 0; i < LULL_S; i++)
      this.#queue.push(
        { afterMs: stepMs, make: () => this.#price(0) },
        { afterMs: 0, make: () => this.#price(1) },
        { afterMs: 0, make: () => ({ kind: 'Tick' }) },
      )
  }

  /** More small orders on one side than one command may fill, and then orders of every kind that run into them. */
  #startWall(sweepLots: number): void {
    const view = this.#view
    const { dice, profile } = view
    const market = dice.pick(profile.markets).market
    const [side, other] = dice.pick([[0, 1] as const, [1, 0] as const])
    const builders = [view.account(), view.account()]
    const away = () => (side === 0 ? -1 : 1) * dice.between(1, 300)
    const later = (make: () => Command) => this.#queue.push({ afterMs: 1, make })
    for (let i = 0; i < WALL_ORDERS; i++)
      later(() => {
        const priceTicks = Math.max(1, (view.marks.get(market) ?? 1) + away())
        const accountId = builders[i % 2] ?? 0
        const lane = 200 + i
        const place = { accountId, lane, laneSeq: view.laneSeq(accountId, lane), market, side }
        const order = { options: 0, flags: 2, sizeLots: 1, priceTicks, clientOrderId: '' }
        return { ...placePlain(view, 0), ...place, ...order }
      })
    if (dice.chance(50))
      for (let i = 0; i < 3; i++) later(() => sweepNow(view, market, other, sweepLots))
    for (let i = 0; i < 4; i++) later(() => sweepLater(view, market, other, sweepLots))
    later(() => this.#price(0))
    later(() => this.#price(1))
    for (let i = 0; i < 3; i++) later(() => ({ kind: 'Tick' }))
  }

  /** All publishers see a market fall or rise for some messages, with a tick after each pair. */
  #startCrash(): void {
    const { dice, profile } = this.#view
    const steps = dice.between(2, 8)
    const market = dice.pick(profile.markets).market
    const size = dice.pick([5_000, 20_000, 60_000, 200_000])
    Object.assign(this.#crash, { market, stepPpm: dice.pick([-size, size]), left: 2 * steps })
    for (let i = 0; i < steps; i++)
      this.#queue.push(
        { afterMs: dice.between(300, 1_500), make: () => this.#price(0) },
        { afterMs: 0, make: () => this.#price(1) },
        { afterMs: 10, make: () => ({ kind: 'Tick' }) },
      )
  }

  #price(publisher: number): ObservePrice {
    const view = this.#view
    const { dice, profile } = view
    const odd = dice.chance(4)
    const prices = Array.from({ length: limits.pricesPerPage }, (_, market) => {
      const price = this.#priceSeen(market)
      if (price === undefined || dice.chance(2)) return 0
      const step = dice.chance(2)
        ? Math.ceil(price / 10)
        : Math.ceil((price * profile.volatility) / 1_000_000)
      return Math.min(Math.max(1, price + dice.between(-step, step)), limits.priceTicksMax)
    })
    this.#crash.left = Math.max(0, this.#crash.left - 1)
    return {
      kind: 'ObservePrice',
      publisher: odd ? dice.between(-1, 5) : publisher,
      page: odd ? dice.between(-1, 3) : 0,
      count: odd ? dice.between(0, 33) : 3,
      publishTimeMs:
        view.timeMs - dice.between(0, 50) + (odd ? dice.pick([0, 6_000, -11_000, 0.5]) : 0),
      signature: new Uint8Array(64),
      prices,
    }
  }

  /** Where the publishers see a market: near its mark, or where a crash drives its index. */
  #priceSeen(market: number): number | undefined {
    const { stepPpm, left } = this.#crash
    if (left === 0 || market !== this.#crash.market) return this.#view.marks.get(market)
    const index = this.#view.indexes.get(market)
    return index === undefined ? undefined : Math.floor((index * (1_000_000 + stepPpm)) / 1_000_000)
  }

  #place(): Command {
    const view = this.#view
    const { dice, profile } = view
    if (this.#lastPlaced !== undefined && dice.chance(2)) {
      const again = this.#lastPlaced
      return dice.chance(50) ? again : { ...again, sizeLots: again.sizeLots + 1 }
    }
    const ids = ++this.#ids
    const order = dice.chance(profile.advanced ?? 0)
      ? signByKey(view, placeAdvanced(view, ids))
      : signByKey(view, placePlain(view, ids))
    if (order.clientOrderId !== '') this.#lastPlaced = order
    return order
  }
}

const NASTY: readonly number[] = [
  -1,
  0,
  1,
  0.5,
  2,
  3,
  16,
  255,
  256,
  1_024,
  1_025,
  2 ** 31 - 1,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 40,
  2 ** 52,
  2 ** 53 - 1,
  2 ** 53,
  -(2 ** 31),
  Number.NaN,
  Infinity,
]

/** The command with one number of it, or one element of a list, replaced by something unlikely. */
function spoilt(command: Command, dice: Dice): Command {
  const { fields } = commandLayouts[command.kind]
  const numeric = Object.entries(fields).filter(
    ([, { type }]) => type !== 'bytes' && type !== 'text',
  )
  if (numeric.length === 0) return command
  const [name] = dice.pick(numeric)
  const before: unknown = Object.entries(command).find(([key]) => key === name)?.[1]
  const value = dice.pick(NASTY)
  if (!Array.isArray(before)) return { ...command, [name]: value }
  const at = dice.between(0, before.length - 1)
  return { ...command, [name]: before.toSpliced(at, 1, value) }
}
