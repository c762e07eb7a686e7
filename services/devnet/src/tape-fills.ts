//! The players' own fills as the stream tells them: each trade's maker, and how far settlement has come.
import type { Client, Fill, Stream } from '@plumb/sdk'
import type { TapePlayer } from './tape-funds.ts'

/** Listens to the `fills` channel of every player on a connection of its own. */
export class TapeFills {
  readonly #stream: Stream
  readonly #market: string
  readonly #fills = new Map<string, Fill>()

  constructor(client: Client, market: string) {
    this.#stream = client.stream()
    this.#market = market
  }

  /** Resolves once every player's channel is open. What was filled before is left out. */
  async open(players: readonly TapePlayer[]): Promise<void> {
    await this.#stream.ready()
    for (const { signer, trader } of players) {
      const topic = { channel: 'fills', account: signer.address, subaccount: 0 } as const
      await this.#stream.authenticate(signer.address, trader.session)
      await this.#stream.subscribe(topic, ({ type, data }) => {
        if (type !== 'snapshot') this.#learn(data)
      })
    }
  }

  /** Every fill so far, one for each side of a trade. */
  get all(): readonly Fill[] {
    return [...this.#fills.values()]
  }

  /** The line that placed the maker of each trade, by trade id. */
  makerLines(): Map<string, number> {
    return new Map(
      this.all.flatMap(({ liquidity, tradeId, clientOrderId }) =>
        liquidity === 'maker' ? [[tradeId, Number(clientOrderId?.split('-')[0])]] : [],
      ),
    )
  }

  close(): void {
    this.#stream.close()
  }

  #learn(data: unknown): void {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the fills channel carries nothing else
    for (const fill of (Array.isArray(data) ? data : [data]) as Fill[])
      if (fill.market === this.#market) this.#fills.set(fill.id, fill)
  }
}
