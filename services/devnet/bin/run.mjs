//! `npm run trade|demo|replay-tape|verify|journal|ledger|reconcile|exit|scenario|list-market|delist-market`: installs, builds, runs that command of the devnet.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { orExit, prepare } from './prepare.mjs'

await orExit(async () => {
  const [name = '', ...rest] = process.argv.slice(2)
  if (!/^[a-z-]+$/.test(name))
    throw new Error(
      'usage: run.mjs trade|demo|replay-tape|verify|journal|ledger|reconcile|exit|scenario|list-market|delist-market …',
    )
  await prepare()
  const entry = new URL(`../dist/${name}.js`, import.meta.url)
  if (!existsSync(fileURLToPath(entry))) throw new Error(`there is no command ${name}`)
  // The command sees its own arguments only; `--` is what npm needs and pnpm passes on.
  process.argv.splice(2, process.argv.length, ...rest.filter((word, i) => i > 0 || word !== '--'))
  await import(entry.href)
})
