//! The markets that bots trade: those that are named, or all that have a price band; one that is listed later joins.
import type { Client } from '@plumb/sdk'
import { type BotMarket, readMarket } from './bot-market.ts'

/** A list that grows; bots hold it and see what is added. */
export class MarketList {
  readonly items: BotMarket[] = []
  readonly #client: Client
  readonly #named: readonly string[] | undefined

  constructor(client: Client, named: readonly string[] | undefined) {
    this.#client = client
    this.#named = named
  }

  /** Adds what is new and answers it; `join` is awaited before a market shows in the list. */
  async refresh(join: (market: string) => Promise<void>): Promise<void> {
    const ids = this.#named ?? (await this.#openMarkets())
    const known = new Set(this.items.map(({ id }) => id))
    for (const id of ids.filter((one) => !known.has(one))) {
      const market = await readMarket(this.#client, id)
      await join(id)
      this.items.push(market)
    }
  }

  /** A market without a band has a fixed index: it is there to replay tapes on. */
  async #openMarkets(): Promise<string[]> {
    const { items } = await this.#client.markets()
    return items.filter(({ active, priceBand }) => active && priceBand !== null).map(({ id }) => id)
  }
}
