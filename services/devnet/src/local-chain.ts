//! The local EVM chain: anvil, kept durable from outside by whole-state dumps.

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Rpc } from '@plumb/chain'
import { z } from 'zod'
import { DevnetError } from './devnet-error.ts'
import type { ProcessSpec } from './supervised-process.ts'
import { writeFileDurably } from './write-file.ts'

const unzip = promisify(gunzip)

export const devnetChainId = 1337

/**
 * A block at once for every transaction and one each `heartbeatS` for the clock: an idle chain costs nothing.
 * States of the last 32 blocks and transactions of the last 512 are kept (measured: 200 KB and 23 KB each).
 */
const heartbeatS = 3
const statesKept = 32
const transactionBlocksKept = 512
/** Blocks that survive a restart; older ones are cut out of the state when it is loaded. */
const blocksKept = 1_024

export type ChainOptions = {
  stateDir: string
  port: number
  logPath: string
  env: Readonly<Record<string, string>>
}

/** anvil itself, not its npm wrapper: no extra process, signals arrive. */
export const anvilBinary = (): string => {
  const own = createRequire(import.meta.url)
  const inside = createRequire(own.resolve('@foundry-rs/anvil/package.json'))
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const platform = process.platform === 'win32' ? 'win32' : process.platform
  const manifest = inside.resolve(`@foundry-rs/anvil-${platform}-${arch}/package.json`)
  return join(dirname(manifest), 'bin', process.platform === 'win32' ? 'anvil.exe' : 'anvil')
}

const statePath = (stateDir: string) => join(stateDir, 'state.json')
/** Number of the last block that is safely on disk: nothing after it is final. */
export const finalBlockPath = (stateDir: string): string => join(stateDir, 'final-block')

const numbered = z.looseObject({ header: z.looseObject({ number: z.string() }) })
const stateSchema = z.looseObject({
  best_block_number: z.union([z.string(), z.number()]),
  blocks: z.array(numbered),
  transactions: z.array(z.looseObject({ block_number: z.union([z.string(), z.number()]) })),
})

/** Cuts blocks and transactions that nobody will ask for, or the state would grow for ever. */
const compactState = async (path: string): Promise<void> => {
  const state = stateSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  const first = Number(state.best_block_number) - blocksKept
  const kept = state.blocks.filter(({ header }) => Number(header.number) >= first)
  if (kept.length === state.blocks.length) return
  const transactions = state.transactions.filter((tx) => Number(tx.block_number) >= first)
  await writeFileDurably(path, JSON.stringify({ ...state, blocks: kept, transactions }))
}

const pairs = (flags: Record<string, string | number>) =>
  Object.entries(flags).flatMap(([flag, value]) => [flag, String(value)])

/** How anvil is run on this folder, with the newest dump if there is one. */
export const prepareChain = async (options: ChainOptions): Promise<ProcessSpec> => {
  const path = statePath(options.stateDir)
  const args = [
    '--silent',
    ...pairs({
      '--chain-id': devnetChainId,
      '--host': '127.0.0.1',
      '--port': options.port,
      '--block-time': heartbeatS,
      '--slots-in-an-epoch': 1,
      '--prune-history': statesKept,
      '--transaction-block-keeper': transactionBlocksKept,
      '--accounts': 1,
      '--gas-limit': 60_000_000,
    }),
    '--mixed-mining',
  ]
  const current = async () => {
    if (!existsSync(path)) return args
    await compactState(path)
    return [...args, '--load-state', path]
  }
  return {
    name: 'chain',
    command: anvilBinary(),
    args: await current(),
    env: options.env,
    cwd: options.stateDir,
    logPath: options.logPath,
    signal: 'SIGTERM',
    graceMs: 2_000,
    beforeRestart: async () => ({ args: await current() }),
  }
}

/** Resolves once the node answers with our chain id. */
export const chainReady = async (rpc: Rpc, timeoutMs: number, logPath: string): Promise<void> => {
  const end = Date.now() + timeoutMs
  for (;;) {
    try {
      const chainId = await rpc.chainId()
      if (chainId === devnetChainId) return
      throw new DevnetError(
        'WRONG_CHAIN',
        `${rpc.url} answers for chain ${chainId}, not ${devnetChainId}.`,
      )
    } catch (error) {
      if (error instanceof DevnetError) throw error
      if (Date.now() > end)
        throw new DevnetError(
          'CHAIN_START',
          `The chain did not start within ${timeoutMs / 1000} s: see ${logPath}`,
        )
    }
    await sleep(30)
  }
}

/** Keeps the chain's state on disk: dumps when it changed, and says which block is safe. */
export type ChainKeeper = {
  /** One dump now, if anything changed; resolves once it is durable. */
  dump(): Promise<void>
  /** The chain was started again: what was seen of it after the last dump is gone. */
  forget(): void
  /** A last dump, then no more. */
  close(): Promise<void>
  readonly lastDumpMs: number
  readonly finalBlock: number
}

/** Dumps at most every `pollMs`, and so seldom that dumping takes at most a tenth of the time. */
const pollMs = 250
const dutyFactor = 10
const emptyDumpMs = 60_000

const hex = (value: number) => `0x${value.toString(16)}`

/**
 * anvil writes its own state file in place and can lose it to kill -9. So: `anvil_dumpState` into a temporary file,
 * fsync, rename, and only then the block's number into `final-block`, the same way. The number is read *before* the
 * dump, so the dump holds at least that block.
 */
export const keepChain = (rpc: Rpc, stateDir: string): ChainKeeper => {
  let finalBlock = -1
  let looked = -1
  let lastDumpMs = 0
  let dumpedAtMs = 0
  let notBeforeMs = 0
  let running: Promise<void> | undefined
  const closing = new AbortController()

  /** Whether a block after the last dump holds a transaction; empty ones are dumped once a minute. */
  const worthDumping = async (head: number): Promise<boolean> => {
    if (finalBlock < 0 || Date.now() - dumpedAtMs > emptyDumpMs) return head !== finalBlock
    for (let number = Math.max(looked, finalBlock) + 1; number <= head; number++) {
      const count = await rpc.request('eth_getBlockTransactionCountByNumber', [hex(number)])
      if (count !== '0x0') return true
      looked = number
    }
    return false
  }

  const dumpOnce = async () => {
    const head = await rpc.blockNumber()
    if (!(await worthDumping(head))) return
    const startedMs = Date.now()
    const dumped = await rpc.request('anvil_dumpState', [])
    if (typeof dumped !== 'string') throw new Error('anvil_dumpState: no bytes')
    const state = await unzip(Buffer.from(dumped.slice(2), 'hex'))
    await writeFileDurably(statePath(stateDir), state)
    await writeFileDurably(finalBlockPath(stateDir), `${head}\n`)
    finalBlock = head
    dumpedAtMs = Date.now()
    lastDumpMs = dumpedAtMs - startedMs
    notBeforeMs = Date.now() + lastDumpMs * dutyFactor
  }

  const dump = async () => {
    await running?.catch(() => {})
    running = dumpOnce()
    await running
  }

  const loop = async () => {
    while (!closing.signal.aborted) {
      await sleep(Math.max(pollMs, notBeforeMs - Date.now()), undefined, { ref: false })
      if (closing.signal.aborted) return
      // A chain that is down is being restarted; nothing becomes final meanwhile.
      await dump().catch(() => {})
    }
  }
  void loop()

  return {
    dump,
    forget: () => {
      looked = finalBlock
    },
    close: async () => {
      closing.abort()
      await dump()
    },
    get lastDumpMs() {
      return lastDumpMs
    },
    get finalBlock() {
      return finalBlock
    },
  }
}
