//! What an account may be told to do beside orders: settings with its token, and margin questions.
import type {
  CancelAfterReply,
  LeverageObject,
  MarginInputs,
  MarginModeObject,
  MarginPreviewObject,
  PreviewRequest,
} from '@plumb/protocol'
import { simulateMargin } from '@plumb/protocol'
import type { Http } from './http.ts'
import type { Owner } from './order-entry.ts'
import { type Session, withToken } from './session.ts'

/** Hypothetical orders and prices. `filled`: judge the order as filled at its price. */
export type MarginQuestion = Pick<PreviewRequest, 'orders' | 'prices'>

/** Answers margin questions without the exchange, by the engine's integer arithmetic, as of `seq`. */
export type MarginSimulator = {
  readonly seq: number
  /** Each order is judged in turn; what would be refused says why and changes nothing. */
  ask(question: MarginQuestion): MarginPreviewObject
}

const of = (market: string) => `/v1/markets/${encodeURIComponent(market)}`

/** Settings of one account. */
export type AccountActions = ReturnType<typeof accountActions>

/** Settings of one account and margin questions, over its token. */
export function accountActions(http: Http, session: Session, owner: () => Promise<Owner>) {
  const send = <T>(method: 'POST' | 'PUT', path: string, body: object) =>
    withToken(session, (token) => http<T>({ method, path, body, token }))
  return {
    /** Chooses the leverage of a market, 1 … 255; 0 = none of one's own. @throws UnchangedError */
    setLeverage: async (market: string, leverage: number) =>
      send<LeverageObject>('PUT', `${of(market)}/leverage`, { ...(await owner()), leverage }),
    /** Binds this subaccount to one market, or frees it. @throws UnchangedError */
    setMarginMode: async (market: string, marginMode: 'cross' | 'isolated') =>
      send<MarginModeObject>('PUT', `${of(market)}/margin-mode`, {
        ...(await owner()),
        marginMode,
      }),
    /**
     * Cancels everything, or all of one market, unless it is called again within `timeoutMs` (1 s … 1 day); 0 disarms.
     * The switch of all markets and those of single ones are independent of each other.
     */
    cancelAfter: async (timeoutMs: number, market?: string) =>
      send<CancelAfterReply>('POST', '/v1/orders/cancel-after', {
        ...(await owner()),
        ...(market === undefined ? {} : { market }),
        timeoutMs,
      }),
    /** Margin after hypothetical orders and prices, judged by the exchange as of now. */
    previewMargin: async (question: MarginQuestion) =>
      send<MarginPreviewObject>('POST', '/v1/margin/preview', { ...(await owner()), ...question }),
    /** Reads the account's integers once; questions are then answered here. */
    async marginSimulator(): Promise<MarginSimulator> {
      const query = await owner()
      const inputs = await withToken(session, (token) =>
        http<MarginInputs>({ method: 'GET', path: '/v1/margin/inputs', query, token }),
      )
      return { seq: inputs.seq, ask: (question) => simulateMargin(inputs, question) }
    },
  }
}
