//! What a batch costs in gas, from what it holds and which storage it touches: a slot's first touch in a batch is dear, any
//! later one cheap. Figures are fitted to receipts of random batches, from above; tests hold the sums against receipts.
import { orderFlag, orderKind, timeInForce, timeInForceOf } from '@plumb/model'
import type { OrderBody, Owner, PricesSegment, RiskSegment, WithdrawalRecord } from './batch.ts'
import { isConditional } from './batch.ts'
import { ownerOf } from './key-orders.ts'
import {
  accountKey,
  type SettlementState,
  type TwinAccount,
  zeroOwner,
} from './settlement-state.ts'
import { UndoLog, UndoMap } from './undo-map.ts'

const GAS = {
  /** 21,000, the header, what the contract reads and writes in any batch. */
  batch: 52_500,
  segment: 300,
  /** 90 bytes, hash and recovery. */
  order: 6_300,
  trigger: 700,
  /** Reduce-only, fill-or-kill: its account goes the longer way. */
  special: 4_700,
  key: 12_000,
  keyedOrder: 3_000,
  fill: 660,
  /** A fill of a repricing maker. */
  ownPrice: 7_600,
  /** Loading, judging and storing an account once; what the contract's assembly loops do not take costs more. */
  run: 900,
  oddRun: 5_600,
  /** Each position of an account with several. */
  position: 2_100,
  accountUsed: 4_950,
  accountNew: 22_300,
  laneUsed: 4_950,
  laneNew: 22_500,
  /** The map of an account's further positions, one of these, and its first. */
  mapRead: 3_600,
  heldRead: 2_150,
  heldWritten: 4_950,
  moved: 2_950,
  opened: 21_000,
  mapWritten: 2_950,
  mapNew: 50_000,
  market: 6_800,
  poolUsed: 4_950,
  /** With all that a first batch in a market writes besides. */
  poolNew: 65_000,
  fees: 5_000,
  prices: 500,
  vector: 10_400,
  mark: 3_100,
  page: 29_000,
  funding: 2_600,
  trancheUsed: 18_500,
  trancheNew: 22_500,
  withdrawal: 14_500,
  outflow: 80_000,
  extension: 2_700,
  credited: 30_000,
  deposits: 2_200,
  victim: 3_500,
  liquidationFill: 38_000,
  takeover: 14_000,
  deleveraging: 19_000,
  counterparty: 10_000,
  request: 50_000,
  transfer: 62_000,
  delisting: 9_000,
  badDebt: 22_500,
}
type GasItem = keyof typeof GAS

const LANES_PER_SLOT = 3
const isSpecial = (flags: number): boolean =>
  (flags & orderFlag.reduceOnly) !== 0 || timeInForceOf(flags) === timeInForce.fok
type SignedFields = Pick<OrderBody, 'market' | 'lane' | 'kind' | 'flags' | 'subaccount'>

/** Where to go back to. */
export type GasSavepoint = { savepoint: number; gas: number }

/** The gas of one batch, as it grows. */
export class BatchGas {
  readonly #state: SettlementState
  readonly #log: UndoLog
  readonly #touched: UndoMap<string, true>
  #gas = GAS.batch

  constructor(state: SettlementState, log: UndoLog = new UndoLog()) {
    this.#state = state
    this.#log = log
    this.#touched = new UndoMap(log)
  }

  get total(): number {
    return this.#gas
  }

