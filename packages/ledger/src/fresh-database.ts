//! A database of its own on the same server, for a ledger that is built anew.
import { connect } from './connect.ts'

export type FreshDatabase = { url: string; drop(): Promise<void> }

/**
 * Creates an empty database beside that of `url`, with whose login it is reached. The login must be allowed to create
 * databases; without, create one and name it.
 *
 * @param name letters, digits and underscores
 */
export async function createFreshDatabase(url: string, name: string): Promise<FreshDatabase> {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) throw new RangeError(`no name for a database: ${name}`)
  const admin = connect(url, { applicationName: 'rebuild', max: 1 })
  try {
    await admin`CREATE DATABASE ${admin(name)}`
  } finally {
    await admin.end()
  }
  const fresh = new URL(url)
  fresh.pathname = `/${name}`
  return {
    url: fresh.href,
    drop: async () => {
      const sql = connect(url, { applicationName: 'rebuild', max: 1 })
      try {
        await sql`DROP DATABASE ${sql(name)} WITH (FORCE)`
      } finally {
        await sql.end()
      }
    },
  }
}
