//! A permissionless liquidator: flags on the contract whom the operator leaves below maintenance margin, and has them taken over
//! once their time has come. It needs a key with gas and nothing else.
import type { Logger, Metrics } from '@plumb/runtime'
import type { ChainOwner, Liquidations } from '@plumb/sdk'

/** What the liquidator uses of the contract. */
export type LiquidationPort = Omit<Liquidations, 'close'>

/**
 * How long an account must have been below maintenance before it is flagged: an operator at work liquidates within seconds and
 * settles within a minute, and gas is not spent on those.
 */
export const patienceMs = 120_000
/** How long a flag can be executed once its wait is over (contracts/src/FlaggedLiquidation.sol). */
export const flagWindowMs = 1_800_000
/** Accounts asked for at once. */
const together = 20

type Watched = ChainOwner & {
  /** Below maintenance since, by the chain's clock. */
  shortSinceMs?: number
  /** Flagged: the contract takes it over from then on. */
  executableAtMs?: number
}

const idOf = ({ owner, subaccount }: ChainOwner) => `${owner.toLowerCase()}/${subaccount}`

/** Call `round` periodically. */
export class Liquidator {
  readonly #port: LiquidationPort
  readonly #logger: Logger
  readonly #actions
  readonly #accounts = new Map<string, Watched>()
  #nextBlock: number

  /** @param fromBlock where the contract was deployed */
  constructor(port: LiquidationPort, fromBlock: number, logger: Logger, metrics: Metrics) {
    this.#port = port
    this.#nextBlock = fromBlock
    this.#logger = logger
    this.#actions = metrics.counter('liquidator_actions_total', 'Calls of the contract.', [
      'action',
      'outcome',
    ])
  }

  /** Accounts it watches, and those that are flagged. */
  get watching(): { accounts: number; flagged: number } {
    const all = [...this.#accounts.values()]
    return {
      accounts: all.length,
      flagged: all.filter(({ executableAtMs }) => executableAtMs !== undefined).length,
    }
  }

  /** Looks at every account once, and does for each what is due. */
  async round(): Promise<void> {
    await this.#learn()
    const nowMs = await this.#port.timeMs()
    const all = [...this.#accounts.values()]
    for (let from = 0; from < all.length; from += together)
      await Promise.all(all.slice(from, from + together).map((one) => this.#look(one, nowMs)))
  }

  async #learn(): Promise<void> {
    const { accounts, flags, toBlock } = await this.#port.scan(this.#nextBlock)
    for (const account of accounts) {
      const id = idOf(account)
      if (!this.#accounts.has(id)) this.#accounts.set(id, account)
    }
    for (const { owner, subaccount, executableAtMs } of flags) {
      const id = idOf({ owner, subaccount })
      this.#accounts.set(id, { ...this.#accounts.get(id), owner, subaccount, executableAtMs })
    }
    this.#nextBlock = toBlock + 1
  }

  async #look(account: Watched, nowMs: number): Promise<void> {
    const { equityQuote, maintenanceQuote, isFresh } = await this.#port.health(account)
    // At a stale mark nothing is known of it.
    if (!isFresh) return
    // A flag that has lapsed is none: it may be raised anew.
    const lapsesMs = (account.executableAtMs ?? nowMs) + flagWindowMs
    if (nowMs > lapsesMs) delete account.executableAtMs
    if (equityQuote >= maintenanceQuote) {
      if (account.executableAtMs !== undefined)
        await this.#do('clear', account, () => this.#port.clearFlag(account))
      delete account.shortSinceMs
      delete account.executableAtMs
      return
    }
    account.shortSinceMs ??= nowMs
    if (account.executableAtMs === undefined) {
      if (nowMs - account.shortSinceMs >= patienceMs)
        await this.#do('flag', account, () => this.#port.flag(account))
      return
    }
    if (nowMs < account.executableAtMs) return
    for (const { market } of await this.#port.positions(account))
      await this.#do('execute', account, () => this.#port.executeFlagged(account, market))
  }

  async #do(action: string, account: ChainOwner, call: () => Promise<unknown>): Promise<void> {
    const { owner, subaccount } = account
    try {
      await call()
      this.#actions.inc({ action, outcome: 'ok' })
      this.#logger.info({ action, owner, subaccount }, 'liquidation on-chain')
    } catch (error) {
      // Somebody was faster, or it became healthy in between: the next round sees it.
      this.#actions.inc({ action, outcome: 'refused' })
      this.#logger.debug({ action, owner, subaccount, err: error }, 'refused by the contract')
    }
  }
}
