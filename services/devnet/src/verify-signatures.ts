//! Recovers the signer of every accepted command that somebody signed, as the contract would.
import { createVerifier, scaleE8, type Verifier } from '@plumb/chain'
import {
  type Command,
  decodeCommand,
  type EngineEvent,
  type Genesis,
  type Market,
  orderFlag,
  orderKind,
} from '@plumb/model'
import type { AccountBook } from './verify-account-book.ts'
import { VerifyError } from './verify-error.ts'
import type { ReplayedBatch } from './verify-journal.ts'

type Signed = Extract<Command, { signature: Uint8Array }>
type Order = Extract<Signed, { kind: 'PlaceOrder' | 'PlaceAdvancedOrder' | 'AmendOrder' }>
type Payment = Exclude<Signed, Order | { kind: 'ObservePrice' }>

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
  async take({ commands }: Pick<ReplayedBatch, 'commands'>): Promise<void> {
    for (const { seq, payload, events } of commands) {
      const { command } = decodeCommand(payload)
      if (command.kind === 'Genesis') await this.open(command)
      else if (command.kind === 'ListMarket') this.markets.set(command.market, command)
      else if (!accepted(events)) continue
      else if (command.kind === 'RegisterKey')
        this.keys.set(hexOf(command.key), hexOf(command.owner))
      else if ('signature' in command) this.check(seq, command)
    }
  }

  private async open(genesis: Genesis): Promise<void> {
    this.genesis = genesis
    this.verifier = await createVerifier({
      chainId: genesis.chainId,
      contract: hexOf(genesis.contract),
    })
  }

  private check(seq: number, command: Signed): void {
    const { verifier, genesis } = this
    if (verifier === undefined || genesis === undefined)
      throw new VerifyError('journal', 'the first command is not Genesis')
    switch (command.kind) {
      case 'ObservePrice': {
        const { publisher, page, publishTimeMs, prices, count, signature } = command
        const at = publisher * 20
        const packed = packPrices(prices.slice(0, count))
        const message = { page, timestampMs: publishTimeMs, prices: packed }
        const signer = verifier.recoverPricesSigner(message, signature)
        return this.expect(seq, signer, hexOf(genesis.publishers.subarray(at, at + 20)))
      }
      case 'RequestWithdrawal':
      case 'Transfer':
      case 'FundInsurance':
        return this.checkPayment(seq, verifier, command)
      case 'PlaceOrder':
      case 'PlaceAdvancedOrder':
      case 'AmendOrder':
        return this.checkOrder(seq, verifier, command)
      default:
        // A new kind of signed command must say what was signed.
        return command satisfies never
    }
  }

  private checkPayment(seq: number, verifier: Verifier, payment: Payment): void {
    const { accountId, amountQuote, lane, laneSeq, expiryS, signature } = payment
    const account = this.book.accounts.get(accountId)
    const subaccount = account?.subaccount ?? 0
    const message = { subaccount, amount: amountQuote, lane, seq: laneSeq, expiry: expiryS }
    const signer =
      payment.kind === 'RequestWithdrawal'
        ? verifier.recoverWithdrawSigner(message, signature)
        : payment.kind === 'Transfer'
          ? verifier.recoverTransferSigner({ ...message, to: payment.toSubaccount }, signature)
          : verifier.recoverFundInsuranceSigner({ ...message, to: payment.market }, signature)
    this.expect(seq, signer, account?.owner)
  }

  private checkOrder(seq: number, verifier: Verifier, order: Order): void {
    const account = this.book.accounts.get(order.accountId)
    const market = this.markets.get(order.market)
    if (market === undefined)
      throw new VerifyError('journal', `seq ${seq}: no market ${order.market}`)
    // Of triggers only those on the mark that the contract judges are signed.
    const isTriggerSigned =
      order.orderKind === orderKind.stop || order.orderKind === orderKind.takeProfit
    const message = {
      market: order.market,
      subaccount: account?.subaccount ?? 0,
      side: order.side,
      flags: order.flags,
      kind: order.orderKind,
      price: scaleE8(order.priceTicks, market.tickE8),
      size: scaleE8(order.sizeLots, market.lotE8),
      trigger: isTriggerSigned ? scaleE8(order.triggerTicks, market.tickE8) : 0,
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
