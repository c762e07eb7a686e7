//! For tests: the real sequencer as a process of its own, a gateway in this one, wallets that sign.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { addressBytes, compactSignature, hexBytes } from '@plumb/chain'
import { decodeEvents, encodeCommand, type RegisterKey } from '@plumb/model'
import {
  type LoginRequest,
  type OrderRequest,
  type TransferRequest,
  transferTypedData,
  typedDomain,
  type WithdrawalRequest,
} from '@plumb/protocol'
import { type Address, type CommandClient, createCommandClient, silentLogger } from '@plumb/runtime'
import {
  type LocalSigner,
  privateKeyAccount,
  signFundInsurance,
  signLogin,
  signOrder,
  signTyped,
  signWithdraw,
} from '@plumb/sdk'
import { WebSocket } from 'ws'
import { createGateway, type Gateway, type GatewayConfig } from '../src/gateway.ts'

const sequencerMain = fileURLToPath(new URL('../../sequencer/src/main.ts', import.meta.url))
export const contract = `0x${'11'.repeat(20)}`
const domain = typedDomain(1337, contract)
export const settlementLagS = 600

/** Tick 0.5, lot 0.0001: contract size 1; a constant mark of 60,000. */
const btc = {
  kind: 'ListMarket',
  market: 0,
  symbol: 'BTC-PERP',
  tickE8: 50_000_000,
  lotE8: 10_000,
  quotePerTickLot: 50,
  imBps: 500,
  mmBps: 300,
  takerFee: 45,
  makerFee: 15,
  minOrderLots: 1,
  maxOrderLots: 1_000_000,
  maxPositionLots: 5_000_000,
  minNotionalQuote: 10_000_000,
  maxOpenInterestLots: 0,
  priceBandPpm: 50_000,
  markBandPpm: 30_000,
  fixedIndexTicks: 120_000,
} as const

const genesis = [
  {
    kind: 'Genesis',
    chainId: 1337,
    settlementLagS,
    publisherCount: 1,
    publisherQuorum: 1,
    contract,
    publishers: [`0x${'22'.repeat(20)}`],
  },
  btc,
  { ...btc, market: 1, symbol: 'ETH-PERP', fixedIndexTicks: 6_000, priceBandPpm: 0 },
]

export type TestExchange = {
  gateway: Gateway
  commands: CommandClient
  config: GatewayConfig
  /** Credits a deposit and waits until the gateway shows the account. */
  fund: (signer: LocalSigner, usdc: number, subaccount?: number) => Promise<void>
  /** Tells the engine of a session key: everything for a day, unless `terms` say less. */
  registerKey: (
    owner: LocalSigner,
    key: LocalSigner,
    terms?: Partial<Omit<RegisterKey, 'kind' | 'key' | 'owner'>>,
  ) => Promise<void>
  revokeKey: (key: LocalSigner) => Promise<void>
  /** A signed transfer between subaccounts of one owner. */
  transfer: (
    signer: LocalSigner,
    subaccount: number,
    toSubaccount: number,
    amount: string,
  ) => Promise<TransferRequest>
  /** A signed withdrawal. */
  withdrawal: (signer: LocalSigner, amount: string) => Promise<WithdrawalRequest>
  /** Pays into a market's insurance from the first account; answers the seq. */
  fundInsurance: (signer: LocalSigner, market: number, usdc: number) => Promise<number>
  /** A second gateway on the same sequencer. */
  another: (changes?: Partial<GatewayConfig>) => Promise<Gateway>
  killSequencer: () => void
  startSequencer: () => Promise<void>
  close: () => Promise<void>
}

const generous = { perSecond: 1_000_000, burst: 1_000_000 }

export function testConfig(
  sequencer: Address,
  changes: Partial<GatewayConfig> = {},
): GatewayConfig {
  return {
    logLevel: 'silent',
    statusListen: 'none',
    parentPid: undefined,
    sequencer,
    host: '127.0.0.1',
    port: 0,
    chainId: 1337,
    contract,
    tokenSecret: 'a test secret of at least thirty-two letters',
    databaseUrl: undefined,
    marginUrl: undefined,
    verifyThreads: 0,
    devnetFile: undefined,
    dataDirectory: undefined,
    snapshotCommands: 1_000_000,
    origins: [],
    connectionsPerAddressMax: 100,
    connectionsMax: 1_000,
    traffic: {
      ordersPerAccount: generous,
      cancelsPerAccount: generous,
      requestsPerAddress: generous,
      badSignaturesPerAddress: generous,
      exempt: new Set(),
    },
    ...changes,
  }
}

