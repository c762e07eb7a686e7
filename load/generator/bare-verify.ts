//! What one core recovers a second with nothing around it: the yardstick of everything that is signed.
import { createVerifier, type OrderFields } from '@plumb/chain'
import { loadSigner } from './load-accounts.ts'

const ROUNDS = 3
const EACH = 4_000

/** Signatures recovered in a second of CPU, the best of three rounds. */
export async function bareVerifications(): Promise<number> {
  const verifier = await createVerifier({ chainId: 1337, contract: `0x${'11'.repeat(20)}` })
  const signature = Buffer.from(
    loadSigner(0).signDigest(new Uint8Array(32).fill(7)).slice(2),
    'hex',
  )
  const order: OrderFields = {
    market: 0,
    subaccount: 0,
    side: 0,
    flags: 0,
    kind: 0,
    price: 6_000_000_000_000,
    size: 10_000_000,
    trigger: 0,
    maxFee: 45,
    lane: 0,
    seq: 1,
    expiry: 1_790_000_000,
  }
  let best = 0
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage()
    for (let i = 0; i < EACH; i++) verifier.recoverOrderSigner({ ...order, seq: i + 1 }, signature)
    const { user, system } = process.cpuUsage(start)
    best = Math.max(best, (EACH * 1e6) / (user + system))
  }
  return best
}
