//! Where the examples connect to, and as whom.
import { fileURLToPath } from 'node:url'
import { createClient } from '@plumb/sdk'

/** A client and a trader; on a devnet without PRIVATE_KEY the first demo account. */
export async function connect() {
  const client = createClient({ baseUrl: process.env.PLUMB_URL ?? 'http://127.0.0.1:8080' })
  const key = process.env.PRIVATE_KEY ?? (await client.devnet()).accounts[0].privateKey
  return { client, trader: client.trader(key), key }
}

/** Runs a program when it was started by itself, and shows what it answers. */
export async function runAlone(url, program) {
  if (process.argv[1] !== fileURLToPath(url)) return
  console.dir(await program(await connect()), { depth: 6 })
}
