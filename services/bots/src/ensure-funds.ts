//! Gives a bot an account: on a devnet it mints and deposits by itself, elsewhere it waits for its owner to do so.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@plumb/runtime'
import { type Client, createWallet, type DevnetInfo, NotFoundError } from '@plumb/sdk'
import type { BotAccount } from './bot-account.ts'

const PAUSE_MS = 1_000

/**
 * Resolves once the exchange knows the account. Deposits at most once: tokens that the contract already holds for it
 * are only waited for.
 */
export async function ensureFunds(
  client: Client,
  account: BotAccount,
  amountQuote: number,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  if (await account.trader.isFunded()) return
  const devnet = await devnetOf(client)
  if (devnet === undefined) logger.warn({ account: account.address }, 'waiting for a deposit')
  else await depositOnce(devnet, account, amountQuote, logger)
  while (!(await account.trader.isFunded())) await sleep(PAUSE_MS, undefined, { signal })
  logger.info({ account: account.address }, 'account is funded')
}

async function devnetOf(client: Client): Promise<DevnetInfo | undefined> {
  try {
    return await client.devnet()
  } catch (error) {
    if (error instanceof NotFoundError) return undefined
    throw error
  }
}

async function depositOnce(
  { rpcUrl, contract, token }: DevnetInfo,
  { address, privateKey }: BotAccount,
  amountQuote: number,
  logger: Logger,
): Promise<void> {
  const wallet = createWallet({ rpcUrl, contract, token, signer: privateKey })
  try {
    const { cashQuote } = await wallet.account(address)
    if (cashQuote > 0) return // deposited before a restart; the credit is on its way
    const held = await wallet.tokenBalance()
    if (held < amountQuote) await wallet.mint(amountQuote - held)
    const { txHash, depositId } = await wallet.deposit(amountQuote)
    logger.info({ account: address, amountQuote, depositId, txHash }, 'deposited')
  } finally {
    wallet.close()
  }
}
