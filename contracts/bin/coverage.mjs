#!/usr/bin/env node
//! Line and branch coverage of the contracts by their unit tests: `npm run coverage:contracts`. Fails below 100 % but for
//! the exceptions below.
//!
//! `forge coverage` maps the optimiser's output back to lines, which is wrong for inlined and assembly code, and mixes up
//! several compiler profiles. Here the sources themselves say what they do: a copy of contracts/ under cache/coverage gets
//! a call before every statement and around every condition, and a bit in every branch of assembly. The calls end at the
//! test runner, not in storage, so what is reverted counts too.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { platformBinary } from './platform-binary.mjs'

const CONTRACTS = join(dirname(fileURLToPath(import.meta.url)), '..')
const COPY = join(CONTRACTS, 'cache/coverage')
const HITS = join(COPY, 'hits.txt')
const solc = createRequire(import.meta.url)('solc')

const print = (line) => process.stdout.write(`${line}\n`)

/** What no test reaches, and why: file, the text that begins there, which outcome. */
const EXCEPTIONS = [
  {
    file: 'Extended.sol',
    text: 'ok',
    outcome: 'true',
    why: 'the call returns there, before it is noted; every read of an extension takes it',
  },
  {
    file: 'Extended.sol',
    text: 'ok',
    outcome: 'false',
    why: 'the call reverts there, before it is noted; every refusal of an extension takes it',
  },
  {
    file: 'ForcedReduction.sol',
    text: 'slow == 0',
    outcome: 'true',
    why: 'a guard: a position needs a mark, and a market with a mark has a slow one',
  },
  {
    file: 'LiquidationSegment.sol',
    text: 'off < mark',
    outcome: 'false',
    why: 'a guard: equity below maintenance keeps the limit above zero',
  },
  {
    file: 'Settleable.sol',
    text: 'found & UNMARKED != 0',
    outcome: 'true',
    line: 48,
    why: 'a guard: a position needs a mark to be opened, and a market keeps its mark',
  },
]

const RECORDER = `// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

function covHit(uint256 id) pure {
    function(uint256) view real = covRecord;
    function(uint256) pure cast;
    assembly { cast := real }
    cast(id);
}
function covIf(uint256 id, bool outcome) pure returns (bool) {
    covHit(outcome ? id : id + 1);
    return outcome;
}
function covBits(uint256 id, uint256 bits) pure {
    for (; bits != 0; bits >>= 1) {
        if (bits & 1 != 0) covHit(id);
        ++id;
    }
}
// envExists(name), and at the first time setEnv(name, "1") and writeLine("hits.txt", name): effects outside of the EVM.
function covRecord(uint256 id) view {
    assembly ("memory-safe") {
        let vm := 0x7109709ECfa91a80626fF3989D68f67F5b1DD12D
        let name := add(0x434F5661616161, and(id, 0xF))
        name := add(name, shl(4, and(id, 0xF0)))
        name := add(name, shl(8, and(id, 0xF00)))
        name := shl(200, add(name, shl(12, and(id, 0xF000))))
        let p := mload(0x40)
        mstore(p, shl(224, 0xce8365f9))
        mstore(add(p, 0x04), 0x20)
        mstore(add(p, 0x24), 7)
        mstore(add(p, 0x44), name)
        pop(staticcall(gas(), vm, p, 0x64, 0x00, 0x20))
        if iszero(mload(0x00)) {
            mstore(p, shl(224, 0x3d5923ee))
            mstore(add(p, 0x04), 0x40)
            mstore(add(p, 0x24), 0x80)
            mstore(add(p, 0x44), 7)
            mstore(add(p, 0x64), name)
            mstore(add(p, 0x84), 1)
            mstore(add(p, 0xa4), shl(248, 0x31))
            pop(staticcall(gas(), vm, p, 0xc4, 0x00, 0x00))
            mstore(p, shl(224, 0x619d897f))
            mstore(add(p, 0x04), 0x40)
            mstore(add(p, 0x24), 0x80)
            mstore(add(p, 0x44), 8)
            mstore(add(p, 0x64), shl(192, 0x686974732E747874))
            mstore(add(p, 0x84), 7)
            mstore(add(p, 0xa4), name)
            pop(staticcall(gas(), vm, p, 0xc4, 0x00, 0x00))
        }
    }
}
`

const OPTIMIZER = `
[profile.default.optimizer_details]
yul = true
[profile.default.optimizer_details.yulDetails]
stackAllocation = true
optimizerSteps = "u"

[lint]`

const filesIn = (folder) =>
  readdirSync(join(CONTRACTS, folder), { recursive: true })
    .filter((name) => name.endsWith('.sol'))
    .map((name) => join(folder, name))