  begin(): GasSavepoint {
    return { savepoint: this.#log.begin(), gas: this.#gas }
  }

  rollback({ savepoint, gas }: GasSavepoint): void {
    this.#log.rollback(savepoint)
    this.#gas = gas
  }

  commit(): void {
    this.#log.commit()
  }

  add(item: GasItem, count = 1): void {
    this.#gas += GAS[item] * count
  }

  /** One fill, and its fee. */
  fill(hasOwnPrice: boolean): void {
    this.add('fill')
    if (hasOwnPrice) this.add('ownPrice')
    this.#first('fees', 'fees')
  }

  /** A signed order, of an account that is loaded besides, and its lane. */
  order(holder: string, order: SignedFields, signer: Owner): void {
    this.add('order')
    if (isConditional(order.kind)) this.add('trigger')
    if (isSpecial(order.flags)) this.add('special')
    if ((order.flags & orderFlag.sessionKey) !== 0) {
      this.add('keyedOrder')
      this.#first(`key ${signer}`, 'key')
    }
    this.market(order.market)
    if (order.lane > 0) this.#laneSlot(holder, order.lane)
  }

  market(market: number): void {
    this.#first(`market ${market}`, 'market')
  }

  /** A market's pool and open interest change. */
  pool(market: number): void {
    const known = this.#state.market(market)
    const isUsed = known !== undefined && (known.openInterest !== 0n || known.fundingPool !== 0n)
    this.#first(`pool ${market}`, isUsed ? 'poolUsed' : 'poolNew')
  }

  /**
   * An account is loaded, judged and stored once. `market`: where it moves, if that is all it does; `settlesAll`: its
   * funding is settled in every market.
   */
  account(holder: string, market?: number, settlesAll = false): void {
    const { cash, positions } = this.#state.account(holder)
    this.add('run')
    if (!this.#isPlain(positions, market)) this.add('oddRun')
    const isNew = cash === 0n && positions.size === 0
    this.#first(`account ${holder}`, isNew ? 'accountNew' : 'accountUsed')
    for (const held of positions.keys()) {
      this.market(held)
      if (settlesAll) this.pool(held)
    }
    if (positions.size < 2) return
    this.add('position', positions.size)
    this.#first(`map ${holder}`, 'mapRead')
    // One of them lies in the account's own word.
    for (const held of [...positions.keys()].slice(1))
      this.#first(`held ${holder} ${held}`, settlesAll ? 'heldWritten' : 'heldRead')
  }

  // What the contract's assembly loops take: no position elsewhere, no funding due.
  #isPlain(positions: TwinAccount['positions'], market: number | undefined): boolean {
    if (market === undefined || positions.size > 1) return false
    const held = positions.get(market)
    const index = this.#state.market(market)?.fundingIndex
    return positions.size === 0 || held?.fundingSnapshot === index
  }

  /** Its position in a market moves; `others`: markets where it has moved in this run already. */
  move(holder: string, market: number, others: number): void {
    const { positions } = this.#state.account(holder)
    this.pool(market)
    if (others > 0) this.add('oddRun')
    if (positions.has(market)) {
      if (positions.size > 1) this.#first(`moved ${holder} ${market}`, 'moved')
      return
    }
    if (positions.size + others === 0) return
    this.#first(`opened ${holder} ${market}`, 'opened')
    this.#first(`map of ${holder}`, positions.size < 2 ? 'mapNew' : 'mapWritten')
  }

  #laneSlot(holder: string, lane: number): void {
    const first = lane - (lane % LANES_PER_SLOT)
    let isUsed = false
    for (let other = Math.max(1, first); other < first + LANES_PER_SLOT; other++)
      if (this.#state.lane(holder, other).seq > 0) isUsed = true
    this.#first(`lanes ${holder} ${first}`, isUsed ? 'laneUsed' : 'laneNew')
  }

  #first(slot: string, item: GasItem): void {
    if (this.#touched.get(slot) !== undefined) return
    this.#touched.set(slot, true)
    this.add(item)
  }

  #tranche(market: number): void {
    const insurance = this.#state.market(market)?.insurance ?? 0n
    this.#first(`tranche ${market}`, insurance === 0n ? 'trancheNew' : 'trancheUsed')
  }

