//! The few calls that durability rests on, in one place so that tests can break each of them.
import { closeSync, fdatasync, fsyncSync, openSync, write } from 'node:fs'

/** Moments at which a test may stop or fail the journal. */
export type FaultPoint =
  | 'journal:locked'
  | 'journal:recovered'
  | 'journal:tail-cut'
  | 'journal:proven'
  | 'journal:before-write'
  | 'journal:after-write'
  | 'journal:after-sync'
  | 'journal:committed'
  | 'journal:segment-filled'
  | 'journal:segment-prepared'
  | 'journal:segment-headed'
  | 'journal:segment-opened'
  | 'journal:snapshot-begun'
  | 'journal:snapshot-half'
  | 'journal:snapshot-written'
  | 'journal:snapshot-renamed'
  | 'journal:snapshot-pruned'
  | 'journal:retention-noted'
  | 'journal:segments-archived'
  | 'journal:closing'
  | 'journal:closed'

/** What the journal does to its files off-thread. Production uses `systemFiles`. */
export type JournalFiles = {
  write(fd: number, bytes: Uint8Array, position: number): Promise<void>
  fdatasync(fd: number): Promise<void>
  /** Called at each fault point; a throw counts as a failure of the step before it. */
  reached(point: FaultPoint): void
}

const writeSome = (fd: number, bytes: Uint8Array, from: number, position: number) =>
  new Promise<number>((resolve, reject) => {
    write(fd, bytes, from, bytes.length - from, position + from, (error, written) => {
      if (error) reject(error)
      else resolve(written)
    })
  })

/** The real thing: libuv's threads write and sync, the engine's thread goes on. */
export const systemFiles: JournalFiles = {
  write: async (fd, bytes, position) => {
    let done = 0
    while (done < bytes.length) {
      const written = await writeSome(fd, bytes, done, position)
      if (written === 0) throw new Error('the disk took no bytes')
      done += written
    }
  },
  fdatasync: (fd) =>
    new Promise((resolve, reject) => {
      fdatasync(fd, (error) => {
        if (error) reject(error)
        else resolve()
      })
    }),
  reached: () => {},
}

/** Makes names in a directory durable: without it a crash may forget a created or renamed file. */
export const syncDirectory = (directory: string): void => {
  const fd = openSync(directory, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
