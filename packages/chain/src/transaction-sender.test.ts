import { describe, expect, test } from 'vitest'
import { createRpc } from './rpc.ts'
import {
  bumpFees,
  createTransactionSender,
  createTransactionSigner,
  type PendingTransaction,
  readSignedTransaction,
  type SignedTransaction,
} from './transaction-sender.ts'

const key = `0x${'11'.repeat(32)}`
const to = `0x${'22'.repeat(20)}`

const hashOf = (attempt?: SignedTransaction) => attempt?.txHash ?? ''

/** A node with a pool, blocks and faults, behind the real client. */
const createNode = () => {
  const pool = new Map<string, string>()
  const mined = new Map<string, number>()
  const state = {
    nonce: 0,
    height: 1,
    sends: [] as string[],
    offline: false,
    /** Once, after the next answer about the nonce. */
    afterCount: undefined as (() => void) | undefined,
  }
  const answer = (method: string, params: readonly unknown[]): unknown => {
    const first = String(params[0])
    if (method === 'eth_getTransactionCount') {
      const count = `0x${state.nonce.toString(16)}`
      state.afterCount?.()
      state.afterCount = undefined
      return count
    }
    if (method === 'eth_maxPriorityFeePerGas') return '0x3b9aca00'
    if (method === 'eth_getBlockByNumber')
      return { number: '0x1', hash: '0x1', timestamp: '0x1', baseFeePerGas: '0x3b9aca00' }
    if (method === 'eth_getTransactionByHash')
      return pool.has(first) || mined.has(first) ? { hash: first } : null
    if (method === 'eth_getTransactionReceipt') {
      const blockNumber = mined.get(first)
      if (blockNumber === undefined) return null
      const at = `0x${blockNumber.toString(16)}`
      const common = { blockNumber: at, blockHash: at, status: '0x1', gasUsed: '0x5208' }
      return { transactionHash: first, ...common }
    }
    if (method === 'eth_sendRawTransaction') {
      state.sends.push(first)
      const signed = readSignedTransaction(first)
      if (signed.nonce < state.nonce) throw new Error('nonce too low')
      const hash = hashes.get(first) ?? ''
      pool.set(hash, first)
      return hash
    }
    throw new Error(`unexpected ${method}`)
  }
  const hashes = new Map<string, string>()
  const rpc = createRpc('http://node', {
    fetch: (_url, init) => {
      if (state.offline) return Promise.reject(new Error('offline'))
      const { method, params } = JSON.parse(init?.body as string)
      let body: object
      try {
        body = { result: answer(method, params) }
      } catch (error) {
        body = { error: { code: -32_000, message: (error as Error).message } }
      }
      return Promise.resolve(new Response(JSON.stringify(body)))
    },
  })
  return { rpc, pool, mined, state, hashes }
}

const setUp = () => {
  const node = createNode()
  const clock = { now: 0 }
  const signer = createTransactionSigner(key, 1337)
  const sender = createTransactionSender({ rpc: node.rpc, signer, nowMs: () => clock.now })
  const stored: SignedTransaction[] = []
  const store = {
    save: (attempt: SignedTransaction) => {
      expect(node.state.sends).not.toContain(attempt.rawTx) // stored before it is sent
      node.hashes.set(attempt.rawTx, attempt.txHash)
      stored.push(attempt)
      return Promise.resolve()
    },
  }
  const open = async (): Promise<PendingTransaction> => {
    const attempt = await sender.prepare({ to, data: '0x1234', nonce: 0, gasLimit: 100_000 })
    await store.save(attempt)
    return { attempts: [attempt], lastSentMs: 0 }
  }
  const mine = (txHash: string) => {
    node.pool.delete(txHash)
    node.mined.set(txHash, ++node.state.height)
    node.state.nonce++
  }
  return { node, clock, sender, store, stored, open, mine }
}