  #victim(owner: Owner, subaccount: number, market: number): void {
    this.add('victim')
    this.account(accountKey(owner, subaccount), undefined, true)
    this.move(accountKey(owner, subaccount), market, 0)
    this.#first(`deposits ${owner} ${subaccount}`, 'deposits')
    this.#tranche(market)
  }

  withdrawal({ owner, subaccount, lane }: WithdrawalRecord): void {
    const holder = accountKey(owner, subaccount)
    this.add('withdrawal')
    this.account(holder, undefined, true)
    if (lane > 0) this.#laneSlot(holder, lane)
    this.#first(`outflow ${owner}`, 'outflow')
  }

  funding(market: number): void {
    this.add('funding')
    this.market(market)
    this.pool(market)
    this.#tranche(market)
  }

  prices({ vectors, marks }: PricesSegment): void {
    this.add('prices')
    this.add('vector', vectors.length)
    this.add('mark', marks.length)
    for (const { market } of marks) this.market(market)
    for (const { page } of vectors) this.#first(`page ${page}`, 'page')
  }

  /** A segment of what is rare; asked before it is applied. */
  risk(segment: RiskSegment): void {
    this.#first('extension', 'extension')
    const backstop = this.#state.genesis.backstop ?? zeroOwner
    switch (segment.kind) {
      case 'Credited':
        return this.add('credited')
      case 'Activations':
        for (const order of segment.orders) {
          const holder = accountKey(ownerOf(this.#state, order), order.subaccount)
          this.order(holder, order, order.owner)
          this.account(holder)
        }
        return
      case 'Transfers':
      case 'Insurance':
        for (const { owner, subaccount, to, lane } of segment.transfers) {
          this.add('transfer')
          this.account(accountKey(owner, subaccount), undefined, true)
          if (lane > 0) this.#laneSlot(accountKey(owner, subaccount), lane)
          if (segment.kind === 'Transfers') this.account(accountKey(owner, to))
          else this.#tranche(to)
        }
        return
      case 'Liquidations':
        for (const { owner, subaccount, market, fills } of segment.liquidations) {
          this.#victim(owner, subaccount, market)
          for (const { maker } of fills) {
            const holder = accountKey(ownerOf(this.#state, maker), maker.subaccount)
            this.add('liquidationFill')
            if (maker.kind === orderKind.repricing) this.add('ownPrice')
            this.order(holder, maker, maker.owner)
            this.account(holder)
            this.move(holder, market, 0)
            this.#first('fees', 'fees')
          }
        }
        return
      case 'Takeovers':
        for (const { owner, subaccount, market } of segment.takeovers) {
          this.add('takeover')
          this.#victim(owner, subaccount, market)
          this.account(accountKey(backstop, market + 1), undefined, true)
          this.move(accountKey(backstop, market + 1), market, 0)
        }
        return
      case 'Deleveragings':
        for (const { owner, subaccount, market, counterparties } of segment.deleveragings) {
          this.add('deleveraging')
          this.#victim(owner, subaccount, market)
          for (const other of counterparties) {
            this.add('counterparty')
            this.account(accountKey(other.owner, other.subaccount))
            this.move(accountKey(other.owner, other.subaccount), market, 0)
          }
        }
        return
      case 'Requests':
        for (const { owner, subaccount, market, lots } of segment.requests) {
          this.add('request')
          this.account(accountKey(owner, subaccount), undefined, lots === 0)
          if (lots === 0) continue
          this.move(accountKey(owner, subaccount), market, 0)
          this.account(accountKey(backstop, 0))
          this.move(accountKey(backstop, 0), market, 0)
        }
        return
      case 'Delistings':
        for (const { market, accounts } of segment.delistings) {
          this.add('delisting')
          this.market(market)
          this.#tranche(market)
          this.#first(`bad debt ${market}`, 'badDebt')
          for (const { owner, subaccount } of accounts) {
            this.add('counterparty')
            this.account(accountKey(owner, subaccount))
            this.move(accountKey(owner, subaccount), market, 0)
          }
        }
    }
  }
}
