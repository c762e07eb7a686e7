//! The processes of one devnet: started, written down, stopped in order.
import { DevnetError } from './devnet-error.ts'
import { type Keeper, startKeeper } from './keeper.ts'
import type { ChainKeeper } from './local-chain.ts'
import type { ProcessTable } from './process-table.ts'
import type { Progress } from './progress.ts'
import { services } from './service-table.ts'
import {
  type ProcessObserver,
  type SupervisedProcess,
  superviseProcess,
} from './supervised-process.ts'

/** Everything that was started so far, so that a failed start can take it back. */
export class RunningProcesses {
  readonly table: ProcessTable
  private readonly keeper: Keeper
  private readonly processes = new Map<string, SupervisedProcess>()
  private readonly say: Progress
  chainKeeper: ChainKeeper | undefined
  private stopping: Promise<void> | undefined

  constructor(table: ProcessTable, say: Progress) {
    this.table = table
    this.say = say
    this.keeper = startKeeper()
  }

  private readonly observer: ProcessObserver = {
    started: (spec, pid) => {
      this.table.add({ name: spec.name, pid, signal: spec.signal })
      this.keeper.update(this.table.entries)
      if (spec.name === 'chain') this.chainKeeper?.forget()
    },
    exited: (spec, pid, why, restartInMs) => {
      this.table.remove(pid)
      this.keeper.update(this.table.entries)
      if (restartInMs !== undefined)
        this.say(`! ${spec.name} ended (${why}); again in ${restartInMs} ms — see ${spec.logPath}`)
    },
  }

  /** @throws DevnetError STOPPED when the start was abandoned meanwhile */
  start(spec: Parameters<typeof superviseProcess>[0]): SupervisedProcess {
    if (this.stopping !== undefined) throw new DevnetError('STOPPED', 'The start was abandoned.')
    const process = superviseProcess(spec, this.observer)
    this.processes.set(spec.name, process)
    return process
  }

  get stopped(): boolean {
    return this.stopping !== undefined
  }

  process(name: string): SupervisedProcess | undefined {
    return this.processes.get(name)
  }

  private async stopNow(): Promise<void> {
    for (const stage of [2, 1, 0])
      await Promise.all(
        services
          .filter(({ stopStage }) => stopStage === stage)
          .map(async ({ name }) => this.processes.get(name)?.stop()),
      )
    await this.chainKeeper
      ?.close()
      .catch((error: unknown) => this.say(`! last chain state: ${String(error)}`))
    await Promise.all(['chain', 'postgres'].map(async (name) => this.processes.get(name)?.stop()))
    this.keeper.close()
    this.table.release()
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopNow()
    return this.stopping
  }
}
