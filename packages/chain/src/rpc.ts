//! JSON-RPC of an Ethereum node over HTTP: few calls, typed answers, and failures told apart.

/** The node answered with an error: `rpcCode` and `data` (revert data as hex, if any) are its own. */
export class RpcError extends Error {
  readonly code = 'RPC_ERROR'
  readonly rpcCode: number
  readonly data: string | undefined

  constructor(message: string, rpcCode: number, data: string | undefined) {
    super(message)
    this.name = 'RpcError'
    this.rpcCode = rpcCode
    this.data = data
  }
}

/** No usable answer (connection, timeout, HTTP status, not JSON): the call may or may not have arrived. */
export class RpcUnavailableError extends Error {
  readonly code = 'RPC_UNAVAILABLE'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'RpcUnavailableError'
  }
}

/** Block of a call: a number, or the node's name for one. */
export type BlockTag = number | 'latest' | 'pending' | 'finalized' | 'earliest'

export type Block = { number: number; hash: string; timestampS: number; baseFeePerGas: bigint }
export type Receipt = {
  txHash: string
  blockNumber: number
  blockHash: string
  succeeded: boolean
  gasUsed: number
  /** What was paid for each gas. */
  gasPriceWei: number
}
export type Log = {
  blockNumber: number
  blockHash: string
  txHash: string
  logIndex: number
  topics: readonly string[]
  data: string
}
type LogFilter = {
  address: string
  /** By place; null: any, a list: one of them. */
  topics: readonly (string | readonly string[] | null)[]
  fromBlock: number
  toBlock: number
}
type CallRequest = { from?: string; to: string; data: string; gas?: number }

/** The calls Plumb makes of a node. */
export type Rpc = {
  readonly url: string
  chainId(): Promise<number>
  blockNumber(): Promise<number>
  /** Undefined when the node does not have it (yet). */
  block(tag: BlockTag): Promise<Block | undefined>
  logs(filter: LogFilter): Promise<Log[]>
  /** Returned bytes as hex. @throws RpcError with the revert's `data` */
  call(request: CallRequest, tag: BlockTag): Promise<string>
  /** Several calls about one block, in their order: 50 to a request. @throws as `call` does, for the first that fails */
  calls(requests: readonly CallRequest[], tag: BlockTag): Promise<string[]>
  estimateGas(request: CallRequest, tag: BlockTag): Promise<number>
  code(address: string): Promise<string>
  /** Transactions of `address` up to the block: its next nonce. */
  transactionCount(address: string, tag: BlockTag): Promise<number>
  receipt(txHash: string): Promise<Receipt | undefined>
  /** Whether the node knows the transaction, mined or waiting. */
  knowsTransaction(txHash: string): Promise<boolean>
  priorityFee(): Promise<bigint>
  sendRawTransaction(rawTx: string): Promise<string>
  /** Any other method (test chains). */
  request(method: string, params: readonly unknown[]): Promise<unknown>
}

/** How a client is made. `fetch` is for tests. */
export type RpcOptions = { timeoutMs?: number; fetch?: typeof fetch }

type Json = Record<string, unknown>

const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const objectOf = (value: unknown, what: string): Json => {
  if (isJson(value)) return value
  throw new RpcUnavailableError(`${what}: the node's answer is not an object`)
}

const textOf = (value: unknown, what: string): string => {
  if (typeof value === 'string') return value
  throw new RpcUnavailableError(`${what}: the node's answer is not text`)
}

const bigOf = (value: unknown, what: string): bigint => {
  const text = textOf(value, what)
  if (!/^0x[0-9a-fA-F]+$/.test(text))
    throw new RpcUnavailableError(`${what}: the node's answer is not a quantity`)
  return BigInt(text)
}

const numberOf = (value: unknown, what: string): number => {
  const big = bigOf(value, what)
  if (big > BigInt(Number.MAX_SAFE_INTEGER))
    throw new RpcUnavailableError(`${what}: the node's answer exceeds 2^53`)
  return Number(big)
}

const hexOf = (value: number) => `0x${value.toString(16)}`
const tagOf = (tag: BlockTag) => (typeof tag === 'number' ? hexOf(tag) : tag)

const callOf = ({ from, to, data, gas }: CallRequest) => ({
  ...(from === undefined ? {} : { from }),
  to,
  data,
  ...(gas === undefined ? {} : { gas: hexOf(gas) }),
})

// Nodes put revert data under `data`, or one level deeper.
const revertData = (data: unknown): string | undefined => {
  if (typeof data === 'string') return data
  return isJson(data) && typeof data['data'] === 'string' ? data['data'] : undefined
}

const logOf = (value: unknown): Log => {
  const log = objectOf(value, 'log')
  const topics = log['topics']
  if (!Array.isArray(topics)) throw new RpcUnavailableError('log: topics are missing')
  return {
    blockNumber: numberOf(log['blockNumber'], 'log block'),
    blockHash: textOf(log['blockHash'], 'log block hash'),
    txHash: textOf(log['transactionHash'], 'log transaction'),
    logIndex: numberOf(log['logIndex'], 'log index'),
    topics: topics.map((topic) => textOf(topic, 'topic')),
    data: textOf(log['data'], 'log data'),
  }
}

const blockOf = (value: unknown): Block => {
  const block = objectOf(value, 'block')
  return {
    number: numberOf(block['number'], 'block number'),
    hash: textOf(block['hash'], 'block hash'),
    timestampS: numberOf(block['timestamp'], 'block timestamp'),
    baseFeePerGas: bigOf(block['baseFeePerGas'] ?? '0x0', 'base fee'),
  }
}

