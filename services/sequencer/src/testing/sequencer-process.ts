//! The sequencer as its own process, for tests: started on a folder, spoken to over its socket, killed.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, execPath } from 'node:process'
import { fileURLToPath } from 'node:url'
import type { Command, EngineEvent } from '@plumb/model'
import { decodeEvents, encodeCommand, orderFlags, timeInForce } from '@plumb/model'
import type { Address, CommandClient } from '@plumb/runtime'
import { createCommandClient } from '@plumb/runtime'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const address20 = (n: number) => Buffer.alloc(20, n)

export const market = {
  kind: 'ListMarket',
  market: 0,
  symbol: 'BTC-PERP',
  tickE8: 10_000_000,
  lotE8: 100_000,
  quotePerTickLot: 100,
  imBps: 1_000,
  mmBps: 500,
  takerFee: 45,
  makerFee: -5,
  minOrderLots: 1,
  maxOrderLots: 1_000_000,
  maxPositionLots: 10_000_000,
  minNotionalQuote: 0,
  maxOpenInterestLots: 0,
  priceBandPpm: 0,
  markBandPpm: 100_000,
  fixedIndexTicks: 600_000,
}
export const genesis = [
  {
    kind: 'Genesis',
    chainId: 1337,
    settlementLagS: 600,
    publisherCount: 1,
    publisherQuorum: 1,
    contract: `0x${'11'.repeat(20)}`,
    publishers: [`0x${'22'.repeat(20)}`],
  },
  market,
]

export type House = { directory: string; address: Address; extra: Record<string, string> }
const folders: string[] = []
const children: ChildProcess[] = []
export const closers: (() => Promise<void>)[] = []

/** Ends whatever a test left running. */
export const closeAll = async (): Promise<void> => {
  for (const close of closers.splice(0)) await close()
  for (const child of children.splice(0)) child.kill('SIGKILL')
}

/** Removes every folder. */
export const removeHouses = (): void => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

export const newHouse = (extra: Record<string, string> = {}): House => {
  const directory = mkdtempSync(join(tmpdir(), 'plumb-s-'))
  folders.push(directory)
  writeFileSync(join(directory, 'genesis.json'), JSON.stringify(genesis))
  return { directory, address: `unix:${directory}/s.sock`, extra }
}

/** Starts the service's main.ts as its own process and waits until it serves (or ends). */
export const boot = (house: House) =>
  new Promise<{ child: ChildProcess; output: () => string; ended: Promise<number | null> }>(
    (resolve) => {
      const child = spawn(execPath, ['--import', 'tsx', '--conditions=@plumb/source', main], {
        env: {
          PATH: env.PATH,
          PLUMB_SEQUENCER: house.address,
          PLUMB_SEQUENCER_DATA: join(house.directory, 'data'),
          PLUMB_GENESIS: join(house.directory, 'genesis.json'),
          PLUMB_SEGMENT_BYTES: String(256 * 1024),
          PLUMB_DISK_LOW_BYTES: '0',
          ...house.extra,
        },
      })
      children.push(child)
      let output = ''
      const ended = new Promise<number | null>((done) => child.on('exit', done))
      const seen = (chunk: Buffer) => {
        output += chunk.toString()
        if (output.includes('"serving"')) resolve({ child, output: () => output, ended })
      }
      child.stdout.on('data', seen)
      child.stderr.on('data', seen)
      void ended.then(() => resolve({ child, output: () => output, ended }))
    },
  )

export const connectTo = async (house: House) => {
  const client = createCommandClient({
    address: house.address,
    name: 'test',
    reconnect: { minMs: 5, maxMs: 50 },
  })
  closers.push(() => client.close())
  await client.ready()
  return client
}

export const send = async (client: CommandClient, command: Command): Promise<EngineEvent[]> =>
  decodeEvents((await client.submit(encodeCommand(command))).events)

export const deposit = (owner: number, depositId: number): Command => ({
  kind: 'CreditDeposit',
  owner: address20(owner),
  subaccount: 0,
  amountQuote: 1_000_000_000_000,
  depositId,
  blockNumber: depositId,
  txHash: Buffer.alloc(32, depositId),
})

export const order = (
  accountId: number,
  side: 0 | 1,
  lane: number,
  laneSeq: number,
  ticks = 600_000,
): Command => ({
  kind: 'PlaceOrder',
  accountId,
  market: 0,
  side,
  flags: orderFlags({ timeInForce: timeInForce.gtc }),
  orderKind: 0,
  priceTicks: ticks,
  sizeLots: 10,
  triggerTicks: 0,
  maxFee: 100,
  lane,
  laneSeq,
  expiryS: Math.floor(Date.now() / 1_000) + 86_400,
  selfTrade: 0,
  clientOrderId: '',
  orderId: 0,
  signer: address20(accountId),
  signature: Buffer.alloc(64, 1),
})

export const openAccounts = async (client: CommandClient) => {
  const ids: number[] = []
  for (const owner of [1, 2])
    for (const event of await send(client, deposit(owner, owner)))
      if (event.kind === 'AccountOpened') ids.push(event.accountId)
  return { alice: ids[0] ?? -1, bob: ids[1] ?? -1 }
}

export const stopped = async ({ child, ended }: Awaited<ReturnType<typeof boot>>) => {
  child.kill('SIGTERM')
  return ended
}
