//! Packs the sdk as one tarball that installs anywhere: `node packages/sdk/bin/pack.mjs [folder]` (the working directory unless
//! given). The house's own packages travel inside it; everything else comes from the registry, at the versions tested here.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const sdk = fileURLToPath(new URL('..', import.meta.url))
const packages = join(sdk, '..')
const bundled = ['model', 'protocol']

const readJson = (...path) => JSON.parse(readFileSync(join(...path), 'utf8'))

/** The version of a dependency as installed here: what the tests ran with. */
function installedVersion(name, from) {
  let folder = dirname(createRequire(join(from, 'package.json')).resolve(name))
  for (;;) {
    try {
      const { name: found, version } = readJson(folder, 'package.json')
      if (found === name) return version
    } catch {
      // not the root of the package yet
    }
    const parent = dirname(folder)
    if (parent === folder) throw new Error(`${name} is not installed: run pnpm install`)
    folder = parent
  }
}

/** Copies what a package publishes: its built files and a manifest that names them. */
function stage(folder, name, dependencies, more = {}) {
  const source = join(packages, name)
  const { version, sideEffects } = readJson(source, 'package.json')
  mkdirSync(folder, { recursive: true })
  cpSync(join(source, 'dist'), join(folder, 'dist'), {
    recursive: true,
    filter: (path) => !/\.test\.|\/testing(?:\/|$)/.test(path),
  })
  const manifest = {
    name: `@plumb/${name}`,
    version,
    type: 'module',
    sideEffects,
    engines: { node: '>=20.19' },
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
    dependencies,
    ...more,
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}

/** Outside dependencies of a package, by the versions installed here. */
function outside(name) {
  const folder = join(packages, name)
  const names = Object.keys(readJson(folder, 'package.json').dependencies ?? {})
  return Object.fromEntries(
    names.filter((n) => !n.startsWith('@plumb/')).map((n) => [n, installedVersion(n, folder)]),
  )
}

/** Makes the tarball and answers its path. */
export function pack(folder) {
  const staged = mkdtempSync(join(tmpdir(), 'plumb-sdk-'))
  try {
    execFileSync(join(packages, '..', 'node_modules', '.bin', 'tsc'), ['-b', sdk])
    const inside = Object.fromEntries(bundled.map((name) => [`@plumb/${name}`, '0.0.0']))
    const dependencies = Object.assign({}, ...['sdk', ...bundled].map(outside), inside)
    stage(staged, 'sdk', dependencies, { bundleDependencies: Object.keys(inside) })
    for (const name of bundled) stage(join(staged, 'node_modules', '@plumb', name), name, {})
    cpSync(join(sdk, 'examples'), join(staged, 'examples'), { recursive: true })
    const command = ['pack', '--silent', '--pack-destination', resolve(folder)]
    const file = execFileSync('npm', command, { cwd: staged, encoding: 'utf8' }).trim()
    return join(resolve(folder), file)
  } finally {
    rmSync(staged, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(`${pack(process.argv[2] ?? '.')}\n`)