const receiptOf = (value: unknown): Receipt => {
  const receipt = objectOf(value, 'receipt')
  return {
    txHash: textOf(receipt['transactionHash'], 'receipt transaction'),
    blockNumber: numberOf(receipt['blockNumber'], 'receipt block'),
    blockHash: textOf(receipt['blockHash'], 'receipt block hash'),
    succeeded: numberOf(receipt['status'], 'receipt status') === 1,
    gasUsed: numberOf(receipt['gasUsed'], 'receipt gas'),
    gasPriceWei: numberOf(receipt['effectiveGasPrice'] ?? '0x0', 'receipt gas price'),
  }
}

const optional = async <T>(pending: Promise<unknown>, parse: (value: unknown) => T) => {
  const value = await pending
  return value === null ? undefined : parse(value)
}

/** Calls in one request: nodes and their gateways bound what they take. */
const CALLS_A_REQUEST = 50

type Asked = { method: string; params: readonly unknown[] }
type Requester = {
  one: (method: string, params: readonly unknown[]) => Promise<unknown>
  /** A JSON-RPC batch; the answers in the order of the questions. */
  many: (asked: readonly Asked[]) => Promise<unknown[]>
}

const resultOf = (method: string, answer: Json): unknown => {
  if (isJson(answer['error'])) {
    const { message, code, data } = answer['error']
    const text = typeof message === 'string' ? message : 'error without a message'
    const number = typeof code === 'number' ? code : 0
    // 429 and "limit exceeded" are about this moment, not about the call.
    if (number === 429 || number === -32_005) throw new RpcUnavailableError(`${method}: ${text}`)
    throw new RpcError(`${method}: ${text}`, number, revertData(data))
  }
  if (!('result' in answer)) throw new RpcUnavailableError(`${method}: answer without a result`)
  return answer['result']
}

const createRequester = (url: string, options: RpcOptions): Requester => {
  const { timeoutMs = 10_000, fetch: send = fetch } = options
  let lastId = 0
  const post = async (method: string, body: unknown): Promise<unknown> => {
    try {
      const response = await send(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      })
      return await response.json()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new RpcUnavailableError(`${method}: ${why}`, error)
    }
  }
  const callFor = ({ method, params }: Asked) => ({ jsonrpc: '2.0', id: ++lastId, method, params })
  return {
    one: async (method, params) =>
      resultOf(method, objectOf(await post(method, callFor({ method, params })), method)),
    many: async (asked) => {
      const bodies = asked.map(callFor)
      const method = asked[0]?.method ?? ''
      const answers = await post(method, bodies)
      // A node that takes no batches says so with one object.
      if (!Array.isArray(answers)) {
        resultOf(method, objectOf(answers, method))
        throw new RpcUnavailableError(`${method}: the node's answer is not a list`)
      }
      const byId = new Map(
        answers.map((answer) => objectOf(answer, method)).map((one) => [one['id'], one]),
      )
      return bodies.map(({ id }) => resultOf(method, objectOf(byId.get(id), method)))
    },
  }
}

/**
 * A client of one node. Calls are not retried here: what an unanswered call means depends on the caller.
 *
 * @example const rpc = createRpc('http://127.0.0.1:8545'); await rpc.blockNumber()
 */
export const createRpc = (url: string, options: RpcOptions = {}): Rpc => {
  const { one: request, many } = createRequester(url, options)
  return {
    url,
    request,
    chainId: async () => numberOf(await request('eth_chainId', []), 'chain id'),
    blockNumber: async () => numberOf(await request('eth_blockNumber', []), 'block number'),
    block: (tag) => optional(request('eth_getBlockByNumber', [tagOf(tag), false]), blockOf),
    logs: async ({ address, topics, fromBlock, toBlock }) => {
      const range = { fromBlock: hexOf(fromBlock), toBlock: hexOf(toBlock) }
      const logs = await request('eth_getLogs', [{ address, topics, ...range }])
      if (!Array.isArray(logs)) throw new RpcUnavailableError('eth_getLogs: not a list')
      return logs.map(logOf)
    },
    call: async (call, tag) =>
      textOf(await request('eth_call', [callOf(call), tagOf(tag)]), 'call result'),
    calls: async (calls, tag) => {
      const results: string[] = []
      for (let at = 0; at < calls.length; at += CALLS_A_REQUEST) {
        const some = calls.slice(at, at + CALLS_A_REQUEST)
        const asked = some.map((call) => ({
          method: 'eth_call',
          params: [callOf(call), tagOf(tag)],
        }))
        for (const result of await many(asked)) results.push(textOf(result, 'call result'))
      }
      return results
    },
    estimateGas: async (call, tag) =>
      numberOf(await request('eth_estimateGas', [callOf(call), tagOf(tag)]), 'gas estimate'),
    code: async (address) => textOf(await request('eth_getCode', [address, 'latest']), 'code'),
    transactionCount: async (address, tag) =>
      numberOf(await request('eth_getTransactionCount', [address, tagOf(tag)]), 'nonce'),
    receipt: (txHash) => optional(request('eth_getTransactionReceipt', [txHash]), receiptOf),
    knowsTransaction: async (txHash) =>
      (await request('eth_getTransactionByHash', [txHash])) !== null,
    priorityFee: async () => bigOf(await request('eth_maxPriorityFeePerGas', []), 'tip'),
    sendRawTransaction: async (rawTx) =>
      textOf(await request('eth_sendRawTransaction', [rawTx]), 'transaction hash'),
  }
}
