//! Arms liquidation: each market's risk parameters, and a backstop of its own with capital.
import { createRpc, type Rpc } from '@plumb/chain'
import type { SetMarketRisk } from '@plumb/model'
import { CommandError } from '@plumb/runtime'
import { createWallet } from '@plumb/sdk'
import { z } from 'zod'
import { type AdminClient, openAdmin } from './admin-client.ts'
import { DevnetError } from './devnet-error.ts'
import { keyOf, type OwnKeys } from './devnet-keys.ts'
import { until } from './trade-transfers.ts'

/** Where the parts are that arming talks to. */
type ArmTarget = {
  admin: AdminClient
  marginUrl: string
  rpcUrl: string
  contract: string
  token: string
  /** The contract's backstop owner: market m's backstop is its subaccount m + 1. */
  backstopKey: string
  backstopOwner: string
}

/**
 * Liquidation on, the rest as the engine's defaults; volatility margin starts at 1.4 % (the variance behind it, ppb²). After a
 * halt a market comes back in the steps of risk.md 1.13, at a developer's pace: the 60 good seconds of post-only, which the
 * engine asks for itself, are most of it. An exchange for the public takes 60 s, 120 s and 300 s.
 */
const armedRisk = (market: number): SetMarketRisk => ({
  kind: 'SetMarketRisk',
  market,
  boundUsdc: [0, 0, 0],
  imfPpm: [0, 0, 0],
  oiLowUsdc: 0,
  oiHighUsdc: 0,
  partialAboveQuote: 100_000_000_000,
  volatilitySeed: 250_000_000_000,
  openingGainPpm: 1_000_000,
  scopePpm: 400_000,
  volatility: 1,
  liquidation: 1,
  liquidationFeePpm: 15_000,
  cancelOnlyS: 5,
  postOnlyS: 5,
  rearmS: 90,
})

const riskSchema = z.object({ isLiquidationArmed: z.boolean(), backstopAccountId: z.number() })
const accountSchema = z.object({ accountId: z.number() })

const get = async (url: string): Promise<unknown> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) })
  return response.ok ? response.json() : undefined
}

/** Id of a credited account, or undefined. */
export const accountIdOf = async (
  marginUrl: string,
  owner: string,
  subaccount: number,
): Promise<number | undefined> => {
  const found = accountSchema.safeParse(
    await get(`${marginUrl}/accounts?owner=${owner}&subaccount=${subaccount}`),
  )
  return found.success ? found.data.accountId : undefined
}

const capitalise = async (target: ArmTarget, subaccounts: readonly number[], quote: number) => {
  const { rpcUrl, contract, token, backstopKey: signer } = target
  const wallet = createWallet({ rpcUrl, contract, token, signer })
  try {
    await wallet.mint(quote * subaccounts.length)
    for (const subaccount of subaccounts) await wallet.deposit(quote, { subaccount })
  } finally {
    wallet.close()
  }
}

/** Whether the node can give its gas away; the backstop pays for its own deposits elsewhere. */
const giveGas = (rpc: Rpc, owner: string) =>
  rpc.request('anvil_setBalance', [owner, `0x${(10n ** 20n).toString(16)}`])

/** Whether the sequencer takes risk commands at all. */
const setRisk = async (admin: AdminClient, market: number): Promise<boolean> => {
  try {
    await admin.send(armedRisk(market))
    return true
  } catch (error) {
    if (error instanceof CommandError && error.code === 'INVALID_COMMAND') return false
    throw error
  }
}

/**
 * Arms those of `markets` that are not armed yet, each with a backstop of `backstopQuote` micro-USDC. Safe to call again.
 *
 * @throws DevnetError NOT_SERVED, REFUSED, or an error of a part that does not answer
 */
const armMarkets = async (
  target: ArmTarget,
  markets: readonly number[],
  backstopQuote: number,
): Promise<number[]> => {
  const { admin, marginUrl, backstopOwner } = target
  const risks = await Promise.all(
    markets.map(async (market) => ({
      market,
      ...riskSchema.parse(await get(`${marginUrl}/markets/${market}/risk`)),
    })),
  )
  for (const { market, isLiquidationArmed } of risks)
    if (!isLiquidationArmed && !(await setRisk(admin, market)))
      throw new DevnetError('NOT_SERVED', 'This sequencer takes no risk commands.')
  const bare = risks.filter((risk) => risk.backstopAccountId === 0).map(({ market }) => market)
  if (bare.length === 0) return []
  const accounts = await Promise.all(
    bare.map((market) => accountIdOf(marginUrl, backstopOwner, market + 1)),
  )
  const poor = bare.filter((_, i) => accounts[i] === undefined)
  await giveGas(createRpc(target.rpcUrl), backstopOwner)
  if (poor.length > 0)
    await capitalise(
      target,
      poor.map((market) => market + 1),
      backstopQuote,
    )
  for (const market of bare) {
    const accountId = await until(`The credit of market ${market}'s backstop`, () =>
      accountIdOf(marginUrl, backstopOwner, market + 1),
    )
    await admin.send({ kind: 'SetAccountMode', accountId, isolatedMarket: market })
    await admin.send({ kind: 'SetBackstop', accountId, market })
  }
  return bare
}

/** Addresses of a running devnet, as far as arming needs them. */
export type ArmAddresses = Omit<ArmTarget, 'admin' | 'backstopKey' | 'backstopOwner'> & {
  sequencer: string
}

/** `armMarkets` over a connection of its own, with the devnet's backstop. */
export const armDevnet = async (
  addresses: ArmAddresses,
  keys: OwnKeys,
  markets: readonly number[],
  backstopQuote: number,
): Promise<number[]> => {
  const backstop = keyOf(keys, 'backstop')
  const owner = { backstopKey: backstop.privateKey, backstopOwner: backstop.address }
  const admin = await openAdmin(addresses.sequencer)
  try {
    return await armMarkets({ ...addresses, ...owner, admin }, markets, backstopQuote)
  } finally {
    await admin.close()
  }
}
