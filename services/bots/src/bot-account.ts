//! What a bot knows: its open orders, its positions and the prices, kept current by the stream.
import {
  type Client,
  type Order,
  type Position,
  privateKeyAccount,
  type Stream,
  type Ticker,
  type Topic,
  type Trader,
} from '@plumb/sdk'

/** Prices come every second; a market that was silent for longer is not quoted. */
const STALE_MS = 10_000

/** One bot's account on one stream. */
export class BotAccount {
  readonly address: string
  readonly privateKey: string
  readonly trader: Trader
  readonly #stream: Stream
  /** Open orders by id. */
  readonly orders = new Map<string, Order>()
  readonly #positions = new Map<string, Position>()
  readonly #tickers = new Map<string, { ticker: Ticker; heardMs: number }>()
  #current = false

  constructor(client: Client, stream: Stream, privateKey: string) {
    const signer = privateKeyAccount(privateKey)
    this.address = signer.address
    this.privateKey = privateKey
    this.trader = client.trader(signer)
    this.#stream = stream
  }

  /** Whether orders and positions are those of the exchange. */
  get current(): boolean {
    return this.#current && this.#stream.connected
  }

  position(market: string): Position | undefined {
    return this.#positions.get(market)
  }

  /** The market's prices; undefined when the last word about them is too old to trade on. */
  ticker(market: string): Ticker | undefined {
    const known = this.#tickers.get(market)
    return known !== undefined && Date.now() - known.heardMs < STALE_MS ? known.ticker : undefined
  }

  /**
   * Listens to the account and to the markets' prices, and reads the state once. After a failure nothing is left
   * behind, so it can be called again.
   */
  async open(markets: readonly string[]): Promise<void> {
    const opened: (() => Promise<void>)[] = []
    const listen = async (topic: Topic, hear: (data: unknown) => void) => {
      opened.push(await this.#stream.subscribe(topic, ({ data }) => hear(data)))
    }
    try {
      await this.trader.use(this.#stream)
      const owner = await this.trader.owner()
      await listen({ channel: 'orders', ...owner }, (data) => {
        for (const order of listOf<Order>(data)) this.note(order)
      })
      await listen({ channel: 'positions', ...owner }, (data) => {
        for (const position of listOf<Position>(data))
          this.#positions.set(position.market, position)
      })
      for (const market of markets)
        await listen({ channel: 'ticker', market }, (data) => this.#hearTicker(data))
      await this.resync()
    } catch (error) {
      for (const close of opened) await close().catch(() => {}) // the connection may be gone
      throw error
    }
    this.#stream.onStatus(({ connected }) => {
      if (!connected) this.#current = false
    })
  }

  /** Listens to the prices of one more market. */
  async watch(market: string): Promise<void> {
    await this.#stream.subscribe({ channel: 'ticker', market }, ({ data }) =>
      this.#hearTicker(data),
    )
  }

  #hearTicker(data: unknown): void {
    for (const ticker of listOf<Ticker>(data))
      this.#tickers.set(ticker.market, { ticker, heardMs: Date.now() })
  }

  /** Reads open orders and positions again: after a loss of connection, and now and then. */
  async resync(): Promise<void> {
    const [orders, positions] = await Promise.all([
      this.trader.read.orders({ status: 'open', limit: 1_000 }),
      this.trader.read.positions(),
    ])
    this.orders.clear()
    for (const order of orders.items) this.note(order)
    this.#positions.clear()
    for (const position of positions.items) this.#positions.set(position.market, position)
    this.#current = true
  }

  /** Takes note of an order's latest state, from an answer or the stream. */
  note(order: Order): void {
    if (order.status === 'open') this.orders.set(order.id, order)
    else this.orders.delete(order.id)
  }
}

/** A channel's data: one object, or a list in snapshots. */
const listOf: <T>(data: unknown) => T[] = (data) =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each channel carries one kind of object
  (Array.isArray(data) ? data : [data]) as never[]
