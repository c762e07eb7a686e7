//! Final registrations and revocations of session keys, told to the engine exactly once: it refuses repeats, so telling
//! the same blocks again is safe.
import { type ChainKeyEvent, hexBytes, type KeyReader } from '@plumb/chain'
import { type Command, decodeEvents, encodeCommand, rejectCode, rejectName } from '@plumb/model'
import { type CommandClient, faultPoint, type Logger } from '@plumb/runtime'

export type KeyReporterOptions = {
  reader: KeyReader
  commands: Pick<CommandClient, 'submit'>
  logger: Logger
}

/** Tells the engine of the session keys of these blocks, both ends included; answers how many events there were. */
export type KeyReporter = (fromBlock: number, toBlock: number) => Promise<number>

const LOW_WORD = 0xffff_ffffn

// The engine's own limits are far below.
const amount = (value: bigint): number =>
  value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value)

const commandOf = (event: ChainKeyEvent): Command => {
  const key = hexBytes(event.key)
  const { expiryS } = event
  if (event.kind === 'revoked') return { kind: 'RevokeKey', key, expiryS }
  return {
    kind: 'RegisterKey',
    key,
    owner: hexBytes(event.owner),
    subaccount: event.subaccount,
    allSubaccounts: event.allSubaccounts ? 1 : 0,
    expiryS,
    notionalQuote: amount(event.notionalQuote),
    marketsLow: Number(event.markets & LOW_WORD),
    marketsHigh: Number(event.markets >> 32n),
    maxPositionLots: amount(event.maxPositionLots),
    maxOrderNotionalQuote: amount(event.maxOrderNotionalQuote),
  }
}

/** Told before a crash or an unanswered submit, or over by now: nothing is lost. */
const harmless: ReadonlySet<number> = new Set([
  rejectCode.KEY_USED,
  rejectCode.KEY_REVOKED,
  rejectCode.KEY_EXPIRED,
  rejectCode.UNKNOWN_SESSION_KEY,
])

/** @example const report = createKeyReporter({ reader, commands, logger }); await report(from, to) */
export const createKeyReporter = (options: KeyReporterOptions): KeyReporter => {
  const { reader, commands, logger } = options

  const tell = async (event: ChainKeyEvent) => {
    const { key, owner, kind, expiryS } = event
    const { seq, events } = await commands.submit(encodeCommand(commandOf(event)))
    faultPoint('relayer:key-told')
    const refusal = decodeEvents(events).find(({ kind: name }) => name === 'CommandRejected')
    if (refusal?.kind !== 'CommandRejected') {
      logger.info({ seq, key, owner, expiryS }, `session key ${kind}`)
    } else if (!harmless.has(refusal.code)) {
      // A key that the engine does not take signs no order there; everybody else goes on.
      logger.error({ key, owner, refusal: rejectName(refusal.code) }, `session key not ${kind}`)
    }
  }

  return async (fromBlock, toBlock) => {
    const found = await reader.read(fromBlock, toBlock)
    // All at once: the command channel keeps their order.
    const outcomes = await Promise.allSettled(found.map(tell))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    return found.length
  }
}
