//! The command line of `npm start`.
import { parseArgs } from 'node:util'
import { DevnetError } from './devnet-error.ts'
import { devnetPrices } from './devnet-prices.ts'
import { type DevnetOptions, defaultPorts } from './start-devnet.ts'

export const startUsage = `npm start -- [options]
  --fresh               delete this devnet's state and begin anew
  --state DIR           where state lives (default .devnet)
  --gateway-port PORT   REST, WebSocket, status page (default ${defaultPorts.gateway}; 0: any free one; also --port)
  --rpc-port PORT       the chain's JSON-RPC (default ${defaultPorts.rpc})
  --postgres-port PORT  (default ${defaultPorts.postgres})
  --prices SOURCE       simulator (default), live, or replay:FILE[@SPEED] (a CSV or .csv.gz of prices)
  --no-bot              without the market maker
  --log-level LEVEL     of the services' logs (default info)
  --json                print the addresses as one JSON object`

const portOf = (flag: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw new DevnetError('BAD_OPTION', `${flag} needs a port number, 0 to 65535, not ${text}`)
}

type StartOptions = DevnetOptions & { json: boolean; help: boolean }

/** @throws DevnetError BAD_OPTION, with the usage */
export const parseStartOptions = (args: readonly string[]): StartOptions => {
  const read = () =>
    parseArgs({
      args: args.filter((word) => word !== '--'),
      options: {
        fresh: { type: 'boolean', default: false },
        state: { type: 'string' },
        port: { type: 'string' },
        'gateway-port': { type: 'string' },
        'rpc-port': { type: 'string' },
        'postgres-port': { type: 'string' },
        prices: { type: 'string' },
        'no-bot': { type: 'boolean', default: false },
        'log-level': { type: 'string', default: 'info' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  let values: ReturnType<typeof read>
  try {
    values = read()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new DevnetError('BAD_OPTION', `${why}\n\n${startUsage}`)
  }
  const gatewayPort = portOf('--gateway-port', values['gateway-port'] ?? values.port)
  const rpcPort = portOf('--rpc-port', values['rpc-port'])
  const postgresPort = portOf('--postgres-port', values['postgres-port'])
  return {
    fresh: values.fresh,
    prices: devnetPrices(values.prices),
    bots: !values['no-bot'],
    logLevel: values['log-level'],
    json: values.json,
    help: values.help,
    ...(values.state === undefined ? {} : { stateDir: values.state }),
    ...(gatewayPort === undefined ? {} : { gatewayPort }),
    ...(rpcPort === undefined ? {} : { rpcPort }),
    ...(postgresPort === undefined ? {} : { postgresPort }),
  }
}
