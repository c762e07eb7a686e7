//! One way to reach Postgres: no Nagle delay, 64-bit integers as safe numbers.
import { connect as connectSocket, type Socket } from 'node:net'
import postgres from 'postgres'

const INT8 = 20

/** Reads an int8; every amount in the ledger is below 2^53, so anything else is a bug. */
export function parseInt8(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} exceeds 2^53`)
  return value
}

/** A pool of at most `max` connections; `role` is taken on by each before its first statement. */
export function connect(
  url: string,
  options: { applicationName: string; max: number; role?: string },
): postgres.Sql<{ bigint: number }> {
  return postgres(url, {
    max: options.max,
    onnotice: () => {},
    connect_timeout: 10,
    // Postgres numbers of 64 bits arrive as safe numbers, not as text.
    types: { bigint: { to: INT8, from: [INT8], serialize: String, parse: parseInt8 } },
    connection: {
      application_name: `plumb-${options.applicationName}`,
      search_path: 'ledger',
      ...(options.role === undefined ? {} : { role: options.role }),
    },
    ...withoutDelay(url),
  })
}

/**
 * COPY over TCP waits 40 ms in Nagle's algorithm for each block unless the socket is told not to (performance.md 7).
 * The socket is handed over before it is connected: a promise that rejects would use up a connection of the pool for
 * ever, and a server that was away for a while would never be asked again.
 */
function withoutDelay(url: string): object {
  if (url.includes('?host=/') || url.includes('%2F')) return {}
  return {
    socket: ({ host, port }: { host: string[]; port: number[] }): Socket =>
      connectSocket({ host: host[0] ?? 'localhost', port: port[0] ?? 5432 }).setNoDelay(true),
  }
}
