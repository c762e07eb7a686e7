//! Verified signed orders a second on one thread: ours against `ethers.verifyTypedData`, interleaved, same orders.
import { cpus } from 'node:os'
import { bytesHex, createVerifier, type OrderFields, scaleE8 } from '@plumb/chain'
import { orderTypes, typedDomain } from '@plumb/protocol'
import { getBytes, verifyTypedData, Wallet } from 'ethers'

const ORDERS = 200
const ROUNDS = 12
const OURS_A_ROUND = 2_000
const ETHERS_A_ROUND = 60

const contract = '0x5FbDB2315678afecb367f032d93F642f64180aa3'
const domain = typedDomain(1337, contract)
const verifier = await createVerifier({ chainId: 1337, contract })

const signed = await Promise.all(
  Array.from({ length: ORDERS }, async (_, i) => {
    const wallet = new Wallet(`0x${(i + 1).toString(16).padStart(64, '0')}`)
    const order: OrderFields = {
      market: i % 4,
      subaccount: 0,
      side: i % 2,
      flags: 0,
      kind: 0,
      price: scaleE8(120_000 + i, 50_000_000),
      size: scaleE8(1_000 + i, 10_000),
      trigger: 0,
      maxFee: 45,
      lane: i,
      seq: i + 1,
      expiry: 1_790_000_000,
    }
    const text = await wallet.signTypedData(domain, orderTypes, order)
    return { order, text, bytes: getBytes(text), address: wallet.address.toLowerCase() }
  }),
)

/** Addresses are compared in both paths, so that neither may skip the work. */
function ours(count: number): number {
  const start = performance.now()
  for (let i = 0; i < count; i++) {
    const { order, bytes, address } = signed.at(i % ORDERS)!
    const signer = verifier.recoverOrderSigner(order, bytes)
    if (signer === null || bytesHex(signer) !== address) throw new Error(`order ${i}`)
  }
  return performance.now() - start
}

function theirs(count: number): number {
  const start = performance.now()
  for (let i = 0; i < count; i++) {
    const { order, text, address } = signed.at(i % ORDERS)!
    if (verifyTypedData(domain, orderTypes, order, text).toLowerCase() !== address)
      throw new Error(`order ${i}`)
  }
  return performance.now() - start
}

ours(OURS_A_ROUND)
theirs(ETHERS_A_ROUND)
const rounds = Array.from({ length: ROUNDS }, () => ({
  perSecond: (OURS_A_ROUND / ours(OURS_A_ROUND)) * 1_000,
  ethersPerSecond: (ETHERS_A_ROUND / theirs(ETHERS_A_ROUND)) * 1_000,
}))

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!
const figures = {
  perSecond: Math.round(median(rounds.map((r) => r.perSecond))),
  ethersPerSecond: Math.round(median(rounds.map((r) => r.ethersPerSecond))),
  // Of each round's pair, so that a busy neighbour slows both sides of a ratio alike.
  ratio: Number(median(rounds.map((r) => r.perSecond / r.ethersPerSecond)).toFixed(1)),
  backend: verifier.backend,
}
const cores = cpus()
const environment = { node: process.version, cpu: cores[0]?.model, cores: cores.length }

console.log(
  `Signed orders verified on one thread: struct encoded, hashed, signer recovered and compared.\n` +
    `${ORDERS} orders of ${ORDERS} keys, ${ROUNDS} interleaved rounds, medians.`,
)
console.log(`  plumb (${figures.backend})  ${figures.perSecond}/s`)
console.log(`  ethers.verifyTypedData  ${figures.ethersPerSecond}/s`)
console.log(`  ratio  ${figures.ratio}`)
if (process.argv.includes('--json'))
  console.log(JSON.stringify({ name: 'signatures', figures, environment }))