/** Syntax trees by path. */
function parse(paths) {
  const sources = Object.fromEntries(
    paths.map((path) => [path, { content: readFileSync(join(CONTRACTS, path), 'utf8') }]),
  )
  const settings = { outputSelection: { '*': { '': ['ast'] } }, viaIR: true }
  const output = JSON.parse(
    solc.compile(JSON.stringify({ language: 'Solidity', sources, settings })),
  )
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error')
  if (errors.length > 0)
    throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'))
  return Object.fromEntries(paths.map((path) => [path, output.sources[path].ast]))
}

/** Points of the whole: what was asked at which line. A branch has an outcome, a statement none. */
const points = []

/** One source with its calls in place. */
class Instrumenter {
  constructor(path, ast) {
    this.path = path
    this.bytes = readFileSync(join(CONTRACTS, path))
    this.inserts = []
    this.walk(ast)
  }

  point(node, outcome) {
    const [start, length] = node.src.split(':').map(Number)
    const line = this.bytes.subarray(0, start).toString().split('\n').length
    const text = this.bytes
      .subarray(start, start + length)
      .toString()
      .replaceAll(/\s+/g, ' ')
    points.push({ path: this.path, line, text: text.slice(0, 70), outcome })
    return points.length - 1
  }

  insert(at, text, order = 0) {
    this.inserts.push({ at, text, order })
  }

  walk(node) {
    if (Array.isArray(node)) for (const inner of node) this.walk(inner)
    else if (typeof node === 'object' && node !== null) {
      this.visit(node)
      for (const [key, value] of Object.entries(node))
        if (key !== 'AST' || node.nodeType !== 'InlineAssembly') this.walk(value)
    }
  }

  visit(node) {
    if (node.nodeType === 'Block' || node.nodeType === 'UncheckedBlock') {
      for (const statement of node.statements ?? []) this.statement(statement)
    } else if (
      ['IfStatement', 'Conditional', 'WhileStatement', 'ForStatement'].includes(node.nodeType) &&
      node.condition &&
      node.condition.nodeType !== 'Literal'
    ) {
      const [start, length] = node.condition.src.split(':').map(Number)
      const id = this.point(node.condition, 'true')
      this.point(node.condition, 'false')
      this.insert(start, `covIf(${id}, `, 1)
      this.insert(start + length, ')', -1)
    }
  }

  statement(node) {
    if (node.nodeType === 'Block' || node.nodeType === 'UncheckedBlock') return
    const [start, length] = node.src.split(':').map(Number)
    this.insert(start, `covHit(${this.point(node)}); `)
    if (node.nodeType !== 'InlineAssembly') return
    const first = points.length
    const name = `cov_${first}`
    this.assembly(node.AST, name, first)
    if (points.length === first) return
    this.insert(start, `uint256 ${name}; `)
    this.insert(start + length, ` covBits(${first}, ${name});`)
  }

  assembly(node, name, first) {
    if (Array.isArray(node)) for (const inner of node) this.assembly(inner, name, first)
    else if (typeof node === 'object' && node !== null) {
      if (node.nodeType === 'YulIf') {
        const [start] = node.src.split(':').map(Number)
        const [at, length] = node.condition.src.split(':').map(Number)
        const bit = this.point(node.condition, 'true') - first
        this.point(node.condition, 'false')
        const condition = this.bytes.subarray(at, at + length).toString()
        this.insert(start, `${name} := or(${name}, shl(add(${bit}, iszero(${condition})), 1)) `)
      } else if (node.nodeType === 'YulSwitch') {
        for (const branch of node.cases) {
          const [start] = branch.body.src.split(':').map(Number)
          const bit = this.point(branch, 'taken') - first
          this.insert(start + 1, ` ${name} := or(${name}, shl(${bit}, 1)) `)
        }
      }
      for (const value of Object.values(node)) this.assembly(value, name, first)
    }
  }

  text() {
    if (this.inserts.length === 0) return this.bytes.toString()
    const sorted = this.inserts
      .map((insert, i) => ({ ...insert, i }))
      .toSorted((a, b) => a.at - b.at || a.order - b.order || a.i - b.i)
    const parts = []
    let from = 0
    for (const { at, text } of sorted) {
      parts.push(this.bytes.subarray(from, at).toString(), text)
      from = at
    }
    parts.push(this.bytes.subarray(from).toString())
    const path = relative(dirname(this.path), 'src/Recorder.sol')
    const imported = `import {covBits, covHit, covIf} from "${path.startsWith('.') ? path : `./${path}`}";`
    return parts.join('').replace(/^pragma solidity .*$/m, (line) => `${line} ${imported}`)
  }
}

