//! Says each event of the oracle once: feeds' ages and deviations as metrics, an index lost or back also in the log.
import type { Logger, Metrics } from '@plumb/runtime'
import type { IndexReading, QuoteRefusal, WithheldReason } from './index/index-board.ts'
import type { Oracle } from './oracle.ts'

export type Telemetry = {
  /** Outcome of a price message: `accepted`, or the stable code of its refusal. */
  published(outcome: string): void
  refusedQuote(source: string, reason: QuoteRefusal): void
  /** Takes over what the oracle judged last. */
  observe(oracle: Oracle): void
}

export const createTelemetry = (metrics: Metrics, logger: Logger): Telemetry => {
  const feedLabels = ['publisher', 'instrument', 'source', 'symbol'] as const
  const messages = metrics.counter('prices_published_total', 'Price messages by outcome.', [
    'outcome',
  ])
  const refused = metrics.counter('oracle_quotes_refused_total', 'Quotes not taken, by reason.', [
    'source',
    'reason',
  ])
  const withheld = metrics.counter(
    'oracle_index_withheld_total',
    'Publications of a market or currency without an index, by reason.',
    ['publisher', 'instrument', 'reason'],
  )
  const confidence = metrics.gauge(
    'oracle_confidence_ppm',
    'Part of the configured weight that the index rests on.',
    ['publisher', 'instrument'],
  )
  const age = metrics.gauge('oracle_feed_age_seconds', 'Since a feed last spoke.', feedLabels)
  const deviation = metrics.gauge(
    'oracle_feed_deviation_ppm',
    'Of a feed from the index.',
    feedLabels,
  )
  const used = metrics.gauge('oracle_feed_used', '1 where the index rests on the feed.', feedLabels)
  const connections = metrics.gauge('oracle_source_connections', 'Connections opened so far.', [
    'source',
  ])
  const bad = metrics.gauge('oracle_source_bad_messages', 'Messages not understood so far.', [
    'source',
  ])
  const clock = metrics.gauge('oracle_clock_ok', '0 while the wall clock is in doubt.')

  /** Why an instrument had no index at the last publication; absent: it had one, or was never seen. */
  const lost = new Map<string, WithheldReason>()
  const noteIndex = (publisher: number, instrument: string, reading: IndexReading) => {
    const key = `${publisher} ${instrument}`
    const reason = reading.withheld
    if (reason === lost.get(key)) return
    const feeds = reading.feeds.flatMap(({ source, symbol, state }) =>
      state === 'used' ? [] : [`${source}/${symbol} ${state}`],
    )
    if (reason === undefined) {
      lost.delete(key)
      logger.info({ publisher, instrument }, 'index is back')
    } else {
      lost.set(key, reason)
      logger.warn({ publisher, instrument, reason, feeds }, 'index withheld')
    }
  }

  return {
    published: (outcome) => messages.inc({ outcome }),
    refusedQuote: (source, reason) => refused.inc({ source, reason }),
    observe: (oracle) => {
      const status = oracle.status()
      clock.set(status.clock === 'ok' ? 1 : 0)
      for (const health of status.sources) {
        connections.set({ source: health.name }, health.connections)
        bad.set({ source: health.name }, health.badMessages)
      }
      for (const { publisher, markets, currencies } of status.publishers)
        for (const [instrument, reading] of [...markets, ...currencies]) {
          const labels = { publisher, instrument }
          noteIndex(publisher, instrument, reading)
          confidence.set(labels, reading.confidencePpm)
          if (reading.withheld !== undefined) withheld.inc({ ...labels, reason: reading.withheld })
          for (const { source, symbol, state, ageMs, deviationPpm } of reading.feeds) {
            const feed = { ...labels, source, symbol }
            used.set(feed, state === 'used' ? 1 : 0)
            // A feed without an age or a deviation has no sample: 0 would look like a healthy one.
            if (ageMs === undefined) age.remove(feed)
            else age.set(feed, ageMs / 1_000)
            if (deviationPpm === undefined) deviation.remove(feed)
            else deviation.set(feed, deviationPpm)
          }
        }
    },
  }
}
