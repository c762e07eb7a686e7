//! Which block can no longer be taken back.
import { readFile } from 'node:fs/promises'
import type { Rpc } from './rpc.ts'

/** The newest final block, never above the node's own head; undefined while nothing is final. */
export type FinalitySource = { finalBlock(): Promise<number | undefined> }

/** Final is what the node calls `finalized`. */
export const finalizedTagSource = (rpc: Rpc): FinalitySource => ({
  finalBlock: async () => (await rpc.block('finalized'))?.number,
})

/** Final is what has `confirmations` blocks on top (0: the head itself). */
export const confirmationsSource = (rpc: Rpc, confirmations: number): FinalitySource => ({
  finalBlock: async () => {
    const final = (await rpc.blockNumber()) - confirmations
    return final < 0 ? undefined : final
  },
})

/**
 * Final is what the local chain's keeper has on disk: `path` holds the number of the last durable block, written by
 * rename. A local chain that is killed comes back without the later ones, so they are not final whatever the node says.
 */
export const durableBlockSource = (rpc: Rpc, path: string): FinalitySource => ({
  finalBlock: async () => {
    const [text, head] = await Promise.all([readTextIfThere(path), rpc.blockNumber()])
    const durable = text === undefined ? Number.NaN : Number.parseInt(text, 10)
    return Number.isSafeInteger(durable) ? Math.min(durable, head) : undefined
  },
})

const readTextIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
