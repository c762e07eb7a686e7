//! The devnet's private keys: demo keys that everybody knows, and its own that are made once and kept.
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransactionSigner } from '@plumb/chain'
import { DevnetError } from './devnet-error.ts'
import { devnetChainId } from './local-chain.ts'
import { writeFileDurably } from './write-file.ts'

export type NamedKey = { name: string; privateKey: string; address: string }

const demoNames = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi']

/** A secp256k1 key is any 32 bytes below the group order; a hash misses that once in 2^128. */
const addressOf = (privateKey: string) => createTransactionSigner(privateKey, devnetChainId).address

/** The demo traders: the same on every devnet, so that examples can be pasted. Never use them anywhere else. */
export const demoKeys: readonly NamedKey[] = demoNames.map((name) => {
  const digest = createHash('sha256').update(`plumb devnet demo key ${name}`).digest('hex')
  const privateKey = `0x${digest}`
  return { name, privateKey, address: addressOf(privateKey) }
})

export const publisherCount = 5
const ownNames = [
  'deployer',
  'relayer',
  ...Array.from({ length: publisherCount }, (_, i) => `publisher-${i}`),
  'market-maker',
  'taker',
  'capture',
  'liquidator',
  'backstop',
] as const

/** Keys of the devnet's own processes, by name; `file` holds the key for a service's `…_FILE` variable. */
export type OwnKeys = ReadonlyMap<string, NamedKey & { file: string }>

const readOrMake = async (path: string, makeIt: () => string): Promise<string> => {
  if (!existsSync(path)) await writeFileDurably(path, `${makeIt()}\n`, 0o600)
  await chmod(path, 0o600)
  return (await readFile(path, 'utf8')).trim()
}

/** Reads the folder's keys, making those that are missing. */
export const loadOwnKeys = async (keysDir: string): Promise<OwnKeys> => {
  await mkdir(keysDir, { recursive: true, mode: 0o700 })
  const keys = new Map<string, NamedKey & { file: string }>()
  for (const name of ownNames) {
    const file = join(keysDir, `${name}.key`)
    const privateKey = await readOrMake(file, () => `0x${randomBytes(32).toString('hex')}`)
    if (!/^0x[0-9a-f]{64}$/.test(privateKey))
      throw new DevnetError('BAD_KEY', `${file} does not hold a private key.`)
    keys.set(name, { name, privateKey, address: addressOf(privateKey), file })
  }
  return keys
}

/** A secret that is no key (the gateway's token signature): its file. */
export const loadSecret = async (keysDir: string, name: string): Promise<string> => {
  const file = join(keysDir, `${name}.secret`)
  await readOrMake(file, () => randomBytes(32).toString('hex'))
  return file
}

/** The key of that name. @throws when there is none: a bug */
export const keyOf = (keys: OwnKeys, name: string): NamedKey & { file: string } => {
  const key = keys.get(name)
  if (key === undefined) throw new Error(`no key ${name}`)
  return key
}

/** All publishers' keys in one file, in the order of their numbers: what the oracle reads. */
export const writePublisherKeys = async (keysDir: string, keys: OwnKeys): Promise<string> => {
  const file = join(keysDir, 'publishers.keys')
  const numbers = Array.from({ length: publisherCount }, (_, i) => i)
  const lines = numbers.map((i) => keyOf(keys, `publisher-${i}`).privateKey)
  await writeFileDurably(file, `${lines.join('\n')}\n`, 0o600)
  return file
}
