//! Ports: free ones for tests, and who sits on a busy one.
import { execFileSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { DevnetError } from './devnet-error.ts'
import { describeProcess } from './process-identity.ts'

const host = '127.0.0.1'

/** Listens for a moment: the port, or undefined when it is busy. */
const tryPort = (port: number): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined)
      else reject(error)
    })
    server.listen({ port, host, exclusive: true }, () => {
      server.close(() => resolve(port))
    })
  })

// Below what systems hand out by themselves (Linux from 32768, others from 49152): between choosing a port and listening on
// it no other process is given it by accident.
const FREE_FROM = 10_000
const FREE_TO = 32_000
const FREE_TRIES = 100

/** A port that nobody listens on. @throws DevnetError PORT_BUSY when none is found */
export const freePort = async (): Promise<number> => {
  for (let attempt = 0; attempt < FREE_TRIES; attempt++) {
    const port = await tryPort(randomInt(FREE_FROM, FREE_TO))
    if (port !== undefined) return port
  }
  throw new DevnetError('PORT_BUSY', `No free port between ${FREE_FROM} and ${FREE_TO}.`)
}

/** Inodes of sockets that listen on `port`, out of /proc/net/tcp{,6}. */
const listeningInodes = (port: number): Set<string> => {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const inodes = new Set<string>()
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6'])
    try {
      for (const line of readFileSync(file, 'utf8').split('\n')) {
        const fields = line.trim().split(/\s+/)
        if (fields[1]?.endsWith(suffix) && fields[3] === '0A') inodes.add(fields[9] ?? '')
      }
    } catch {
      // No such table here (not Linux, or no IPv6).
    }
  return inodes
}

const holdsInode = (pid: string, inodes: Set<string>): boolean => {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`)
      return target.startsWith('socket:[') && inodes.has(target.slice(8, -1))
    })
  } catch {
    return false
  }
}

/** The process that listens on `port`, if it can be found out. */
export const portHolder = (port: number): number | undefined => {
  if (process.platform === 'linux') {
    const inodes = listeningInodes(port)
    if (inodes.size === 0) return undefined
    const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && holdsInode(name, inodes))
    return pid === undefined ? undefined : Number(pid)
  }
  try {
    const pid = Number.parseInt(
      execFileSync('lsof', ['-nP', '-t', `-iTCP:${port}`, '-sTCP:LISTEN'], { encoding: 'utf8' }),
      10,
    )
    return Number.isSafeInteger(pid) ? pid : undefined
  } catch {
    return undefined
  }
}

/**
 * The port to use: `port` itself, or a free one for 0.
 *
 * @param flag how the user chooses another one
 * @throws DevnetError PORT_BUSY naming the port and, where it can be found, the process on it
 */
export const claimPort = async (port: number, what: string, flag: string): Promise<number> => {
  const claimed = port === 0 ? await freePort() : await tryPort(port)
  if (claimed !== undefined) return claimed
  const pid = portHolder(port)
  const holder = pid === undefined ? 'another process' : describeProcess(pid)
  throw new DevnetError(
    'PORT_BUSY',
    `Port ${port} (${what}) is already used by ${holder}. Stop it, or choose another port: npm start -- ${flag} PORT`,
  )
}
