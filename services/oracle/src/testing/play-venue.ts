//! Feeds messages to a venue's session and says what came of each.
import { priceToText } from '../decimal.ts'
import { type Venue, VenueFault, type VenueQuote } from '../venues/venue.ts'

/** A quote as one line: symbol, bid, ask, last, time. */
export const quoteLine = ({ symbol, bid, ask, last, timeMs }: VenueQuote) =>
  [symbol, ...[bid, ask, last].map(priceToText), timeMs].join(' ')

/** What the tests' sessions have asked for. */
const symbols = ['BTCUSDT', 'ETH-USD', 'BTC-USDT', 'ltcusd', 'XBT/USD']

/** One session; answers each message's quotes, or the fault's code, or `?` for what is not understood. */
export const play = (venue: Venue, ...messages: (object | string)[]) => {
  const session = venue.openSession(symbols)
  return messages.map((message) => {
    try {
      const text = typeof message === 'string' ? message : JSON.stringify(message)
      return session.receive(text).map(quoteLine).join('; ')
    } catch (error) {
      return error instanceof VenueFault ? error.code : '?'
    }
  })
}