function spawnSequencer(directory: string, address: Address): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--conditions=@plumb/source', sequencerMain],
    {
      env: {
        PLUMB_SEQUENCER: address,
        PLUMB_SEQUENCER_DATA: join(directory, 'data'),
        PLUMB_GENESIS: join(directory, 'genesis.json'),
        PLUMB_SEGMENT_BYTES: String(1024 * 1024),
        PLUMB_DISK_LOW_BYTES: '0',
        PLUMB_PARENT_PID: String(process.pid),
      },
    },
  )
  return new Promise((resolve, reject) => {
    let output = ''
    const heard = (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('"serving"')) resolve(child)
    }
    child.stdout.on('data', heard)
    child.stderr.on('data', heard)
    child.on('exit', () => {
      reject(new Error(output))
    })
  })
}

async function untilReady(gateway: Gateway): Promise<Gateway> {
  while (!gateway.ready().ready) await new Promise((resolve) => setTimeout(resolve, 10))
  return gateway
}

/** Waits until a gateway's view has a command. */
async function shown(gateway: Gateway, seq: number): Promise<void> {
  const seen = () => {
    const { detail } = gateway.ready()
    return 'seq' in detail && Number(detail.seq) >= seq
  }
  while (!seen()) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** Boots sequencer and gateway on a free port. */
export async function startExchange(changes: Partial<GatewayConfig> = {}): Promise<TestExchange> {
  const directory = mkdtempSync(join(tmpdir(), 'plumb-g-'))
  writeFileSync(join(directory, 'genesis.json'), JSON.stringify(genesis))
  const address: Address = `unix:${directory}/s.sock`
  let child = await spawnSequencer(directory, address)
  const config = testConfig(address, changes)
  const gateway = await untilReady(await createGateway(config, silentLogger))
  const gateways = [gateway]
  const commands = createCommandClient({ address, name: 'test' })
  await commands.ready()
  let depositId = 0
  return {
    gateway,
    commands,
    config,
    async fund(signer, usdc, subaccount = 0) {
      depositId += 1
      const { seq } = await commands.submit(
        encodeCommand({
          kind: 'CreditDeposit',
          owner: addressBytes(signer.address),
          subaccount,
          amountQuote: usdc * 1_000_000,
          depositId,
          blockNumber: depositId,
          txHash: new Uint8Array(32).fill(depositId),
        }),
      )
      await shown(gateway, seq)
    },
    async registerKey(owner, key, terms = {}) {
      const reply = await commands.submit(
        encodeCommand({
          kind: 'RegisterKey',
          key: addressBytes(key.address),
          owner: addressBytes(owner.address),
          subaccount: 0,
          allSubaccounts: 1,
          expiryS: Math.floor(Date.now() / 1_000) + 100_000,
          notionalQuote: 1_000_000_000_000,
          marketsLow: 0xffff_ffff,
          marketsHigh: 0xffff_ffff,
          maxPositionLots: Number.MAX_SAFE_INTEGER,
          maxOrderNotionalQuote: Number.MAX_SAFE_INTEGER,
          ...terms,
        }),
      )
      if (decodeEvents(reply.events)[0]?.kind !== 'KeyRegistered') throw new Error('no such key')
      await shown(gateway, reply.seq)
    },
    async revokeKey(key) {
      const expiryS = Math.floor(Date.now() / 1_000) + 1_800
      const { seq } = await commands.submit(
        encodeCommand({ kind: 'RevokeKey', key: addressBytes(key.address), expiryS }),
      )
      await shown(gateway, seq)
    },
    async transfer(signer, subaccount, toSubaccount, amount) {
      laneSeq += 1
      const expiry = Math.floor(Date.now() / 1_000) + 86_400
      const [lane, seq] = [laneSeq % 1_024, laneSeq]
      const unsigned = {
        account: signer.address,
        subaccount,
        toSubaccount,
        amount,
        lane,
        seq,
        expiry,
      }
      const signature = await signTyped(signer, transferTypedData(domain, unsigned))
      return { ...unsigned, signature }
    },
    async withdrawal(signer, amount) {
      laneSeq += 1
      const expiry = Math.floor(Date.now() / 1_000) + 86_400
      const [lane, seq] = [laneSeq % 1_024, laneSeq]
      const unsigned = { account: signer.address, subaccount: 0, amount, lane, seq, expiry }
      return signWithdraw(signer, domain, unsigned)
    },
    async fundInsurance(signer, market, usdc) {
      laneSeq += 1
      const expiryS = Math.floor(Date.now() / 1_000) + 86_400
      const gift = { subaccount: 0, market, amountQuote: usdc * 1_000_000, lane: 1_023 }
      const signed = { ...gift, seq: laneSeq, expiry: expiryS }
      const long = hexBytes(await signFundInsurance(signer, domain, signed))
      const signature = compactSignature(long) ?? long
      const command = { kind: 'FundInsurance', accountId: 1, ...gift, laneSeq, expiryS } as const
      const reply = await commands.submit(
        encodeCommand({ ...command, signer: addressBytes(signer.address), signature }),
      )
      return reply.seq
    },
    async another(more = {}) {
      const second = await untilReady(
        await createGateway(testConfig(address, { ...changes, ...more }), silentLogger),
      )
      gateways.push(second)
      return second
    },
    killSequencer() {
      child.removeAllListeners('exit')
      child.kill('SIGKILL')
    },
    async startSequencer() {
      child = await spawnSequencer(directory, address)
    },
    async close() {
      await commands.close()
      for (const one of gateways) await one.close()
      const ended = new Promise((resolve) => child.once('exit', resolve))
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await ended
      }
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** A wallet of its own for each number. */
export function wallet(n: number): LocalSigner {
  return privateKeyAccount(n.toString(16).padStart(64, '0'))
}

let laneSeq = 0
/** A valid order with a fresh lane sequence; `changes` before signing. */
export function order(
  signer: LocalSigner,
  changes: Partial<OrderRequest> = {},
): Promise<OrderRequest> {
  laneSeq += 1
  const market = changes.market === 'ETH-PERP' ? 1 : 0
  return signOrder(signer, domain, market, {
    account: signer.address,
    subaccount: 0,
    market: 'BTC-PERP',
    side: 'buy',
    type: 'limit',
    price: '60000',
    amount: '0.01',
    timeInForce: 'GTC',
    postOnly: false,
    reduceOnly: false,
    maxFee: 45,
    lane: laneSeq % 1_024,
    seq: laneSeq,
    expiry: Math.floor(Date.now() / 1_000) + 86_400,
    ...changes,
  })
}

/** What JSON.parse makes of an answer: tests look at it as they like. */
export type Json = ReturnType<typeof JSON.parse>
export type Answer = { status: number; headers: Headers; body: Json }

/** One REST request. Text bodies are sent as they are. */
export async function rest(
  gateway: Gateway,
  method: string,
  path: string,
  options: { body?: unknown; token?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { body, token, headers } = options
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text,
  }
}

export async function login(signer: LocalSigner, changes: Partial<LoginRequest> = {}) {
  const now = Date.now()
  return signLogin(signer, domain, {
    account: signer.address,
    issuedAt: now,
    expiresAt: now + 3_600_000,
    ...changes,
  })
}

export async function tokenOf(gateway: Gateway, signer: LocalSigner): Promise<string> {
  const { body } = await rest(gateway, 'POST', '/v1/auth', { body: await login(signer) })
  return body.token
}

/** A stream client that keeps everything it hears. */
export class TestStream {
  readonly messages: Json[] = []
  readonly socket: WebSocket
  closed: { code: number; reason: string } | null = null
  #waiting: (() => void)[] = []
  #nextId = 0

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString()))
      for (const wake of this.#waiting.splice(0)) wake()
    })
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) }
      for (const wake of this.#waiting.splice(0)) wake()
    })
  }

  static async open(gateway: Gateway, headers: Record<string, string> = {}): Promise<TestStream> {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/v1/ws`, { headers })
    await new Promise((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    return new TestStream(socket)
  }

  /** First message, from `after` on, that matches. */
  async find(matches: (message: Json) => boolean, after = 0): Promise<Json> {
    const deadline = Date.now() + 20_000
    for (;;) {
      const found = this.messages.slice(after).find(matches)
      if (found !== undefined) return found
      if (this.closed !== null || Date.now() > deadline)
        throw new Error(`not heard; last: ${JSON.stringify(this.messages.at(-1))}`)
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
        setTimeout(resolve, 100)
      })
    }
  }

  /** Sends a request and waits for its answer. */
  async ask(request: Record<string, unknown>): Promise<Json> {
    this.#nextId += 1
    const id = `t${this.#nextId}`
    this.socket.send(JSON.stringify({ id, ...request }))
    return this.find((message) => message.id === (request['id'] ?? id))
  }

  async signIn(gateway: Gateway, signer: LocalSigner): Promise<void> {
    await this.ask({ op: 'auth', token: await tokenOf(gateway, signer) })
  }

  close(): void {
    this.socket.terminate()
  }
}
