//! What the oracle must know about the exchange, learnt from the feed: deployment, publishers, markets, last index.
import {
  commandKind,
  decodeCommand,
  decodeEvents,
  EVENT_STRIDE,
  eventHeader,
  eventKind,
  type Genesis,
  header,
  type Market,
  type Ticks,
} from '@plumb/model'
import { type Address, createFeedClient, type FeedEntry, type Logger } from '@plumb/runtime'

/** Deployment and markets, as far as the feed was read. */
export type ExchangeFacts = {
  genesis: Genesis | undefined
  markets: Map<number, Market>
  indexTicks: Map<number, Ticks>
}

const createExchangeFacts = (): ExchangeFacts => ({
  genesis: undefined,
  markets: new Map(),
  indexTicks: new Map(),
})

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Takes what one command of the feed says; almost all say nothing here, and are passed over undecoded. */
const learnFrom = (facts: ExchangeFacts, entry: FeedEntry): void => {
  const kind = viewOf(entry.command).getInt32(header.kindI32 * 4, true)
  if (kind === commandKind.ObservePrice || kind === commandKind.Tick) learnIndex(facts, entry)
  if (kind !== commandKind.Genesis && kind !== commandKind.ListMarket) return
  if (decodeEvents(entry.events).some((event) => event.kind === 'CommandRejected')) return
  const { command } = decodeCommand(entry.command)
  if (command.kind === 'Genesis') facts.genesis = command
  if (command.kind === 'ListMarket') facts.markets.set(command.market, command)
}

const learnIndex = (facts: ExchangeFacts, entry: FeedEntry) => {
  const view = viewOf(entry.events)
  for (let at = 0; at < entry.events.length; at += EVENT_STRIDE) {
    if (view.getInt32(at + eventHeader.kindI32 * 4, true) !== eventKind.IndexUpdated) continue
    for (const event of decodeEvents(entry.events.subarray(at, at + EVENT_STRIDE)))
      if (event.kind === 'IndexUpdated') facts.indexTicks.set(event.market, event.indexTicks)
  }
}

/**
 * Reads the feed from its beginning to its present end, at least until the exchange is open, then leaves: prices go
 * out through the command channel, and following every order would cost CPU for nothing. A market listed later is
 * learnt at the next start.
 */
export const learnExchange = async (
  address: Address,
  logger: Logger,
  signal: AbortSignal,
): Promise<ExchangeFacts> => {
  const facts = createExchangeFacts()
  const feed = createFeedClient({ address, name: 'oracle', fromSeq: 1, logger })
  const stop = () => void feed.close()
  signal.addEventListener('abort', stop, { once: true })
  for await (const group of feed.groups()) {
    for (const entry of group.entries) learnFrom(facts, entry)
    if (facts.genesis !== undefined && facts.markets.size > 0 && group.lastSeq >= feed.headSeq)
      break
  }
  signal.removeEventListener('abort', stop)
  await feed.close()
  return facts
}
