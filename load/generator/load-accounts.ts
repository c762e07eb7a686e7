//! The accounts that make load: known keys, exempt from the devnet's rate limits, funded when first used.
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createDigestSigner, createRpc } from '@plumb/chain'
import {
  type Client,
  createWallet,
  type DevnetInfo,
  LaneManager,
  type LocalSigner,
  privateKeyAccount,
  type Trader,
} from '@plumb/sdk'
import { say } from './progress.ts'

/** Those of services/devnet/src/tape-players.ts. */
export const LOAD_ACCOUNTS = 384
/** Micro-USDC. */
export const DEPOSIT_QUOTE = 1_000_000_000_000
const ETHER_10 = '0x8ac7230489e80000'

export type LoadAccount = { signer: LocalSigner; trader: Trader; lanes: LaneManager }

/** The signer of a load account, by number. */
export function loadSigner(number: number): LocalSigner {
  const digest = createHash('sha256').update(`plumb devnet player ${number}`).digest('hex')
  return createDigestSigner(`0x${digest}`)
}

export function openAccounts(client: Client, count: number): LoadAccount[] {
  return Array.from({ length: count }, (_, number) => {
    const signer = loadSigner(number)
    return { signer, trader: client.trader(signer), lanes: new LaneManager() }
  })
}

/** Deposits for those that have none yet, through the contract, and waits for the credit. */
export async function fundOnChain(
  accounts: readonly LoadAccount[],
  { rpcUrl, contract, token }: DevnetInfo,
): Promise<void> {
  const poor: LoadAccount[] = []
  for (const group of chunks(accounts, 32)) {
    const funded = await Promise.all(group.map(({ trader }) => trader.isFunded()))
    poor.push(...group.filter((_, i) => !funded[i]))
  }
  if (poor.length === 0) return
  say(`depositing for ${poor.length} load accounts …`)
  const seed = createHash('sha256').update(`${Date.now()} ${process.pid}`).digest('hex')
  const bank = `0x01${seed.slice(2)}`
  const { address } = privateKeyAccount(bank)
  await createRpc(rpcUrl).request('anvil_setBalance', [address, ETHER_10])
  const wallet = createWallet({ rpcUrl, contract, token, signer: bank })
  await wallet.mint(DEPOSIT_QUOTE * poor.length)
  for (const group of chunks(poor, 64))
    await wallet.depositForAll(
      group.map(({ signer }) => ({ owner: signer.address, amountQuote: DEPOSIT_QUOTE })),
    )
  wallet.close()
  for (const { trader } of poor) while (!(await trader.isFunded())) await sleep(250)
}

/** No resting orders, and the lanes' sequence numbers known. */
export async function clearAccounts(accounts: readonly LoadAccount[]): Promise<void> {
  for (const group of chunks(accounts, 8))
    await Promise.all(
      group.map(async ({ trader, lanes }) => {
        await trader.cancelAll()
        for (const [lane, seq] of Object.entries(await trader.read.lanes())) {
          lanes.observe(Number(lane), seq)
          lanes.release(Number(lane))
        }
      }),
    )
}

export function* chunks<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}
