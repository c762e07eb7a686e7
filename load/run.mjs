//! `npm run bench NAME [--json …]` runs load/NAME.bench.ts from source, `npm run load -- PROFILE` load/load.ts.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const [name = '', ...rest] = process.argv.slice(2)
const file = join(here, name === 'load' ? 'load.ts' : `${name}.bench.ts`)
if (!existsSync(file)) {
  const names = readdirSync(here)
    .filter((entry) => entry.endsWith('.bench.ts'))
    .map((entry) => entry.slice(0, -'.bench.ts'.length))
  process.stderr.write(`usage: pnpm bench ${names.join('|')} [--json]\n`)
  process.exit(2)
}
const tsx = pathToFileURL(createRequire(join(here, '..', 'package.json')).resolve('tsx')).href
const args = ['--expose-gc', '--conditions=@plumb/source', '--import', tsx, file, ...rest]
// As the sequencer is started: the engine's slabs on huge pages (README, 2026-11-27).
const env = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1', ...process.env }
const run = spawnSync(process.execPath, args, { stdio: 'inherit', env })
process.exit(run.status ?? 1)
