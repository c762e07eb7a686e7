//! Where everything of one devnet lies in its state folder.
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository: services are run from their `dist/`. */
export const repositoryRoot = fileURLToPath(new URL('../../..', import.meta.url))

export const defaultStateDir = join(repositoryRoot, '.devnet')

/** Longest path a unix socket may have everywhere (macOS: 104 bytes with the closing zero). */
const socketPathBytesMax = 103

export type DevnetPaths = ReturnType<typeof devnetPaths>

/** @param stateDir folder of one devnet; relative ones count from the working directory */
export const devnetPaths = (stateDir: string) => {
  const state = resolve(stateDir)
  const run = join(state, 'run')
  const short = createHash('sha256').update(state).digest('hex').slice(0, 12)
  const socket = join(run, 'sequencer.sock')
  const fits = Buffer.byteLength(socket) <= socketPathBytesMax
  return {
    state,
    run,
    logs: join(state, 'logs'),
    keys: join(state, 'keys'),
    chain: join(state, 'chain'),
    postgres: join(state, 'postgres'),
    /** The sequencer's folder: `journal` is the record, `feed` can be lost. */
    sequencer: join(state, 'sequencer'),
    journal: join(state, 'sequencer', 'journal'),
    witness: join(state, 'witness'),
    /** The gateway's snapshot of its view; can be lost. */
    gateway: join(state, 'gateway'),
    /** What the bots remember. */
    bots: join(state, 'bots'),
    deployment: join(state, 'deployment.json'),
    /** Addresses of the devnet that runs now. */
    addresses: join(run, 'addresses.json'),
    genesis: join(state, 'genesis.json'),
    /** Simulated prices: those the start asks for, and of markets that were listed since. */
    oraclePrices: join(run, 'oracle-prices.json'),
    listedPrices: join(state, 'listed-prices.json'),
    /** What `GET /v1/devnet` answers. */
    description: join(state, 'devnet.json'),
    sequencerSocket: fits ? socket : join(tmpdir(), `plumb-${short}.sock`),
  }
}
