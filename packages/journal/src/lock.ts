//! One writer a directory: a lock that dies with its process, whatever way it dies.
//!
//! The lock file names a unix socket on which its holder listens. A kernel closes that socket when
//! the process ends, in every container and after every kill, so "nobody answers" means "nobody is
//! left". A stale lock file is renamed away (a rename has one winner) before a new one is linked in.
import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:net'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { JournalError } from './journal-error.ts'

/** A held lock. */
export type Lock = { release(): void }

type Holder = { pid: number; socket: string }

/** Longer socket paths do not fit the kernel's address; those sockets go to the temporary folder. */
const socketPathBytesMax = 100

const hasCode = (error: unknown, code: string) =>
  error instanceof Error && 'code' in error && error.code === code

const listenOn = (path: string) =>
  new Promise<Server>((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', reject)
    server.listen(path, () => {
      server.unref()
      resolve(server)
    })
  })

const answers = (path: string) =>
  new Promise<boolean>((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // Anything but "no such file" and "nobody listens" may be a live holder: stay away.
    socket.once('error', (error) =>
      resolve(!hasCode(error, 'ECONNREFUSED') && !hasCode(error, 'ENOENT')),
    )
  })

const readLock = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

const parseHolder = (text: string): Holder | undefined => {
  const match = /^(\d+)\n(.+)\n$/.exec(text)
  return match?.[2] === undefined ? undefined : { pid: Number(match[1]), socket: match[2] }
}

const tryLink = (from: string, to: string): boolean => {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/** Moves a dead holder's lock away; false when somebody else was faster. */
const removeStale = (directory: string, path: string, text: string): boolean => {
  const aside = join(directory, `lock-${randomBytes(4).toString('hex')}.tmp`)
  try {
    renameSync(path, aside)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
  const taken = readFileSync(aside, 'utf8')
  // We renamed a lock that was made after our look: give it back.
  if (taken !== text) tryLink(aside, path)
  rmSync(aside)
  const holder = parseHolder(text)
  if (taken === text && holder !== undefined)
    rmSync(isAbsolute(holder.socket) ? holder.socket : join(directory, holder.socket), {
      force: true,
    })
  return taken === text
}

/**
 * Takes the lock of a directory.
 *
 * @throws JournalError `JOURNAL_LOCKED` with the holder's pid when a live process has it
 */
export const acquireLock = async (directory: string): Promise<Lock> => {
  const path = join(directory, 'lock')
  const socketName = `lock-${randomBytes(4).toString('hex')}.sock`
  const inDirectory = join(directory, socketName)
  const fits = Buffer.byteLength(inDirectory) <= socketPathBytesMax
  const socketPath = fits ? inDirectory : join(tmpdir(), `plumb-${socketName}`)
  const server = await listenOn(socketPath)
  const temporary = join(directory, `${socketName}.tmp`)
  const mine = `${process.pid}\n${fits ? socketName : socketPath}\n`
  writeFileSync(temporary, mine)
  const release = () => {
    server.close()
    if (readLock(path) === mine) rmSync(path)
    rmSync(socketPath, { force: true })
  }
  try {
    for (let attempt = 0; attempt < 100; attempt++) {
      if (tryLink(temporary, path)) return { release }
      const text = readLock(path)
      if (text === undefined) continue
      const holder = parseHolder(text)
      const socket =
        holder && (isAbsolute(holder.socket) ? holder.socket : join(directory, holder.socket))
      if (socket !== undefined && (await answers(socket))) throw locked(directory, holder?.pid)
      removeStale(directory, path, text)
    }
    throw locked(directory, undefined)
  } catch (error) {
    release()
    throw error
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** The pid of the live process that holds the lock of a directory, if there is one. */
export const lockHolder = async (directory: string): Promise<number | undefined> => {
  const holder = parseHolder(readLock(join(directory, 'lock')) ?? '')
  if (holder === undefined) return undefined
  const socket = isAbsolute(holder.socket) ? holder.socket : join(directory, holder.socket)
  return (await answers(socket)) ? holder.pid : undefined
}

const locked = (directory: string, pid: number | undefined) =>
  new JournalError(
    'JOURNAL_LOCKED',
    `${directory} is in use by process ${pid ?? '(unknown)'}: stop that one first; two writers would destroy the journal`,
  )
