//! JSON-RPC for tests: many calls in one request, errors as values.

export type RpcAnswer<T = unknown> = { id: number; result?: T; error?: RpcFailure }
export type RpcFailure = { message: string; data?: string }
export type RpcCall = { method: string; params: readonly unknown[] }

/** Sends the calls in one HTTP request; answers in the same order. */
export async function rpcMany<T>(url: string, calls: readonly RpcCall[]): Promise<RpcAnswer<T>[]> {
  const body = JSON.stringify(calls.map((call, id) => ({ jsonrpc: '2.0', id, ...call })))
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body })
  const answers: RpcAnswer<T>[] = JSON.parse(await response.text())
  return answers.toSorted((a, b) => a.id - b.id)
}

/** One call; throws what the node refuses. */
export async function rpc<T>(url: string, method: string, ...params: unknown[]): Promise<T> {
  const [answer] = await rpcMany<T>(url, [{ method, params }])
  if (answer?.result === undefined) throw new Error(`${method}: ${answer?.error?.message}`)
  return answer.result
}
