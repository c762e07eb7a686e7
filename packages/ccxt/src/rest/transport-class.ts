//! Requests: routes to URLs, tokens, errors by code; and the sdk's trader on ccxt's own transport.
import {
  type ErrorDetail,
  errorFrom,
  type Http,
  NotConnectedError,
  OutcomeUnknownError,
  PlumbError,
  privateKeyAccount,
  Trader,
  type TypedDomain,
} from '@plumb/sdk'
import type { Dict, Exchange, Market, NullableDict, Str } from 'ccxt'
import type { Ccxt, ClassOf, Raw } from '../ccxt-module.ts'
import { costOfRequest, description } from '../describe.ts'

/** ccxt's exchange with Plumb's transport. Names that start with `plumb` are not of the unified API. */
export interface PlumbTransport extends Exchange {
  plumbUrl(api: 'public' | 'private'): string
  /** The sdk's trader of this wallet: it signs, keeps lanes and logs in. @throws AuthenticationError without keys */
  plumbTrader(subaccount?: number): Trader
  /** What the sdk promises, with its failures as ccxt's classes. */
  plumbResult<T>(result: Promise<T>): Promise<T>
}

export function transportClass(ccxt: Ccxt): ClassOf<PlumbTransport> {
  return class WithTransport extends ccxt.Exchange {
    plumbTraders: Map<string, Trader> = new Map()
    plumbDomain: Promise<TypedDomain> | undefined = undefined

    override describe(): Raw {
      return this.deepExtend(super.describe(), description(ccxt))
    }

    /** Milliseconds; ccxt's own default counts seconds. */
    override nonce() {
      return this.milliseconds()
    }

    override sign(
      path: string,
      api: 'public' | 'private' = 'public',
      method = 'GET',
      params: Dict = {},
      headers?: NullableDict,
      body?: Str,
    ): Dict {
      const inPath = this.extractParams(path)
      const encoded = Object.fromEntries(
        inPath.map((name: string) => [name, this.encodeURIComponent(String(params[name]))]),
      )
      const query = this.omit(params, inPath)
      let url = `${this.plumbUrl(api)}/${this.version}/${this.implodeParams(path, encoded)}`
      const sent: Dict = { ...headers }
      if (api === 'private') sent['Authorization'] = `Bearer ${this.token}`
      if (method === 'GET' || method === 'DELETE') {
        if (Object.keys(query).length > 0) url += `?${this.urlencode(query)}`
      } else {
        body = this.json(query)
        sent['Content-Type'] = 'application/json'
      }
      return { url, method, body, headers: sent }
    }

    plumbUrl(api: 'public' | 'private'): string {
      const { [api]: url }: Dict = this.urls.api
      return String(url).replace(/\/+$/, '')
    }

    /** Private requests carry a token of the wallet's login; one that is no longer taken is renewed once. */
    override async fetch2(
      path: string,
      api: 'public' | 'private' = 'public',
      method = 'GET',
      params: Dict = {},
      headers?: Raw,
      body?: Raw,
      config: Dict = {},
    ): Promise<Raw> {
      const send = () => super.fetch2(path, api, method, params, headers, body, config)
      if (api !== 'private') return await send()
      const { session } = this.plumbTrader()
      this.token = await this.plumbResult(session.token())
      try {
        return await send()
      } catch (error) {
        if (!(error instanceof ccxt.AuthenticationError)) throw error
        session.forget()
        this.token = await this.plumbResult(session.token())
        return await send()
      }
    }

    /** Judges by our code before ccxt judges by the HTTP status: that would make bots repeat what can never succeed. */
    override handleErrors(
      ...[, , , , , body, response]: Parameters<InstanceType<Ccxt['Exchange']>['handleErrors']>
    ): undefined {
      const detail: ErrorDetail | undefined = response?.error
      if (typeof detail?.code === 'string') throw this.plumbError(detail, `${this.id} ${body}`)
      return undefined
    }

    /** The ccxt error of a code; `detail` has code, field and limit as the exchange gave them. */
    plumbError(detail: ErrorDetail, message: string): Error {
      const Class = this.exceptions['exact'][detail.code] ?? ccxt.ExchangeError
      return Object.assign(new Class(message), { detail })
    }

    /**
     * The sdk's trader of this wallet: it signs, keeps lanes and logs in.
     *
     * @throws AuthenticationError without `walletAddress` and `privateKey`
     */
    plumbTrader(subaccount = Number(this.options['subaccount'])): Trader {
      this.checkRequiredCredentials()
      const key = `${this.walletAddress} ${this.privateKey} ${subaccount}`
      const known = this.plumbTraders.get(key)
      if (known !== undefined) return known
      const trader = new Trader(
        {
          http: this.plumbHttp,
          signer: this.plumbSigner(),
          domain: () => this.plumbDomainOnce(),
          market: async (id) => this.plumbMarket(id)['info'],
        },
        { subaccount, account: this.walletAddress, lanes: this.options['lanes'] },
      )
      this.plumbTraders.set(key, trader)
      return trader
    }

    /** The key signs for the wallet: its own, or a session key that the wallet has registered. */
    plumbSigner() {
      try {
        return privateKeyAccount(this.privateKey)
      } catch (error) {
        throw new ccxt.AuthenticationError(`${this.id} privateKey: ${String(error)}`)
      }
    }

    plumbDomainOnce(): Promise<TypedDomain> {
      if (this.plumbDomain === undefined) {
        this.plumbDomain = this.request('signing').then(({ domain }) => domain)
        this.plumbDomain.catch(() => {
          this.plumbDomain = undefined
        })
      }
      return this.plumbDomain
    }

    /** A market by our id, or by symbol. */
    plumbMarket(id: string): NonNullable<Market> {
      return this.market(this.safeSymbol(id))
    }

    /** The sdk's requests over ccxt's transport: its rate limiter, proxies, time-outs and log. */
    plumbHttp: Http = async ({ method, path, query = {}, body, token }) => {
      const known = Object.entries(query).filter(([, value]) => value !== undefined)
      const search = known.length === 0 ? '' : `?${this.urlencode(Object.fromEntries(known))}`
      const headers: Dict = {}
      if (token !== undefined) headers['Authorization'] = `Bearer ${token}`
      if (body !== undefined) headers['Content-Type'] = 'application/json'
      if (this.enableRateLimit) await this.throttle(costOfRequest(method, path))
      const text = body === undefined ? undefined : JSON.stringify(body)
      try {
        return await this.fetch(
          `${this.plumbUrl('private')}${path}${search}`,
          method,
          headers,
          text,
        )
      } catch (error) {
        throw sdkError(error, method)
      }
    }

    /** What the sdk promises, with its failures as ccxt's classes. */
    async plumbResult<T>(result: Promise<T>): Promise<T> {
      try {
        return await result
      } catch (error) {
        if (error instanceof PlumbError) {
          if (error.cause instanceof ccxt.BaseError) throw error.cause
          const { code, message, field, limit } = error
          const named = {
            ...(field === undefined ? {} : { field }),
            ...(limit === undefined ? {} : { limit }),
          }
          throw this.plumbError({ code, message, ...named }, `${this.id} ${code}: ${message}`)
        }
        if (error instanceof RangeError) throw new ccxt.InvalidOrder(`${this.id} ${error.message}`)
        throw error
      }
    }
  }
}

/** A ccxt error as the sdk's, which decides what becomes of the order's lane. */
function sdkError(error: unknown, method: string): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  const detail: ErrorDetail | undefined = Reflect.get(error, 'detail')
  const { message } = error
  if (detail !== undefined) return Object.assign(errorFrom(detail), { cause: error })
  const options = { cause: error }
  if (method === 'GET' || /ECONNREFUSED|ENOTFOUND|EAI_AGAIN/.test(message))
    return new NotConnectedError({ code: 'UNAVAILABLE', message }, options)
  return new OutcomeUnknownError({ code: 'TIMEOUT', message }, options)
}
