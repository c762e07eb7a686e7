//! The gateway's own snapshot: a shorter start, nothing more. The feed can always replace it.
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { SNAPSHOT_VERSION, type ViewSnapshot } from './view-snapshot.ts'

const NAME = 'view.snap'
const DIGEST_BYTES = 32

/** A view after a durable group, and the journal's chain hash there: it tells whether the journal is still the same. */
export type StoredView = { chainHash: Uint8Array; view: ViewSnapshot }

/** SHA-256, then the data; built at once, since the view moves on. */
export function encodeView(stored: StoredView): Buffer {
  const body = serialize(stored)
  return Buffer.concat([createHash('sha256').update(body).digest(), body])
}

/** Writes to a temporary name, syncs, renames. */
export async function writeView(directory: string, bytes: Uint8Array): Promise<void> {
  await mkdir(directory, { recursive: true })
  const path = join(directory, NAME)
  const file = await open(`${path}.tmp`, 'w')
  try {
    await file.write(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.tmp`, path)
}

/** The snapshot, or null when there is none that verifies: then the feed is followed from its beginning. */
export async function readView(directory: string): Promise<StoredView | null> {
  const bytes = await readFile(join(directory, NAME)).catch(() => null)
  if (bytes === null) return null
  try {
    return decodeView(bytes)
  } catch {
    return null
  }
}

/** @throws RangeError on bytes that `encodeView` of this version did not make */
export function decodeView(bytes: Buffer): StoredView {
  const body = bytes.subarray(DIGEST_BYTES)
  const digest = createHash('sha256').update(body).digest()
  if (!digest.equals(bytes.subarray(0, DIGEST_BYTES))) throw new RangeError('not a whole snapshot')
  const stored: StoredView = deserialize(body)
  if (stored.view.version !== SNAPSHOT_VERSION)
    throw new RangeError('a snapshot of another version')
  return stored
}

/** Forgets the snapshot. */
export function removeView(directory: string): void {
  rmSync(join(directory, NAME), { force: true })
}
