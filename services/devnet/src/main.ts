//! `npm start`: the whole exchange in the foreground, until Ctrl-C.
import { createClient } from '@plumb/sdk'
import { parentPid } from './config.ts'
import { DevnetError } from './devnet-error.ts'
import { parseStartOptions, startUsage } from './devnet-options.ts'
import { processIdentity } from './process-identity.ts'
import { type Devnet, startDevnet } from './start-devnet.ts'

const say = (line: string) => console.error(line)

const greeting = ({ addresses, accounts, paths }: Devnet): string => {
  const keys = accounts
    .slice(0, 4)
    .map(({ name, address, privateKey }) => `  ${name.padEnd(6)} ${address}  ${privateKey}`)
  return `
Plumb is running. Ctrl-C stops it; the next npm start continues where it was.

  status page   ${addresses.gatewayUrl}/
  REST          ${addresses.gatewayUrl}/v1   (docs: ${addresses.docsUrl})
  WebSocket     ${addresses.webSocketUrl}
  chain RPC     ${addresses.rpcUrl}   (chain id 1337)
  contract      ${addresses.contract}
  test USDC     ${addresses.token}
  PostgreSQL    ${addresses.databaseUrl}
  state, logs   ${paths.state}

Demo keys (public: never use them anywhere else), each with ETH and 10,000,000 test USDC:
${keys.join('\n')}
  … all of them: ${addresses.gatewayUrl}/v1/devnet

Try:  npm run trade -- buy BTC-PERP 0.1 61000
      npm run list-market -- EURUSD-PERP --price 1.08
`
}

/** After a stop of more than half a minute markets come back in steps: who tries to trade should know. */
const sayIfReopening = async ({ addresses }: Devnet) => {
  const { markets } = await createClient({ baseUrl: addresses.gatewayUrl }).status()
  const closed = markets.filter(({ state, reason }) => state !== 'settled' && reason !== null)
  const [first] = closed
  if (first === undefined) return
  const names = closed.map(({ market }) => market).join(', ')
  say(`… ${names}: ${first.state.replace('_', ' ')}. ${first.reason}`)
  say(`  Follow it: ${addresses.gatewayUrl}/v1/status\n`)
}

/** npm and the terminal both deliver Ctrl-C: a second one counts only when it comes later, as impatience. */
const impatientAfterMs = 1_500

const stopOnSignals = (stop: () => Promise<void>) => {
  let askedMs = 0
  const onSignal = (signal: string) => {
    if (askedMs !== 0) {
      if (Date.now() - askedMs > impatientAfterMs) process.exit(1) // the keeper ends the others
      return
    }
    askedMs = Date.now()
    say(`\n${signal}: stopping …`)
    stop().then(
      () => {
        say(`stopped (${((Date.now() - askedMs) / 1000).toFixed(1)} s)`)
        process.exit(0)
      },
      (error: unknown) => {
        say(`✗ ${String(error)}`)
        process.exit(1)
      },
    )
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal)
  const parent = parentPid
  if (parent === undefined) return
  setInterval(() => {
    if (processIdentity(parent) === undefined) onSignal('parent is gone')
  }, 1_000).unref()
}

const main = async () => {
  const { json, help, ...options } = parseStartOptions(process.argv.slice(2))
  if (help) return console.log(startUsage)
  const abandon = new AbortController()
  const starting = startDevnet({ ...options, signal: abandon.signal, onProgress: say })
  stopOnSignals(async () => {
    abandon.abort()
    const devnet = await starting.catch(() => undefined)
    await devnet?.stop()
  })
  const devnet = await starting
  if (json) console.log(JSON.stringify({ ...devnet.addresses, state: devnet.paths.state }))
  else {
    say(greeting(devnet))
    await sayIfReopening(devnet).catch(() => {}) // the status page tells as well
  }
}

try {
  await main()
} catch (error) {
  say(`✗ ${error instanceof DevnetError ? error.message : String(error)}`)
  process.exit(1)
}
