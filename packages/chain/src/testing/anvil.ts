//! A local chain of its own for one test: the real anvil, on a free port, gone when the test ends.
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'

export type Anvil = { url: string; stop(): Promise<void> }

const architecture = arch() === 'x64' ? 'amd64' : arch()

// The npm launcher loses signals and exit codes; the platform package hangs on it.
function anvilBinary(): string {
  const contracts = createRequire(new URL('../../../../contracts/package.json', import.meta.url))
  const launcher = createRequire(contracts.resolve('@foundry-rs/anvil/package.json'))
  const file = platform() === 'win32' ? 'anvil.exe' : 'anvil'
  return launcher.resolve(`@foundry-rs/anvil-${platform()}-${architecture}/bin/${file}`)
}

/** Starts anvil with chain id 1337, mining each transaction at once; resolves when it listens. */
export async function startAnvil(args: readonly string[] = []): Promise<Anvil> {
  const child = spawn(anvilBinary(), ['--port', '0', '--chain-id', '1337', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // A test that dies before its afterAll must not leave a chain behind.
  const kill = (): void => void child.kill()
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  const url = await listening(child)
  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        child.kill()
      }),
  }
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(output)?.[1]
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`)
    })
    child.once('exit', (code) => reject(new Error(`anvil ended with ${code}: ${output}`)))
  })
}
