//! The batch that settled a trade, read back from the chain: its bytes decoded, its signatures recovered.
import {
  type Batch,
  bytesHex,
  contractViews,
  createRpc,
  createVerifier,
  decodeBatch,
  exchangeInterface,
  hexBytes,
  type OrderRecord,
  scaleE8,
  type TransferBody,
} from '@plumb/chain'
import type { Exchange } from './trade-connection.ts'
import { until } from './trade-transfers.ts'

/** A settled batch as GET /v1/batches tells it. */
export type SettledBatch = Awaited<ReturnType<Exchange['client']['batches']>>['items'][number]

/** Waits until a batch that reaches `seq` is settled. */
export async function batchOf({ client }: Exchange, seq: number): Promise<SettledBatch> {
  return await until('Settlement', async () => {
    const { items } = await client.batches({ limit: 100 })
    return items.find(({ toSeq, status }) => toSeq >= seq && status === 'settled')
  })
}

const ownerOf = (signer: Uint8Array | null) => (signer === null ? 'nobody' : bytesHex(signer))

/** Decodes the transaction's calldata and recovers every signer, as the contract did. */
export async function readBatch({ devnet }: Exchange, txHash: string): Promise<Batch> {
  const rpc = createRpc(devnet.rpcUrl)
  const views = contractViews(rpc, devnet.contract)
  const calldata = inputOf(await rpc.request('eth_getTransactionByHash', [txHash]))
  const [bytes]: unknown[] = exchangeInterface.decodeFunctionData('settle', calldata)
  const verifier = await createVerifier({ chainId: devnet.chainId, contract: devnet.contract })
  const markets = await Promise.all(devnet.markets.map((_, id) => views.market(id)))
  return decodeBatch(hexBytes(String(bytes)), {
    orderOwner: (order) => {
      const { tickE8 = 0, lotE8 = 0 } = markets[order.market] ?? {}
      const { market, subaccount, side, flags, kind, maxFee, lane, laneSeq, expiryS } = order
      const price = scaleE8(order.priceTicks, tickE8)
      const size = scaleE8(order.sizeLots, lotE8)
      const times = { seq: laneSeq, expiry: expiryS }
      const trigger = scaleE8(order.triggerTicks, tickE8)
      const limits = { price, size, trigger, maxFee }
      const fields = { market, subaccount, side, flags, kind, lane, ...limits, ...times }
      return ownerOf(verifier.recoverOrderSigner(fields, order.signature))
    },
    withdrawalOwner: ({ subaccount, amountQuote: amount, lane, laneSeq, expiryS, signature }) => {
      const fields = { subaccount, amount, lane, seq: laneSeq, expiry: expiryS }
      return ownerOf(verifier.recoverWithdrawSigner(fields, signature))
    },
    transferOwner: (transfer) =>
      ownerOf(verifier.recoverTransferSigner(transferFields(transfer), transfer.signature)),
    insuranceOwner: (transfer) =>
      ownerOf(verifier.recoverFundInsuranceSigner(transferFields(transfer), transfer.signature)),
    vectorSigner: ({ page, publishTimeMs, prices, signature }) => {
      const packed = new Uint8Array(prices.length * 4)
      const view = new DataView(packed.buffer)
      for (const [i, price] of prices.entries()) view.setUint32(i * 4, price)
      const fields = { page, timestampMs: publishTimeMs, prices: packed }
      return ownerOf(verifier.recoverPricesSigner(fields, signature))
    },
  })
}

/** The batch's order of an owner in a lane, with the signer that its bytes recover to. */
export function findOrder(
  batch: Batch,
  { account, lane, laneSeq }: { account: string; lane: number; laneSeq: number },
): OrderRecord | undefined {
  return batch.segments
    .flatMap((segment) => (segment.kind === 'Fills' ? segment.orders : []))
    .find(
      (order) =>
        order.owner === account.toLowerCase() && order.lane === lane && order.laneSeq === laneSeq,
    )
}

function transferFields(transfer: TransferBody) {
  const { subaccount, to, amountQuote: amount, lane, laneSeq: seq, expiryS: expiry } = transfer
  return { subaccount, to, amount, lane, seq, expiry }
}

function inputOf(transaction: unknown): string {
  if (typeof transaction === 'object' && transaction !== null && 'input' in transaction)
    if (typeof transaction.input === 'string') return transaction.input
  throw new Error('the chain does not know the transaction')
}
