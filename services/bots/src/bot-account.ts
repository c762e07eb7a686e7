//! What a bot knows: its open orders, its positions and the prices, kept current by the stream.
import {
  type Client,
  type Order,
  type Position,
  privateKeyAccount,
  type Stream,
  type Ticker,
  type Trader,
} from '@plumb/sdk'

/** One bot's account on one stream. */
export class BotAccount {
  readonly address: string
  readonly privateKey: string
  readonly trader: Trader
  readonly #stream: Stream
  /** Open orders by id. */
  readonly orders = new Map<string, Order>()
  readonly #positions = new Map<string, Position>()
  readonly #tickers = new Map<string, Ticker>()
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

  ticker(market: string): Ticker | undefined {
    return this.#tickers.get(market)
  }

  /** Listens to the account and to the markets' prices, and reads the state once. */
  async open(markets: readonly string[]): Promise<void> {
    const owner = await this.trader.owner()
    await this.trader.use(this.#stream)
    await this.#stream.subscribe({ channel: 'orders', ...owner }, ({ data }) => this.#learn(data))
    await this.#stream.subscribe({ channel: 'positions', ...owner }, ({ data }) => {
      for (const position of listOf<Position>(data)) this.#positions.set(position.market, position)
    })
    for (const market of markets)
      await this.#stream.subscribe({ channel: 'ticker', market }, ({ data }) => {
        for (const ticker of listOf<Ticker>(data)) this.#tickers.set(ticker.market, ticker)
      })
    await this.resync()
    this.#stream.onStatus(({ connected }) => {
      if (!connected) this.#current = false
    })
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

  #learn(data: unknown): void {
    for (const order of listOf<Order>(data)) this.note(order)
  }
}

/** A channel's data: one object, or a list in snapshots. */
const listOf: <T>(data: unknown) => T[] = (data) =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each channel carries one kind of object
  (Array.isArray(data) ? data : [data]) as never[]
