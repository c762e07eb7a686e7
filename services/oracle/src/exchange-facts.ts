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

export type LearnOptions = {
  address: Address
  /** Symbols that the oracle can price: while one is not listed yet, the feed is followed on. */
  symbols: ReadonlySet<string>
  logger: Logger
  signal: AbortSignal
}

/**
 * Reads the feed from its beginning to its present end, at least until the exchange is open, and answers what it
 * learnt. Goes on in the background while a symbol with a price feed is not listed, so that one admin command lists
 * it without a restart here; else it leaves, since following every order would cost CPU for nothing. `ended` settles
 * when nothing more is read.
 */
export const learnExchange = async (
  options: LearnOptions,
): Promise<{ facts: ExchangeFacts; ended: Promise<void> }> => {
  const { address, symbols, logger, signal } = options
  const facts = createExchangeFacts()
  const feed = createFeedClient({ address, name: 'oracle', fromSeq: 1, logger })
  const stop = () => void feed.close()
  signal.addEventListener('abort', stop, { once: true })
  const isWaited = () => {
    const listed = new Set([...facts.markets.values()].map(({ symbol }) => symbol))
    return [...symbols].some((symbol) => !listed.has(symbol))
  }
  const read = async (open: () => void) => {
    let isOpen = false
    for await (const group of feed.groups()) {
      for (const entry of group.entries) learnFrom(facts, entry)
      isOpen ||=
        facts.genesis !== undefined && facts.markets.size > 0 && group.lastSeq >= feed.headSeq
      if (isOpen) open()
      if (isOpen && !isWaited()) break
    }
    signal.removeEventListener('abort', stop)
    await feed.close()
    open()
  }
  let ended = Promise.resolve()
  await new Promise<void>((resolve, reject) => {
    ended = read(resolve)
    ended.catch(reject)
  })
  return { facts, ended }
}
