//! The exchange a demonstration runs against: the one that is up, or a fresh one of its own.
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDevnet } from './start-devnet.ts'
import { connect, defaultGateway, type Exchange } from './trade-connection.ts'
import { print } from './trade-terminal.ts'

export type DemoExchange = Exchange & { stop(): Promise<void> }

/** Whether anything answers there. */
async function answers(gateway: string): Promise<boolean> {
  try {
    const response = await fetch(`${gateway}/health`, { signal: AbortSignal.timeout(2_000) })
    await response.body?.cancel()
    return true
  } catch {
    return false
  }
}

/** The running devnet at `gateway` (default 8080) or, unless one was named, a new one in a temporary folder. */
export async function openExchange(gateway: string | undefined): Promise<DemoExchange> {
  const url = gateway ?? defaultGateway
  if (gateway !== undefined || (await answers(url)))
    return { ...(await connect(url)), stop: () => Promise.resolve() }
  print(`nothing runs at ${url}: starting a devnet for this demonstration`)
  const stateDir = await mkdtemp(join(tmpdir(), 'plumb-demo-'))
  await chmod(stateDir, 0o755) // PostgreSQL runs as a user of its own where this one is root
  const removeState = () => rm(stateDir, { recursive: true, force: true })
  try {
    const ports = { gatewayPort: 0, rpcPort: 0, postgresPort: 0 }
    const devnet = await startDevnet({
      stateDir,
      ...ports,
      onProgress: (line) => print(`  ${line}`),
    })
    const stop = async () => {
      await devnet.stop()
      await removeState()
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => void stop().finally(() => process.exit(130)))
    return { ...(await connect(devnet.addresses.gatewayUrl)), stop }
  } catch (error) {
    await removeState()
    throw error
  }
}
