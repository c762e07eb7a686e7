//! The accounts that play a tape: keys known to every devnet, funded once, with a clean slate before each run.
import { createRpc } from '@plumb/chain'
import {
  createWallet,
  LaneManager,
  type LocalSigner,
  privateKeyAccount,
  type Trader,
  textToQuote,
} from '@plumb/sdk'
import { playerSigner } from './tape-players.ts'
import type { Exchange } from './trade-connection.ts'
import { until } from './trade-transfers.ts'

/** One account of a replay. */
export type TapePlayer = { signer: LocalSigner; trader: Trader; lanes: LaneManager }

// Enough for the dearest tape (TAPE-BTC: 13 M USDC of margin, some 10 M of losses) many times over, and 15 accounts
// stay far below what the contract takes in all (9.0e15 micro-USDC).
const TARGET_QUOTE = 200_000_000_000_000
const REFILL_BELOW_QUOTE = TARGET_QUOTE / 2

/** The players' traders; nothing is sent yet. */
export function openPlayers({ client }: Exchange, count: number): TapePlayer[] {
  return Array.from({ length: count }, (_, i) => {
    const signer = playerSigner(i)
    return { signer, trader: client.trader(signer), lanes: new LaneManager() }
  })
}

/** Deposits what players lack, and waits until it is credited. Returns how many deposits were made. */
export async function fundPlayers(
  exchange: Exchange,
  players: readonly TapePlayer[],
  say: (line: string) => void,
): Promise<number> {
  const equities = await Promise.all(players.map(({ trader }) => equityQuote(trader)))
  const poor = players.flatMap((player, i) => {
    const missing = TARGET_QUOTE - (equities[i] ?? 0)
    return missing > TARGET_QUOTE - REFILL_BELOW_QUOTE ? [{ player, missing }] : []
  })
  if (poor.length === 0) return 0
  say(`depositing test USDC for ${poor.length} accounts …`)
  const bank = await openBank(exchange)
  try {
    await bank.mint(poor.reduce((sum, { missing }) => sum + missing, 0))
    await bank.depositForAll(
      poor.map(({ player, missing }) => ({ owner: player.signer.address, amountQuote: missing })),
    )
  } finally {
    bank.close()
  }
  for (const { player } of poor)
    await until('The credit of the deposits', async () =>
      (await equityQuote(player.trader)) >= REFILL_BELOW_QUOTE ? true : undefined,
    )
  return poor.length
}

/** Cancels what an abandoned run left and learns the lanes' sequence numbers. */
export async function resetPlayers(players: readonly TapePlayer[], market: string): Promise<void> {
  await Promise.all(
    players.map(async ({ trader, lanes }) => {
      if (await trader.isFunded()) await trader.cancelAll({ market })
      for (const [lane, seq] of Object.entries(await trader.read.lanes()))
        lanes.observe(Number(lane), seq)
    }),
  )
}

async function equityQuote(trader: Trader): Promise<number> {
  if (!(await trader.isFunded())) return 0
  const { equity } = await trader.read.account()
  const quote = equity.startsWith('-') ? 0 : textToQuote(equity)
  if (typeof quote !== 'number') throw new Error(`${equity} is no amount of USDC`)
  return quote
}

/** A fresh wallet with gas: no other process shares its nonces. */
export async function openBank({ devnet }: Exchange) {
  const { rpcUrl, contract, token } = devnet
  const random = crypto.getRandomValues(new Uint8Array(32))
  random[0] = 1 // below the group order
  const key = `0x${Buffer.from(random).toString('hex')}`
  const etherWei = `0x${(10n ** 19n).toString(16)}`
  const { address } = privateKeyAccount(key)
  await createRpc(rpcUrl).request('anvil_setBalance', [address, etherWei])
  return createWallet({ rpcUrl, contract, token, signer: key })
}
