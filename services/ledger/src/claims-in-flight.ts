//! What the contract paid or reduced outside of batches and the engine had not followed by a given seq.
import { outsideLogs, type Rpc } from '@plumb/chain'
import { type Ledger, loadRelayerRecord } from '@plumb/ledger'
import { z } from 'zod'
import { accountName } from './deposit-trail.ts'

/** Claims by account name, micro-USDC; accounts whose position moved too are not to be compared before that is followed. */
export type ClaimsInFlight = {
  byAccount: ReadonlyMap<string, number>
  totalQuote: number
  moved: ReadonlySet<string>
}

/** Kind and key of the relayer's own record of how far it follows the contract's log (services/relayer). */
const RECORD_KIND = 20
const RECORD_KEY = 'place'
const place = z.object({
  followed: z.array(z.object({ blockNumber: z.int(), seq: z.int() })),
})

/** The last block that was followed whole by `seq`; 0 when none was. */
async function followedBlock(ledger: Ledger, seq: number): Promise<number> {
  const body = await loadRelayerRecord(ledger, RECORD_KIND, RECORD_KEY)
  if (body === undefined) return 0
  const { followed } = place.parse(JSON.parse(Buffer.from(body).toString()))
  return followed.findLast((one) => one.seq <= seq)?.blockNumber ?? 0
}

export async function claimsInFlight(
  ledger: Ledger,
  chain: { rpc: Rpc; contract: string; block: number; toSeq: number; backstop: string },
): Promise<ClaimsInFlight> {
  const { rpc, contract, block, toSeq, backstop } = chain
  const fromBlock = (await followedBlock(ledger, toSeq)) + 1
  const logs =
    fromBlock > block ? [] : await outsideLogs(rpc, contract, { fromBlock, toBlock: block })
  const byAccount = new Map<string, number>()
  const moved = new Set<string>()
  let totalQuote = 0
  for (const { owner, subaccount, paidQuote, backstopSubaccount } of logs) {
    const name = accountName(owner, subaccount)
    byAccount.set(name, (byAccount.get(name) ?? 0) + paidQuote)
    totalQuote += paidQuote
    if (backstopSubaccount === undefined) continue
    moved.add(name)
    moved.add(accountName(backstop, backstopSubaccount))
  }
  return { byAccount, totalQuote, moved }
}
