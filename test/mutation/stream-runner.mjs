//! A Stryker plugin: judges mutants by recorded streams (record.ts). The engine says to every command what the unchanged one
//! said, or the mutant is noticed. One process keeps the engine loaded, so that most mutants take milliseconds.
import { readFileSync } from 'node:fs'
import { register } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Where instrumented code looks for the mutant that is on. */
const SPACE = '__stryker__'
const space = (globalThis[SPACE] ??= {})
/** A module of Stryker's copy. */
const copied = (path) => import(pathToFileURL(join(process.cwd(), path)).href)
const noticed = (name, why, count) => ({
  status: 'killed',
  killedBy: [name],
  failureMessage: why,
  nrOfTests: count,
})

class StreamRunner {
  #parts
  #streams = []
  #commands = new Uint8Array(0)

  capabilities() {
    return { reloadEnvironment: false }
  }

  init() {
    // The package is Stryker's copy, not what node_modules links to.
    const model = pathToFileURL(join(process.cwd(), 'packages/model/src/index.ts')).href
    const hook = `export const resolve = (name, context, next) =>
      next(name === '@plumb/model' ? ${JSON.stringify(model)} : name, context)`
    register(`data:text/javascript,${encodeURIComponent(hook)}`)
    const folder = join(process.cwd(), '../streams')
    this.#streams = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'))
    this.#commands = new Uint8Array(readFileSync(join(folder, 'commands.bin')))
    let at = 0
    for (const stream of this.#streams) {
      stream.from = at
      stream.noticed = 0
      at += stream.answers.length
    }
  }

  /** Loaded late: what runs while modules load must see its mutant. */
  async #load() {
    this.#parts ??= {
      ...(await copied('packages/engine/src/index.ts')),
      ...(await copied('packages/model/src/index.ts')),
      ...(await copied('test/mutation/recorded.ts')),
    }
  }

  async dryRun() {
    await this.#load()
    const tests = []
    for (const stream of this.#streams) {
      const fromMs = performance.now()
      space.currentTestId = stream.name
      const difference = this.#play(stream)
      space.currentTestId = undefined
      if (difference !== undefined)
        return { status: 'error', errorMessage: `${stream.name}: ${difference}` }
      const timeSpentMs = performance.now() - fromMs
      tests.push({ id: stream.name, name: stream.name, status: 0, timeSpentMs })
    }
    return { status: 'complete', tests, mutantCoverage: space.mutantCoverage }
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation }) {
    space.hitCount = hitLimit === undefined ? undefined : 0
    space.hitLimit = hitLimit
    if (mutantActivation === 'static') space.activeMutant = activeMutant.id
    await this.#load()
    space.activeMutant = activeMutant.id
    const wanted = this.#streams
      .filter(({ name }) => testFilter?.includes(name) ?? true)
      .toSorted((a, b) => b.noticed - a.noticed)
    for (const [i, stream] of wanted.entries()) {
      const difference = this.#play(stream)
      if (hitLimit !== undefined && space.hitCount > hitLimit) return { status: 'timeout' }
      if (difference === undefined) continue
      // What has noticed most is asked first.
      stream.noticed++
      return noticed(stream.name, difference, i + 1)
    }
    return { status: 'survived', nrOfTests: wanted.length }
  }

  /** What is not as recorded; undefined if everything is. */
  #play({ limits, answers, from, hash }) {
    const { createEngine, CommandBuffer, COMMAND_STRIDE, digest } = this.#parts
    try {
      const engine = createEngine(limits)
      const buffer = new CommandBuffer(1)
      for (const [i, answer] of answers.entries()) {
        const start = (from + i) * COMMAND_STRIDE
        buffer.load(0, this.#commands.subarray(start, start + COMMAND_STRIDE))
        engine.events.clear()
        engine.apply(buffer, 0)
        if (digest(engine.events.bytes()) !== answer) return `another answer at ${i + 1}`
      }
      const { hi, lo } = engine.stateHash()
      return `${hi}:${lo}` === hash ? undefined : 'another hash'
    } catch (error) {
      return String(error)
    }
  }
}

const runner = () => new StreamRunner()
runner.inject = []

export const strykerPlugins = [{ kind: 'TestRunner', name: 'streams', factory: runner }]
