//! Recovers the signer of every accepted order, withdrawal and price message, as the contract would.
import { createVerifier, scaleE8, type Verifier } from '@plumb/chain'
import {
  type Command,
  decodeCommand,
  type EngineEvent,
  type Genesis,
  type Market,
  orderFlag,
} from '@plumb/model'
import type { AccountBook } from './verify-account-book.ts'
import { VerifyError } from './verify-error.ts'
import type { ReplayedBatch } from './verify-journal.ts'

type Order = Extract<Command, { kind: 'PlaceOrder' | 'AmendOrder' }>

const hexOf = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`

const packPrices = (prices: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(prices.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [i, price] of prices.entries()) view.setUint32(i * 4, price)
  return bytes
}

/** Follows a replay; needs the Genesis command first. */
export class SignatureCheck {
  private readonly book: AccountBook
  private readonly markets = new Map<number, Market>()
  /** Owners of session keys. */
  private readonly keys = new Map<string, string>()
  private genesis: Genesis | undefined
  private verifier: Verifier | undefined
  checked = 0

  constructor(book: AccountBook) {
    this.book = book
  }

  /** @throws VerifyError naming the first signature that is not its account's */
  async take({ commands }: ReplayedBatch): Promise<void> {
    for (const { seq, payload, events } of commands) {
      const { command } = decodeCommand(payload)
      if (command.kind === 'Genesis') await this.open(command)
      else if (command.kind === 'ListMarket') this.markets.set(command.market, command)
      else if (!accepted(events)) continue
      else if (command.kind === 'RegisterKey')
        this.keys.set(hexOf(command.key), hexOf(command.owner))
      else this.check(seq, command)
    }
  }

  private async open(genesis: Genesis): Promise<void> {
    this.genesis = genesis
    this.verifier = await createVerifier({
      chainId: genesis.chainId,
      contract: hexOf(genesis.contract),
    })
  }

  private check(seq: number, command: Command): void {
    const { verifier, genesis } = this
    if (verifier === undefined || genesis === undefined)
      throw new VerifyError('journal', 'the first command is not Genesis')
    if (command.kind === 'ObservePrice') {
      const { publisher, page, publishTimeMs, prices, count, signature } = command
      const at = publisher * 20
      const message = {
        page,
        timestampMs: publishTimeMs,
        prices: packPrices(prices.slice(0, count)),
      }
      const signer = verifier.recoverPricesSigner(message, signature)
      this.expect(seq, signer, hexOf(genesis.publishers.subarray(at, at + 20)))
    } else if (command.kind === 'RequestWithdrawal') {
      const { accountId, amountQuote, lane, laneSeq, expiryS, signature } = command
      const account = this.book.accounts.get(accountId)
      const fields = { amount: amountQuote, lane, seq: laneSeq, expiry: expiryS }
      const message = { subaccount: account?.subaccount ?? 0, ...fields }
      this.expect(seq, verifier.recoverWithdrawSigner(message, signature), account?.owner)
    } else if (command.kind === 'PlaceOrder' || command.kind === 'AmendOrder')
      this.checkOrder(seq, verifier, command)
  }

  private checkOrder(seq: number, verifier: Verifier, order: Order): void {
    const account = this.book.accounts.get(order.accountId)
    const market = this.markets.get(order.market)
    if (market === undefined)
      throw new VerifyError('journal', `seq ${seq}: no market ${order.market}`)
    const message = {
      market: order.market,
      subaccount: account?.subaccount ?? 0,
      side: order.side,
      flags: order.flags,
      kind: order.orderKind,
      price: scaleE8(order.priceTicks, market.tickE8),
      size: scaleE8(order.sizeLots, market.lotE8),
      trigger: scaleE8(order.triggerTicks, market.tickE8),
      maxFee: order.maxFee,
      lane: order.lane,
      seq: order.laneSeq,
      expiry: order.expiryS,
    }
    const signer = verifier.recoverOrderSigner(message, order.signature)
    if ((order.flags & orderFlag.sessionKey) === 0) return this.expect(seq, signer, account?.owner)
    const key = hexOf(order.signer)
    if (this.keys.get(key) !== account?.owner)
      throw new VerifyError(
        'signature',
        `seq ${seq}: ${key} is no session key of ${account?.owner}`,
      )
    return this.expect(seq, signer, key)
  }

  private expect(seq: number, signer: Uint8Array | null, owner: string | undefined): void {
    this.checked += 1
    const found = signer === null ? 'nobody' : hexOf(signer)
    if (found !== owner)
      throw new VerifyError('signature', `seq ${seq}: signed by ${found}, must be ${owner}`)
  }
}

/** A refused or repeated command changed nothing; its signature is nobody's business. */
const accepted = (events: readonly EngineEvent[]) =>
  events.every(({ kind }) => kind !== 'CommandRejected' && kind !== 'DuplicateRequest')
