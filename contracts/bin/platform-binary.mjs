//! Finds forge's real binary: the npm launcher loses the exit code and leaks TARGET_TOOL.
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'

const require = createRequire(import.meta.url)
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' }

/** Absolute path of the platform package's binary of `@foundry-rs/<tool>`; throws with what is missing. */
export function platformBinary(tool) {
  const name = `@foundry-rs/${tool}-${platform()}-${ARCHITECTURES[arch()] ?? arch()}`
  const file = `${name}/bin/${tool}${platform() === 'win32' ? '.exe' : ''}`
  try {
    // The platform package is a dependency of the launcher's, so it is looked up from there.
    const launcher = require.resolve(`@foundry-rs/${tool}/package.json`)
    return createRequire(launcher).resolve(file)
  } catch {
    throw new Error(`${name} is not installed: run pnpm install (platform ${platform()} ${arch()})`)
  }
}
