//! The margin service's own snapshots: a shorter start, nothing more. The feed can always replace them.
import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Seq } from '@plumb/model'
import { faultPoint } from '@plumb/runtime'
import type { WatchRecord } from './risk-watch.ts'

/** An engine's state after `seq`, and what the risk watch remembers of the way there. */
export type MarginSnapshot = {
  seq: Seq
  chainHash: Uint8Array
  bytes: Uint8Array
  watch: WatchRecord
}

// Header: magic u32, version u32, seq f64, chain hash 32, bytes of the engine f64, SHA-256 of all that and of the body: the
// engine, then the watch as JSON.
const magic = 0x474d4c50
const version = 2
const engineBytesAt = 48
const digestAt = 56
const headerBytes = 88
const kept = 2
const pattern = /^margin-(\d{16})\.snap$/

const digestOf = (head: Uint8Array, ...body: Uint8Array[]) => {
  const hash = createHash('sha256').update(head.subarray(0, digestAt))
  for (const part of body) hash.update(part)
  return hash.digest()
}

/** Writes to a temporary name, syncs, renames; then removes all but the newest two. */
export const writeSnapshot = async (
  directory: string,
  { seq, chainHash, bytes, watch }: MarginSnapshot,
): Promise<void> => {
  await mkdir(directory, { recursive: true })
  const head = Buffer.alloc(headerBytes)
  head.writeUInt32LE(magic, 0)
  head.writeUInt32LE(version, 4)
  head.writeDoubleLE(seq, 8)
  head.set(chainHash, 16)
  head.writeDoubleLE(bytes.length, engineBytesAt)
  const memory = Buffer.from(JSON.stringify(watch))
  head.set(digestOf(head, bytes, memory), digestAt)
  const path = join(directory, `margin-${String(seq).padStart(16, '0')}.snap`)
  const file = await open(`${path}.tmp`, 'w')
  try {
    await file.write(head)
    faultPoint('margin:snapshot-half')
    await file.write(bytes)
    await file.write(memory)
    faultPoint('margin:snapshot-written')
    await file.sync()
  } finally {
    await file.close()
  }
  faultPoint('margin:snapshot-synced')
  await rename(`${path}.tmp`, path)
  faultPoint('margin:snapshot-renamed')
  for (const name of (await listSnapshots(directory)).slice(kept)) await rm(join(directory, name))
}

/** The newest snapshot that verifies, or undefined: then the feed is replayed from its beginning. */
export const readNewestSnapshot = async (
  directory: string,
): Promise<MarginSnapshot | undefined> => {
  for (const name of await listSnapshots(directory)) {
    const file = await readFile(join(directory, name))
    const body = file.subarray(headerBytes)
    const isWhole =
      file.length >= headerBytes &&
      file.readUInt32LE(0) === magic &&
      file.readUInt32LE(4) === version &&
      digestOf(file, body).equals(file.subarray(digestAt, headerBytes))
    if (!isWhole) continue
    const engineBytes = file.readDoubleLE(engineBytesAt)
    return {
      seq: file.readDoubleLE(8),
      chainHash: file.subarray(16, engineBytesAt),
      bytes: body.subarray(0, engineBytes),
      watch: JSON.parse(body.toString('utf8', engineBytes)),
    }
  }
  return undefined
}

const listSnapshots = async (directory: string): Promise<string[]> => {
  const names = await readdir(directory).catch(() => [])
  return names.filter((name) => pattern.test(name)).toSorted((a, b) => (a < b ? 1 : -1))
}
