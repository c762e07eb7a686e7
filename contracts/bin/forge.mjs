#!/usr/bin/env node
//! forge, run from contracts/ with its exit code kept: `node bin/forge.mjs build|test|...`.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { platformBinary } from './platform-binary.mjs'

// A relative solc path in foundry.toml resolves against the working directory.
const cwd = join(dirname(fileURLToPath(import.meta.url)), '..')
const run = spawnSync(platformBinary('forge'), process.argv.slice(2), { cwd, stdio: 'inherit' })
if (run.error) throw run.error
process.exitCode = run.status ?? 1
