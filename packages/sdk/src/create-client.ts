//! The door of the sdk: one exchange, its reads, its stream, and traders on it.
import type { MarketObject, TypedDomain } from '@plumb/protocol'
import { NotFoundError, UnknownMarketError } from './errors.ts'
import { createHttp, type Http, type HttpOptions } from './http.ts'
import { type PublicReads, publicReads } from './public-reads.ts'
import { privateKeyAccount } from './signing/private-key-account.ts'
import type { SignerInput } from './signing/signer.ts'
import { Stream, type StreamOptions } from './stream.ts'
import { Trader, type TraderOptions } from './trader.ts'

/** Where the exchange is, and how long one attempt may take. */
export type ClientOptions = HttpOptions

/** Public reads, and what makes traders and streams. */
export type Client = PublicReads & {
  readonly baseUrl: string
  /** Any request of the API that has no method here. */
  request: Http
  /** A market by id, from a list read once. @throws UnknownMarketError */
  market(id: string): Promise<MarketObject>
  /** What signatures are bound to, read once. */
  domain(): Promise<TypedDomain>
  /** Whether every service behind the exchange is up. */
  isReady(): Promise<boolean>
  /** Opens a stream. Close it when done. */
  stream(options?: Omit<StreamOptions, 'url'>): Stream
  /** An account that trades with this signer: a private key as hex, or any signer of ethers or viem. */
  trader(signer: SignerInput | string, options?: TraderOptions): Trader
}

/**
 * A client of one exchange.
 *
 * @example
 * const client = createClient({ baseUrl: 'http://127.0.0.1:8080' })
 * const { bids, asks } = await client.book('BTC-PERP', 5)
 */
export function createClient(options: ClientOptions): Client {
  const baseUrl = options.baseUrl.replace(/\/+$/, '')
  const request = createHttp({ ...options, baseUrl })
  const reads = publicReads(request)
  const domain = remember(async () => (await reads.signing()).domain)
  const readMarkets = async () => {
    const { items } = await reads.markets()
    return new Map(items.map((market) => [market.id, market]))
  }
  let markets = remember(readMarkets)
  const market = async (id: string) => {
    const found = (await markets()).get(id)
    if (found !== undefined) return found
    // Perhaps listed since the list was read.
    markets = remember(readMarkets)
    const listed = (await markets()).get(id)
    if (listed !== undefined) return listed
    throw new UnknownMarketError({ code: 'UNKNOWN_MARKET', message: `no market ${id}` })
  }
  return {
    ...reads,
    baseUrl,
    request,
    domain,
    market,
    isReady: () => isReady(request),
    stream: (streamOptions = {}) =>
      new Stream({ ...streamOptions, url: `${baseUrl.replace(/^http/, 'ws')}/v1/ws` }),
    trader: (key, traderOptions) => {
      const signer = typeof key === 'string' ? privateKeyAccount(key) : key
      return new Trader({ http: request, signer, domain, market }, traderOptions)
    },
  }
}

async function isReady(request: Http): Promise<boolean> {
  try {
    await request({ method: 'GET', path: '/ready' })
    return true
  } catch (error) {
    if (error instanceof NotFoundError) throw error
    return false
  }
}

/** Runs `load` once and keeps its result; a failure is not kept. */
function remember<T>(load: () => Promise<T>): () => Promise<T> {
  let known: Promise<T> | undefined
  return () => {
    if (known === undefined) {
      known = load()
      known.catch(() => {
        known = undefined
      })
    }
    return known
  }
}
