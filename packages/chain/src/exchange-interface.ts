//! Encodes calls of the settlement contract and decodes its answers and events.
import { Interface } from 'ethers'
import { plumbExchangeAbi } from './generated/plumb-exchange.ts'

export const exchangeInterface = new Interface(plumbExchangeAbi)

/** Topic of an event by name. */
export const topicOf = (name: string): string => {
  const event = exchangeInterface.getEvent(name)
  if (event === null) throw new RangeError(`no event ${name}`)
  return event.topicHash
}
