//! The road of what is no order: signed money, leverage, margin mode, the dead man's switch.
import { hexBytes } from '@plumb/chain'
import { encodeCommand } from '@plumb/model'
import {
  type CancelAfterReply,
  type LeverageObject,
  type MarginModeObject,
  PlumbError,
  type TransferReply,
  type TransferRequest,
  type WithdrawalReply,
  type WithdrawalRequest,
} from '@plumb/protocol'
import type { Origin } from '../guard/traffic-guard.ts'
import type { AccountView } from '../view/account-view.ts'
import type { MarketView } from '../view/market-view.ts'
import {
  internalTransferObject,
  leverageObject,
  marginModeObject,
} from '../view/setting-objects.ts'
import { checkAmount, checkExpiry, checkLane, fundedAccount } from './order-checks.ts'
import type { EntryParts, Submission } from './submission.ts'

type SignedAmount = Pick<
  WithdrawalRequest,
  'account' | 'subaccount' | 'amount' | 'lane' | 'seq' | 'expiry' | 'signature'
>

export class AccountEntry {
  readonly #submission: Submission
  readonly #parts: EntryParts

  constructor(submission: Submission) {
    this.#submission = submission
    this.#parts = submission.parts
  }

  /** Requests a signed withdrawal. Throws PlumbError. */
  withdraw(request: WithdrawalRequest, origin: Origin): Promise<WithdrawalReply> {
    return this.#submission.measured('withdraw', async () => {
      const { account, amountQuote, fields } = this.#admitAmount(request, origin)
      const signature = hexBytes(request.signature)
      const job = this.#parts.pool.recoverWithdrawSigner(
        { ...fields, amount: amountQuote },
        signature,
      )
      const signed = await this.#submission.signedBy(request.account, signature, job, origin)
      const command = encodeCommand({
        kind: 'RequestWithdrawal',
        accountId: account.accountId,
        amountQuote,
        lane: request.lane,
        laneSeq: request.seq,
        expiryS: request.expiry,
        signer: signed.signer,
        signature: signed.signature,
      })
      const reply = await this.#submission.submit(command)
      const withdrawal = account.withdrawals.findLast((w) => w.withdrawalId === reply.seq)
      if (withdrawal === undefined) throw new PlumbError('TIMEOUT')
      const { objects } = this.#parts
      return { withdrawal: objects.withdrawal(account, withdrawal), seq: reply.seq }
    })
  }

  /** Moves money to another subaccount of the signer. Throws PlumbError. */
  transfer(request: TransferRequest, origin: Origin): Promise<TransferReply> {
    return this.#submission.measured('transfer', async () => {
      if (request.toSubaccount === request.subaccount)
        throw new PlumbError('BAD_REQUEST', {
          field: 'toSubaccount',
          message: 'toSubaccount: must be another one',
        })
      const { account, amountQuote, fields } = this.#admitAmount(request, origin)
      const signature = hexBytes(request.signature)
      const job = this.#parts.pool.recoverTransferSigner(
        { ...fields, amount: amountQuote, to: request.toSubaccount },
        signature,
      )
      const signed = await this.#submission.signedBy(request.account, signature, job, origin)
      const command = encodeCommand({
        kind: 'Transfer',
        accountId: account.accountId,
        toSubaccount: request.toSubaccount,
        amountQuote,
        lane: request.lane,
        laneSeq: request.seq,
        expiryS: request.expiry,
        signer: signed.signer,
        signature: signed.signature,
      })
      const reply = await this.#submission.submit(command)
      const transfer = account.transfers.findLast(({ seq }) => seq === reply.seq)
      if (transfer === undefined) throw new PlumbError('TIMEOUT')
      return { transfer: internalTransferObject(account, transfer), seq: reply.seq }
    })
  }

  /** Chooses the leverage of a market; 0 = none of one's own. Throws LEVERAGE_UNCHANGED and what the engine refuses. */
  setLeverage(
    owner: string,
    subaccount: number,
    market: MarketView,
    leverage: number,
  ): Promise<LeverageObject> {
    return this.#submission.measured('leverage', async () => {
      const account = this.#admitChange(owner, subaccount)
      const { market: id } = market.definition
      if ((account.leverages.get(id) ?? 0) === leverage)
        throw new PlumbError('LEVERAGE_UNCHANGED', { field: 'leverage', limit: leverage })
      const { accountId } = account
      await this.#submission.submit(
        encodeCommand({ kind: 'SetLeverage', accountId, market: id, leverage }),
      )
      return leverageObject(account, market, leverage)
    })
  }

  /** Binds a subaccount to one market (isolated) or frees it (cross). Throws MARGIN_MODE_UNCHANGED. */
  setMarginMode(
    owner: string,
    subaccount: number,
    market: MarketView,
    mode: 'cross' | 'isolated',
  ): Promise<MarginModeObject> {
    return this.#submission.measured('margin_mode', async () => {
      const account = this.#admitChange(owner, subaccount)
      const { market: id } = market.definition
      const isolatedMarket = mode === 'isolated' ? id : -1
      if (account.isolatedMarket === isolatedMarket)
        throw new PlumbError('MARGIN_MODE_UNCHANGED', { field: 'marginMode' })
      const { accountId } = account
      await this.#submission.submit(
        encodeCommand({ kind: 'SetAccountMode', accountId, isolatedMarket }),
      )
      return marginModeObject(this.#parts.view, account, market, isolatedMarket)
    })
  }

  /** Cancels everything, or all of one market, unless it is called again in time; 0 disarms. Throws PlumbError. */
  cancelAfter(
    owner: string,
    subaccount: number,
    market: MarketView | null,
    timeoutMs: number,
  ): Promise<CancelAfterReply> {
    return this.#submission.measured('cancel_after', async () => {
      const { view, guard, clock } = this.#parts
      guard.cancel(owner, clock.nowMs())
      this.#submission.requireReady(true)
      const { accountId } = fundedAccount(view, owner, subaccount)
      const scope = market === null ? 0 : market.definition.market + 1
      const reply = await this.#submission.submit(
        encodeCommand({ kind: 'SetDeadMan', accountId, scope, timeoutMs }),
      )
      const triggerAt = timeoutMs === 0 ? null : reply.timeMs + timeoutMs
      const symbol = market?.definition.symbol ?? null
      const { seq } = reply
      return { account: owner.toLowerCase(), subaccount, market: symbol, triggerAt, seq }
    })
  }

  #admitChange(owner: string, subaccount: number): AccountView {
    const { view, guard, clock } = this.#parts
    guard.change(owner, clock.nowMs())
    this.#submission.requireReady()
    return fundedAccount(view, owner, subaccount)
  }

  #admitAmount(request: SignedAmount, origin: Origin) {
    const { view, guard, clock } = this.#parts
    const nowMs = clock.nowMs()
    guard.order(request.account, false, origin, nowMs)
    this.#submission.requireReady()
    checkLane(request.lane)
    checkExpiry(view, request.expiry, nowMs)
    const amountQuote = checkAmount(request.amount)
    const account = fundedAccount(view, request.account, request.subaccount)
    this.#submission.requireRoom()
    const { subaccount, lane, seq, expiry } = request
    return { account, amountQuote, fields: { subaccount, lane, seq, expiry } }
  }
}
