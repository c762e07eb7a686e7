//! The contract's half of a listing: at once before the first deposit, after it scheduled and held back by the timelock.
import { connectSigner, contractViews, exchangeInterface, listingOf, type Rpc } from '@plumb/chain'
import type { Market } from '@plumb/model'
import { z } from 'zod'

export type ChainAdmin = { rpc: Rpc; chainId: number; contract: string; privateKey: string }

const GAS = 500_000
const wordOf = (value: number) => `0x${value.toString(16).padStart(64, '0')}`
const hexText = z.string().regex(/^0x[0-9a-f]*$/i)
const accessList = z.object({
  accessList: z.array(z.object({ address: hexText, storageKeys: z.array(hexText) })),
})

const read = async ({ rpc, contract: to }: ChainAdmin, name: string, values: unknown[]) => {
  const data = exchangeInterface.encodeFunctionData(name, values)
  const bytes = hexText.parse(await rpc.request('eth_call', [{ to, data }, 'latest']))
  return exchangeInterface.decodeFunctionResult(name, bytes)
}

const send = async (admin: ChainAdmin, data: string): Promise<void> => {
  const { rpc, chainId, contract: to, privateKey } = admin
  const connected = connectSigner(rpc.url, chainId, privateKey)
  try {
    const sent = await connected.signer.sendTransaction({ to, data, gasLimit: GAS })
    const receipt = await sent.wait(1, 60_000)
    if (receipt?.status !== 1) throw new Error(`${sent.hash} reverted`)
  } finally {
    connected.close()
  }
}

/** A local node, whose storage may be set. */
const isDevelopmentNode = async (rpc: Rpc): Promise<boolean> =>
  z
    .string()
    .parse(await rpc.request('web3_clientVersion', []))
    .toLowerCase()
    .startsWith('anvil')

/** Pretends on a development node that the call was scheduled long enough ago. Its clock stays as it is. */
const backdate = async (admin: ChainAdmin, id: string, delayS: number): Promise<void> => {
  const { rpc, contract: to } = admin
  const data = exchangeInterface.encodeFunctionData('scheduledAt', [id])
  const touched = accessList.parse(await rpc.request('eth_createAccessList', [{ to, data }]))
  const scheduledS = Number((await read(admin, 'scheduledAt', [id]))[0])
  for (const { address, storageKeys } of touched.accessList)
    for (const key of storageKeys) {
      const word = await rpc.request('eth_getStorageAt', [address, key, 'latest'])
      if (word !== wordOf(scheduledS)) continue
      await rpc.request('anvil_setStorageAt', [address, key, wordOf(scheduledS - delayS - 1)])
      return
    }
  throw new Error('the schedule is in no storage word that its read touches')
}

/** What became of an admin's call: done, or scheduled and to be made by the same command from `fromMs` on. */
type CallOutcome = { isDone: boolean; fromMs: number }

// Once users are in, the call is scheduled and may be made after the timelock. On a development node the wait is skipped.
const callGoverned = async (admin: ChainAdmin, call: string): Promise<CallOutcome> => {
  if ((await read(admin, 'isSealed', []))[0] !== true) {
    await send(admin, call)
    return { isDone: true, fromMs: 0 }
  }
  const hash = hexText.parse(await admin.rpc.request('web3_sha3', [call]))
  const delayS = Number((await read(admin, 'timelockS', []))[0])
  const schedule = exchangeInterface.encodeFunctionData('schedule', [call])
  if (Number((await read(admin, 'scheduledAt', [hash]))[0]) === 0) await send(admin, schedule)
  if (await isDevelopmentNode(admin.rpc)) await backdate(admin, hash, delayS)
  const fromMs = (Number((await read(admin, 'scheduledAt', [hash]))[0]) + delayS) * 1_000
  if (Date.now() < fromMs) return { isDone: false, fromMs }
  await send(admin, call)
  return { isDone: true, fromMs }
}

/**
 * Lists a market in the contract; one that it has already is left.
 *
 * @throws Error with the contract's reason when it refuses
 */
export const listOnChain = async (admin: ChainAdmin, market: Market): Promise<CallOutcome> => {
  const { listed } = await contractViews(admin.rpc, admin.contract).market(market.market)
  if (listed) return { isDone: true, fromMs: 0 }
  return callGoverned(
    admin,
    exchangeInterface.encodeFunctionData('listMarket', [listingOf(market)]),
  )
}

/**
 * Announces in the contract that a market ends, and lets batches end it once the timelock has passed.
 *
 * @throws Error with the contract's reason when it refuses
 */
export const delistOnChain = async (admin: ChainAdmin, market: number): Promise<CallOutcome> => {
  const { isDelisting } = await contractViews(admin.rpc, admin.contract).market(market)
  if (isDelisting) return { isDone: true, fromMs: 0 }
  return callGoverned(admin, exchangeInterface.encodeFunctionData('delistMarket', [market]))
}