function prepareCopy() {
  mkdirSync(COPY, { recursive: true })
  for (const folder of ['src', 'test']) rmSync(join(COPY, folder), { recursive: true, force: true })
  rmSync(HITS, { force: true })
  for (const folder of ['test', 'bin'])
    cpSync(join(CONTRACTS, folder), join(COPY, folder), { recursive: true })
  const paths = filesIn('src')
  for (const [path, ast] of Object.entries(parse(paths))) {
    mkdirSync(dirname(join(COPY, path)), { recursive: true })
    writeFileSync(join(COPY, path), new Instrumenter(path, ast).text())
  }
  if (points.length >= 65_536) throw new RangeError('more points than names')
  writeFileSync(join(COPY, 'src/Recorder.sol'), RECORDER)
  const config = readFileSync(join(CONTRACTS, 'foundry.toml'), 'utf8')
    .replace(
      'offline = true',
      'offline = true\ncode_size_limit = 1_000_000\nfs_permissions = [{ access = "read-write", path = "./" }]',
    )
    .replace('runs = 100\n', 'runs = 20\n')
    // Hardly optimised: compiling takes a fifth of the time.
    .replace('optimizer = true', 'optimizer = false')
    .replace('\n[lint]', OPTIMIZER)
  writeFileSync(join(COPY, 'foundry.toml'), config)
}

function runTests() {
  const args = ['test', '--match-path', 'test/unit/*', ...process.argv.slice(2)]
  const { status, error, stdout, stderr } = spawnSync(platformBinary('forge'), args, {
    cwd: COPY,
    encoding: 'utf8',
    maxBuffer: 1e9,
  })
  if (error) throw error
  const summary = /\d+ tests passed, \d+ failed.*/.exec(stdout)?.[0] ?? ''
  if (status !== 0)
    throw new Error(
      `the tests fail on the instrumented contracts\n${stdout.slice(-8_000)}${stderr.slice(-4_000)}`,
    )
  return summary
}

const idOf = (name) =>
  Array.from(name.slice(3)).reduce((id, letter) => id * 16 + letter.charCodeAt(0) - 97, 0)
const percent = (hit, all) => (all === 0 ? '-' : `${((100 * hit) / all).toFixed(1)} %`).padStart(9)

function report() {
  const hit = new Set(
    existsSync(HITS) ? readFileSync(HITS, 'utf8').split('\n').filter(Boolean).map(idOf) : [],
  )
  const rows = new Map()
  const missing = []
  points.forEach((point, id) => {
    const row = rows.get(point.path) ?? { lines: new Map(), branches: 0, taken: 0 }
    rows.set(point.path, row)
    const excepted = EXCEPTIONS.some(
      ({ file, text, outcome, line }) =>
        point.path.endsWith(file) &&
        point.text.startsWith(text) &&
        point.outcome === outcome &&
        (line ?? point.line) === point.line,
    )
    if (excepted && hit.has(id))
      throw new Error(`an exception that a test reaches: ${point.path}:${point.line} ${point.text}`)
    const isGood = hit.has(id) || excepted
    if (!isGood) missing.push(point)
    if (point.outcome === undefined)
      row.lines.set(point.line, (row.lines.get(point.line) ?? true) && isGood)
    else {
      row.branches += 1
      if (isGood) row.taken += 1
    }
  })
  const sum = { lines: 0, hit: 0, branches: 0, taken: 0 }
  for (const [path, { lines, branches, taken }] of [...rows].toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  )) {
    const good = [...lines.values()].filter(Boolean).length
    print(
      `${path.padEnd(38)} lines ${percent(good, lines.size)} of ${String(lines.size).padStart(4)}   branches ${percent(taken, branches)} of ${String(branches).padStart(4)}`,
    )
    sum.lines += lines.size
    sum.hit += good
    sum.branches += branches
    sum.taken += taken
  }
  print(
    `${'all'.padEnd(38)} lines ${percent(sum.hit, sum.lines)} of ${String(sum.lines).padStart(4)}   branches ${percent(sum.taken, sum.branches)} of ${String(sum.branches).padStart(4)}`,
  )
  for (const { file, text, outcome, why } of EXCEPTIONS)
    print(`exception: ${file}: ${text} ${outcome ?? ''}: ${why}`)
  for (const { path, line, text, outcome } of missing)
    print(`not reached: ${path}:${line}${outcome ? ` (${outcome})` : ''}: ${text}`)
  return missing.length === 0
}

prepareCopy()
print(runTests())
if (!report()) process.exitCode = 1
