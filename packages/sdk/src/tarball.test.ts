import { execFile, execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
// A test may look across: the packed sdk trades on a real exchange.
import {
  startExchange,
  type TestExchange,
  wallet,
} from '../../../services/gateway/test/exchange-fixture.ts'

// Other tests may share the machine: patience is not what is tested.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const here = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)
let house: TestExchange
let folder: string
beforeAll(async () => {
  house = await startExchange()
  await house.fund(wallet(61), 10_000)
  folder = mkdtempSync(join(tmpdir(), 'plumb-outside-'))
})
afterAll(async () => {
  await house.close()
  rmSync(folder, { recursive: true, force: true })
})

/** As an install would, but with the outside packages of this machine instead of the registry's. */
function install(tarball: string): void {
  const target = join(folder, 'node_modules', '@plumb', 'sdk')
  mkdirSync(target, { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', target])
  const outside = { sdk: ['@noble/curves', '@noble/hashes', 'ethers', 'ws'], protocol: ['zod'] }
  for (const [owner, names] of Object.entries(outside))
    for (const name of names) {
      const link = join(folder, 'node_modules', name)
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(realpathSync(join(here, '..', owner, 'node_modules', name)), link)
    }
}

const program = `
import { createClient } from '@plumb/sdk'
const [url, key] = process.argv.slice(2)
const trader = createClient({ baseUrl: url }).trader(key)
const { order } = await trader.place({ market: 'BTC-PERP', side: 'buy', price: '58000', amount: '0.01' })
const { order: canceled } = await trader.cancel({ orderId: order.id })
const { openingEquity } = (await trader.account.marginSimulator()).ask({})
console.log(JSON.stringify({ placed: order.status, canceled: canceled.status, openingEquity }))
`

test('the tarball works in a folder that knows nothing of this workspace', async () => {
  const pack = join(here, 'bin', 'pack.mjs')
  const tarball = (await run(process.execPath, [pack, folder])).stdout.trim()
  install(tarball)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'trade.mjs'), program)
  const key = `0x${(61).toString(16).padStart(64, '0')}`
  const { stdout } = await run(process.execPath, ['trade.mjs', house.gateway.url, key], {
    cwd: folder,
  })
  expect(JSON.parse(stdout)).toEqual({
    placed: 'open',
    canceled: 'canceled',
    openingEquity: '10000',
  })
  const packed = readdirSync(join(folder, 'node_modules', '@plumb', 'sdk'))
  expect(packed.toSorted()).toEqual(['dist', 'examples', 'node_modules', 'package.json'])
})
