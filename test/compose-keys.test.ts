//! docker-compose.yml against what each service reads, and against what the devnet gives it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '..')
const textOf = (path: string) => readFileSync(join(root, path), 'utf8')

type Service = { image?: string; environment?: Record<string, string> }
const compose: { services: Record<string, Service> } = parse(textOf('docker-compose.yml'), {
  merge: true,
})
const ours = Object.entries(compose.services)
  .filter(([name, { image }]) => image === 'plumb' && name !== 'setup')
  .map(([name, { environment = {} }]) => [name, Object.keys(environment)] as const)

/** Keys that a text names, each once; `K_FILE` is another way to give `K`. */
const keysIn = (text: string) => {
  const found = text.match(/\b(?:PLUMB_[A-Z_]+|DATABASE_URL)\b/g) ?? []
  return [...new Set(found.map((key) => key.replace(/(?<!FAULT|DEVNET|BLOCK)_FILE$/, '')))]
}
const plainKey = (key: string) => keysIn(key)[0] ?? key

const fields = keysIn(textOf('packages/runtime/src/config-fields.ts'))
const readBy = (name: string) =>
  new Set([...keysIn(textOf(`services/${name}/src/config.ts`)), ...fields])

// Of the anchors all services share: who has no use for one ignores it.
const shared = ['PLUMB_SEQUENCER', 'PLUMB_CONTRACT', 'PLUMB_RPC_URL', 'PLUMB_CHAIN_ID']

test.each(ours)('%s reads every key that compose gives it', (name, keys) => {
  const read = readBy(name)
  const unread = keys
    .filter((key) => /^(PLUMB_|DATABASE_URL)/.test(key))
    .map((key) => (key === 'PLUMB_DEPLOY_BLOCK_FILE' ? 'PLUMB_DEPLOY_BLOCK' : plainKey(key)))
    .filter((key) => !read.has(key) && !shared.includes(key))
  expect(unread).toEqual([])
})

/** What only one machine's own processes need, or what compose does not have. */
const devnetOnly = new Set([
  'PLUMB_PARENT_PID',
  // The chain's container says itself what is final.
  'PLUMB_FINAL_BLOCK_FILE',
  // Read from PostgreSQL and chain by whoever starts all of them; followers refuse a journal that is behind, too.
  'PLUMB_PROVEN_SEQ',
  // Recorded tapes are played on the devnet.
  'PLUMB_RATE_EXEMPT',
])

test('compose gives each service what the devnet gives it, and the devnet nothing that is not read', () => {
  const table = textOf('services/devnet/src/service-table.ts')
  for (const [name, keys] of ours) {
    const [, entry = ''] = table.split(`name: '${name}',`)
    const [body = ''] = entry.split('\n  },\n')
    const given = keysIn(body)
    const known = new Set(keys.map((key) => key.replace(/_FILE$/, '')))
    const missing = given.filter(
      (key) => !known.has(key.replace(/_FILE$/, '')) && !devnetOnly.has(key),
    )
    expect(missing, `docker-compose.yml, ${name}`).toEqual([])
    const read = readBy(name)
    expect(
      given.filter((key) => !read.has(key)),
      `service-table.ts, ${name}`,
    ).toEqual([])
  }
})
