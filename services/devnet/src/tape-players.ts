//! Keys of the accounts that replay tapes and make load: the same on every devnet, exempt from its rate limits.
import { createHash } from 'node:crypto'
import { createDigestSigner, type DigestSigner } from '@plumb/chain'

/** How many there are; tapes play with the first, load/generator/load-accounts.ts derives the same keys. */
const playerCount = 384

/** The signer of a player, 0 … playerCount − 1. */
export function playerSigner(number: number): DigestSigner {
  const digest = createHash('sha256').update(`plumb devnet player ${number}`).digest('hex')
  return createDigestSigner(`0x${digest}`)
}

/** Addresses of all players. */
export function playerAddresses(): string[] {
  return Array.from({ length: playerCount }, (_, number) => playerSigner(number).address)
}
