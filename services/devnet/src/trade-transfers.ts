//! Money in and out: on-chain deposit until credited, signed withdrawal until paid.
import { setTimeout as sleep } from 'node:timers/promises'
import { quoteToText, textToQuote } from '@plumb/sdk'
import { DevnetError } from './devnet-error.ts'
import { type Desk, openWallet } from './trade-connection.ts'
import { step } from './trade-terminal.ts'

const WAIT_MS = 120_000

/** Polls until `look` answers something. @throws DevnetError naming `what` after two minutes */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined>,
  pauseMs = 250,
): Promise<T> {
  const end = Date.now() + WAIT_MS
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > end)
      throw new DevnetError('TIMEOUT', `${what} did not happen within ${WAIT_MS / 1_000} s.`)
    await sleep(pauseMs)
  }
}

/** USDC text as micro-USDC. @throws DevnetError on anything but a positive amount */
export function usdc(text: string): number {
  const amountQuote = textToQuote(text)
  if (typeof amountQuote === 'number' && amountQuote > 0) return amountQuote
  throw new DevnetError('BAD_OPTION', `${text} is no amount of USDC (at most 6 decimals).`)
}

/** Deposits and waits until the exchange has credited it. Test tokens are minted if the wallet has too few. */
export async function deposit(desk: Desk, amountQuote: number): Promise<void> {
  const wallet = openWallet(desk)
  try {
    if ((await wallet.gasBalance()) === 0n)
      throw new DevnetError('NO_GAS', `${desk.address} has no ETH for gas on ${desk.devnet.rpcUrl}`)
    const held = await wallet.tokenBalance()
    if (held < amountQuote) {
      const { txHash } = await wallet.mint(amountQuote - held)
      step('done', 'minted', `${quoteToText(amountQuote - held)} test USDC  ${txHash}`)
    }
    const mined = await wallet.deposit(amountQuote)
    const { depositId, blockNumber, txHash } = mined
    step('done', 'deposited', `${quoteToText(amountQuote)} USDC in block ${blockNumber}  ${txHash}`)
    step('wait', 'waiting', 'for the block to be final and the deposit to be credited')
    const credited = await until('The credit', async () => {
      const { items } = await desk.trader.read.deposits({ limit: 50 }).catch(() => ({ items: [] }))
      return items.find(({ id, status }) => id === String(depositId) && status === 'ok')
    })
    step('done', 'credited', `deposit ${depositId} at seq ${credited.seq}`)
  } finally {
    wallet.close()
  }
}

/** Asks for a withdrawal and follows it until the contract has paid. */
export async function withdraw(desk: Desk, amount: string): Promise<void> {
  const wallet = openWallet(desk)
  try {
    const before = await wallet.tokenBalance()
    const { withdrawal, seq } = await desk.trader.withdraw(amount)
    step('done', 'accepted', `withdrawal ${withdrawal.id} of ${amount} USDC at seq ${seq}`)
    step('wait', 'waiting', 'for the settlement batch that pays it')
    const paid = await until('The payout', async () => {
      const { items } = await desk.trader.read.withdrawals({ limit: 50 })
      return items.find(({ id, status }) => id === withdrawal.id && status === 'ok')
    })
    const after = await wallet.tokenBalance()
    step(
      'done',
      'paid',
      `${quoteToText(after - before)} USDC to ${desk.address}  ${paid.txid ?? ''}`,
    )
  } finally {
    wallet.close()
  }
}
