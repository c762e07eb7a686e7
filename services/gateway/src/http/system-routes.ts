//! Reads about the exchange itself, and what operators probe.
import { readFile } from 'node:fs/promises'
import { limits } from '@plumb/model'
import {
  baseOfSymbol,
  currencyObject,
  domainTypes,
  emptyQuery,
  fundInsuranceTypes,
  listOf,
  loginTypes,
  orderTypes,
  PlumbError,
  quoteCurrency,
  reconciliationObject,
  sessionKeyTypes,
  signingObject,
  statusObject,
  timeObject,
  transferTypes,
  typedDomain,
  withdrawTypes,
} from '@plumb/protocol'
import type { Metrics } from '@plumb/runtime'
import type { ReadParts } from './market-routes.ts'
import { type Route, route, unread } from './route.ts'

export type SystemParts = ReadParts & {
  chainId: number
  contract: string
  /** JSON file served at /v1/devnet; undefined where there are no demo accounts. */
  devnetFile: string | undefined
  reconciliation: () => Promise<object>
  metrics: Metrics
  health: () => object
  ready: () => { ready: boolean; detail: object }
}

const none = { body: unread, query: emptyQuery, params: unread }
const tag = 'System'

export function systemRoutes(parts: SystemParts): Route[] {
  const { view, objects, chainId, contract } = parts
  return [
    route(
      'GET',
      '/v1/time',
      none,
      { tag, needsView: false, summary: 'Exchange clock', answer: timeObject },
      (_input, { nowMs }) => ({
        ts: nowMs,
      }),
    ),
    route(
      'GET',
      '/v1/status',
      none,
      { tag, summary: 'System and market state', answer: statusObject },
      (_input, { nowMs }) => objects.status(nowMs),
    ),
    route(
      'GET',
      '/v1/signing',
      none,
      {
        tag,
        summary: 'EIP-712 domain and types, and how fields scale',
        etag: true,
        answer: signingObject,
      },
      () => ({
        domain: typedDomain(chainId, contract),
        types: {
          ...domainTypes,
          ...orderTypes,
          ...withdrawTypes,
          ...transferTypes,
          ...fundInsuranceTypes,
          ...sessionKeyTypes,
          ...loginTypes,
        },
        chainId,
        contract,
        scales: {
          'Order.price': 100_000_000,
          'Order.size': 100_000_000,
          'Order.trigger': 100_000_000,
          'Order.maxFee': 100_000,
          'Withdraw.amount': 1_000_000,
          'Transfer.amount': 1_000_000,
          'SessionKey.notional': 1_000_000,
          'SessionKey.maxOrderNotional': 1_000_000,
        },
        settlementLagS: view.genesis?.settlementLagS ?? null,
        lanesMax: limits.lanesPerAccountMax,
      }),
    ),
    route(
      'GET',
      '/v1/currencies',
      none,
      { tag, summary: 'Currencies', etag: true, answer: listOf(currencyObject) },
      () => ({ items: currencies(parts), nextCursor: null }),
    ),
    route(
      'GET',
      '/v1/reconciliation',
      none,
      {
        tag,
        needsView: false,
        summary: 'Last comparison of engine, ledger and chain',
        answer: reconciliationObject,
      },
      () => parts.reconciliation(),
    ),
    route(
      'GET',
      '/v1/devnet',
      none,
      { tag, needsView: false, summary: 'Demo accounts (devnet only)' },
      () => devnet(parts.devnetFile),
    ),
    ...probes(parts),
  ]
}

function probes({ metrics, health, ready }: SystemParts): Route[] {
  return [
    route(
      'GET',
      '/health',
      none,
      { tag, summary: 'Alive', limited: false, needsView: false },
      () => ({
        ok: true,
        ...health(),
      }),
    ),
    route(
      'GET',
      '/ready',
      none,
      { tag, summary: '200 once requests can be served', limited: false, needsView: false },
      (_input, { reply }) => {
        const { ready: isReady, detail } = ready()
        reply.code(isReady ? 200 : 503)
        return { ready: isReady, ...detail }
      },
    ),
    route(
      'GET',
      '/metrics',
      none,
      { tag, summary: 'Prometheus metrics', limited: false, needsView: false },
      async (_input, { reply }) => {
        reply.type(metrics.registry.contentType)
        return metrics.text()
      },
    ),
  ]
}

function currencies({ view, chainId, contract }: SystemParts) {
  const confirmations = view.pendingDeposits.confirmationsNeeded
  const network = { id: `evm-${chainId}`, chainId, contract, confirmations }
  const limitsOfQuote = {
    minDeposit: '0.000001',
    maxDeposit: null,
    minWithdrawal: '0.000001',
    maxWithdrawal: null,
    withdrawalFee: '0',
  }
  const settle = {
    id: quoteCurrency,
    code: quoteCurrency,
    name: 'USD Coin',
    type: 'crypto',
    precision: '0.000001',
    depositEnabled: true,
    withdrawEnabled: !view.withdrawalsPaused,
    ...limitsOfQuote,
    networks: [{ ...network, ...limitsOfQuote }],
  }
  const bases = new Set([...view.marketsBySymbol.keys()].map(baseOfSymbol))
  const listed = [...bases].map((code) => ({
    id: code,
    code,
    name: code,
    type: 'other',
    precision: null,
    depositEnabled: false,
    withdrawEnabled: false,
    minDeposit: null,
    maxDeposit: null,
    minWithdrawal: null,
    maxWithdrawal: null,
    withdrawalFee: null,
    networks: [],
  }))
  return [settle, ...listed.filter(({ id }) => id !== quoteCurrency)]
}

/** Read at each request: the supervisor may write it after the gateway has started. */
async function devnet(file: string | undefined): Promise<unknown> {
  if (file === undefined) throw new PlumbError('NOT_FOUND')
  try {
    const content: unknown = JSON.parse(await readFile(file, 'utf8'))
    return content
  } catch {
    throw new PlumbError('NOT_FOUND')
  }
}