describe('one transaction at one nonce', () => {
  test('is sent once, waited for, and found mined', async () => {
    const { node, sender, store, open, mine } = setUp()
    const pending = await open()
    expect(await sender.advance(pending, store)).toEqual({ state: 'waiting' })
    expect(await sender.advance(pending, store)).toEqual({ state: 'waiting' })
    expect(node.state.sends).toHaveLength(1)
    mine(hashOf(pending.attempts[0]))
    expect(await sender.advance(pending, store)).toMatchObject({
      state: 'mined',
      receipt: { blockNumber: 2, succeeded: true, gasUsed: 21_000 },
    })
  })

  test('is resent as it is when the node has lost it, also after a reorganisation', async () => {
    const { node, sender, store, stored, open, mine } = setUp()
    const pending = await open()
    await sender.advance(pending, store)
    node.pool.clear()
    await sender.advance(pending, store)
    mine(hashOf(pending.attempts[0]))
    expect((await sender.advance(pending, store)).state).toBe('mined')
    node.mined.clear()
    node.state.nonce = 0
    expect((await sender.advance(pending, store)).state).toBe('waiting')
    expect(new Set(node.state.sends).size).toBe(1)
    expect(node.state.sends).toHaveLength(3)
    expect(stored).toHaveLength(1)
  })

  test('is replaced in place by a dearer one, stored first; either may be mined', async () => {
    const { node, clock, sender, store, stored, open, mine } = setUp()
    const pending = await open()
    await sender.advance(pending, store)
    clock.now = 15_001
    await sender.advance(pending, store)
    expect(stored).toHaveLength(2)
    const [first, second] = stored.map(({ rawTx }) => readSignedTransaction(rawTx))
    expect(second).toMatchObject({ nonce: 0, data: '0x1234', to: first?.to })
    const asked = (first?.maxFeePerGas ?? 0n) * 1125n
    expect((second?.maxFeePerGas ?? 0n) * 1000n).toBeGreaterThanOrEqual(asked)
    await sender.advance(pending, store)
    expect(node.state.sends).toHaveLength(2)
    mine(hashOf(stored[0]))
    expect(await sender.advance(pending, store)).toMatchObject({
      state: 'mined',
      receipt: { txHash: hashOf(stored[0]) },
    })
  })

  test('is reported as displaced when somebody else used the nonce', async () => {
    const { node, sender, store, open } = setUp()
    const pending = await open()
    node.state.nonce = 1
    expect(await sender.advance(pending, store)).toEqual({ state: 'displaced' })
  })

  test('is not displaced when its block is taken back between two questions', async () => {
    const { node, sender, store, open, mine } = setUp()
    const pending = await open()
    await sender.advance(pending, store)
    mine(hashOf(pending.attempts[0]))
    node.state.afterCount = () => {
      node.mined.clear()
      node.state.nonce = 0
    }
    expect((await sender.advance(pending, store)).state).toBe('waiting')
    expect(node.state.sends).toHaveLength(2)
  })

  test('with attempts at two nonces, sends the one the chain stands at', async () => {
    const { node, sender, store, open } = setUp()
    const pending = await open()
    const later = await sender.prepare({ to, data: '0x1234', nonce: 1, gasLimit: 100_000 })
    await store.save(later)
    node.pool.set(later.txHash, later.rawTx) // queued: nothing is mined before nonce 0
    const both = { ...pending, attempts: [...pending.attempts, later] }
    expect((await sender.advance(both, store)).state).toBe('waiting')
    expect(node.state.sends).toEqual([pending.attempts[0]?.rawTx])
  })

  test('stays as it is while the node is away', async () => {
    const { node, sender, store, open } = setUp()
    const pending = await open()
    node.state.offline = true
    await expect(sender.advance(pending, store)).rejects.toMatchObject({ code: 'RPC_UNAVAILABLE' })
    node.state.offline = false
    expect(await sender.advance(pending, store)).toEqual({ state: 'waiting' })
  })

  test('fees are never raised by less than a node asks for', () => {
    const low = { maxFeePerGas: 9n, maxPriorityFeePerGas: 1n }
    expect(bumpFees(low, { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n })).toEqual({
      maxFeePerGas: 11n,
      maxPriorityFeePerGas: 2n,
    })
    const high = { maxFeePerGas: 100n, maxPriorityFeePerGas: 7n }
    expect(bumpFees(low, high)).toEqual(high)
  })
})
