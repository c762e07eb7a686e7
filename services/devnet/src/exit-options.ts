//! The command line of `npm run exit`.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { DevnetError } from './devnet-error.ts'
import type { ExitRoute } from './exit-steps.ts'

export const exitUsage = `npm run exit -- [show | leave | freeze] --contract ADDRESS (--key KEY | --key-file FILE) [options]
  show             what you hold, what is free, what you have asked for, and when it comes due (default)
  leave            close every position against the backstop and take everything out: two transactions, an hour
  freeze           end an exchange whose operator is gone, claim your equity and have it paid: a day, and the claim period
  --rpc URL        any node of the exchange's chain (default http://127.0.0.1:8545)
  --contract ADDRESS
  --key KEY        private key of the owner, 0x and 64 digits
  --key-file FILE  the same from a file, so that it stands in no shell history
  --subaccount N   (default 0)
  --advance-time   on a local chain: move the clock instead of waiting
  --json           one object {name, figures, environment} on the last line

It needs nothing else: no service of the exchange. It does what can be done now and says when to come again; run the same
command then. Orders of yours that the operator still holds may fill until they expire or are cancelled on-chain.`

export type ExitOptions = {
  route: ExitRoute | 'show'
  rpcUrl: string
  contract: string
  key: string
  subaccount: number
  advanceTime: boolean
  json: boolean
  help: boolean
}

const fail = (why: string) => new DevnetError('BAD_OPTION', `${why}\n\n${exitUsage}`)

const read = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: args.filter((word) => word !== '--'),
      allowPositionals: true,
      options: {
        rpc: { type: 'string', default: 'http://127.0.0.1:8545' },
        contract: { type: 'string', default: '' },
        key: { type: 'string' },
        'key-file': { type: 'string' },
        subaccount: { type: 'string', default: '0' },
        'advance-time': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw fail(error instanceof Error ? error.message : String(error))
  }
}

const keyFrom = (key: string | undefined, file: string | undefined): string => {
  if (file === undefined) return key ?? ''
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    throw fail(`--key-file ${file} cannot be read.`)
  }
}

/** @throws DevnetError BAD_OPTION, with the usage */
export const parseExitOptions = (args: readonly string[]): ExitOptions => {
  const { values, positionals } = read(args)
  const [route = 'show', ...more] = positionals
  if ((route !== 'show' && route !== 'leave' && route !== 'freeze') || more.length > 0)
    throw fail(`There is no exit called ${positionals.join(' ')}.`)
  const options: ExitOptions = {
    route,
    rpcUrl: values.rpc,
    contract: values.contract,
    key: keyFrom(values.key, values['key-file']),
    subaccount: Number(values.subaccount),
    advanceTime: values['advance-time'],
    json: values.json,
    help: values.help,
  }
  if (options.help) return options
  if (!/^0x[0-9a-f]{40}$/i.test(options.contract)) throw fail('--contract needs an address.')
  if (!/^0x[0-9a-f]{64}$/i.test(options.key)) throw fail('--key or --key-file needs a private key.')
  if (!/^\d{1,3}$/.test(values.subaccount) || options.subaccount > 255)
    throw fail(`--subaccount needs a number from 0 to 255, not ${values.subaccount}.`)
  return options
}
