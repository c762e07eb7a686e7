//! Keeps a bot's rounds going through outages: quiet while the exchange is away, current again before the next round.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@plumb/runtime'
import { PlumbError } from '@plumb/sdk'
import type { BotAccount } from './bot-account.ts'

const RESYNC_MS = 30_000

export type BotRun = {
  account: BotAccount
  periodMs: number
  /** One round, called while the account is current. */
  round: () => Promise<void>
  logger: Logger
  signal: AbortSignal
}

/** Runs rounds until the signal aborts. Expected failures end a round, never the bot; a bug is thrown. */
export async function runBot({ account, periodMs, round, logger, signal }: BotRun): Promise<void> {
  let away = false
  let syncedMs = 0
  while (!signal.aborted) {
    try {
      if (!account.current || Date.now() - syncedMs > RESYNC_MS) {
        await account.resync()
        syncedMs = Date.now()
      }
      if (account.current) {
        if (away) logger.info('the exchange is back')
        away = false
        await round()
      }
    } catch (error) {
      if (!(error instanceof PlumbError)) throw error
      if (!away) logger.warn({ code: error.code, message: error.message }, 'the exchange is away')
      away = true
    }
    await sleep(periodMs, undefined, { signal }).catch(() => {}) // aborted: the loop ends
  }
}

/** Repeats `attempt` every second until it succeeds: for the start, when the exchange may not be up yet. */
export async function untilDone<T>(
  attempt: () => Promise<T>,
  logger: Logger,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 0; ; tries++)
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof PlumbError) || signal.aborted) throw error
      if (tries === 0) logger.info({ code: error.code, message: error.message }, 'waiting')
      await sleep(1_000, undefined, { signal })
    }
}

/** Rounds of a bot without an account on the exchange. What fails is the chain, or the way to it: the next round tries again. */
export async function runRounds({
  periodMs,
  round,
  logger,
  signal,
}: Omit<BotRun, 'account'>): Promise<void> {
  let away = false
  while (!signal.aborted) {
    try {
      await round()
      if (away) logger.info('the chain is back')
      away = false
    } catch (error) {
      if (!away) logger.warn({ err: error }, 'the chain is away')
      away = true
    }
    await sleep(periodMs, undefined, { signal }).catch(() => {}) // aborted: the loop ends
  }
}
