//! A log file with a cap: at the cap it becomes `.1`, and the older `.1` is gone.
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Takes a process' output. Writes are synchronous: what a dying process said must not be lost. */
export type RotatingLog = { readonly path: string; write(chunk: Uint8Array): void; close(): void }

/** @param bytesMax size at which the file is rotated; together at most twice that on disk */
export const createRotatingLog = (path: string, bytesMax = 16 * 1024 * 1024): RotatingLog => {
  mkdirSync(dirname(path), { recursive: true })
  let file = openSync(path, 'a')
  let bytes = fstatSync(file).size
  let closed = false
  return {
    path,
    write: (chunk) => {
      if (closed) return // a late word of a process that was stopped
      if (bytes + chunk.length > bytesMax && bytes > 0) {
        closeSync(file)
        renameSync(path, `${path}.1`)
        file = openSync(path, 'a')
        bytes = 0
      }
      bytes += writeSync(file, chunk)
    },
    close: () => {
      if (!closed) closeSync(file)
      closed = true
    },
  }
}
