//! `npm run exit`: leaves the exchange with nothing but an RPC, the contract's address and a key.
import { createRpc, type ExitDesk, ExitRefusedError, openExitDesk, type Rpc } from '@plumb/chain'
import { quoteToText } from '@plumb/sdk'
import { DevnetError } from './devnet-error.ts'
import { type ExitOptions, exitUsage, parseExitOptions } from './exit-options.ts'
import { type ExitRoute, type ExitStep, nextExitStep } from './exit-steps.ts'
import { printExitView, readExitView, timeText } from './exit-view.ts'
import { explain } from './trade-connection.ts'
import { print, step } from './trade-terminal.ts'

const localChainIds: ReadonlySet<number> = new Set([1_337, 31_337])
/** More than any way out has steps: one that goes round in circles says so. */
const stepsMax = 500

/** Moves a local chain's clock. @throws DevnetError on any other chain */
const advance = async (rpc: Rpc, untilS: number) => {
  if (!localChainIds.has(await rpc.chainId()))
    throw new DevnetError('BAD_OPTION', '--advance-time works on a local chain only.')
  await rpc.request('evm_setNextBlockTimestamp', [untilS])
  await rpc.request('evm_mine', [])
}

const hints: Readonly<Record<string, string>> = {
  BackstopShort:
    'The backstop cannot take the position now. Once the request is overdue by the freeze delay, run: exit freeze',
  NothingFree: 'Nothing can be paid right now (margin, or an outflow limit): try again in an hour.',
  NothingToClaim: 'The account has no positive equity at the frozen prices.',
  StalePrice: 'A market has never had a verified price.',
}

/** Carries out one step; a block whose cap is used up is waited out. */
const carryOut = async (desk: ExitDesk, todo: ExitStep & { kind: 'send' }): Promise<boolean> => {
  try {
    const hash = await desk.send(todo.call, todo.values)
    step('done', todo.call, `${todo.says}  ${hash}`)
    return true
  } catch (error) {
    if (!(error instanceof ExitRefusedError)) throw error
    const hint = hints[error.code]
    throw new DevnetError(
      'REFUSED',
      `${todo.call} was refused: ${error.message}${hint === undefined ? '' : `\n${hint}`}`,
    )
  }
}

/** Does what can be done. Returns when to come again (0 = it is over) and how many transactions it took. */
const walk = async (rpc: Rpc, desk: ExitDesk, route: ExitRoute, options: ExitOptions) => {
  let transactions = 0
  for (let i = 0; i < stepsMax; i++) {
    const view = await readExitView(desk, options.subaccount)
    const todo = nextExitStep(view, route)
    if (todo.kind === 'done') {
      step('done', 'out', todo.says)
      return { nextAtS: 0, transactions }
    }
    if (todo.kind === 'send') {
      await carryOut(desk, todo)
      transactions += 1
    } else if (options.advanceTime) {
      await advance(rpc, todo.untilS)
      step('wait', 'clock', `moved to ${timeText(todo.untilS)}: ${todo.says}`)
    } else {
      step('wait', 'later', `${todo.says} from ${timeText(todo.untilS)}: run this again then`)
      return { nextAtS: todo.untilS, transactions }
    }
  }
  throw new DevnetError('TIMEOUT', `Not out after ${stepsMax} steps.`)
}

const run = async (options: ExitOptions) => {
  const rpc = createRpc(options.rpcUrl)
  const desk = await openExitDesk(rpc, options.contract, options.key)
  try {
    const beforeQuote = await desk.tokenBalanceQuote()
    if (options.route === 'show' || !options.json)
      await printExitView(desk, await readExitView(desk, options.subaccount))
    const walked =
      options.route === 'show'
        ? { nextAtS: 0, transactions: 0 }
        : await walk(rpc, desk, options.route, options)
    const after = await readExitView(desk, options.subaccount)
    const receivedQuote = (await desk.tokenBalanceQuote()) - beforeQuote
    if (receivedQuote > 0) step('done', 'received', `${quoteToText(receivedQuote)} USDC`)
    return {
      ...walked,
      receivedQuote,
      cashQuote: after.cashQuote,
      positions: after.positions.length,
      frozen: after.freeze.frozenAtS !== 0,
      atS: after.nowS,
    }
  } finally {
    desk.close()
  }
}

try {
  const options = parseExitOptions(process.argv.slice(2))
  if (options.help) print(exitUsage)
  else {
    const figures = await run(options)
    const environment = { node: process.version, rpc: options.rpcUrl }
    if (options.json) print(JSON.stringify({ name: 'exit', figures, environment }))
  }
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exitCode = 1
}
