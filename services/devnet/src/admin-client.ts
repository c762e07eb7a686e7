//! An operator's commands, straight to the sequencer.
import {
  type Command,
  decodeEvents,
  type EngineEvent,
  encodeCommand,
  rejectName,
} from '@plumb/model'
import { addressField, createCommandClient } from '@plumb/runtime'
import { DevnetError } from './devnet-error.ts'

export type AdminClient = {
  /** The command's events. @throws DevnetError REFUSED with the engine's code; CommandError when it was not sequenced */
  send(command: Command): Promise<EngineEvent[]>
  close(): Promise<void>
}

const readyWithinMs = 10_000

/** Opens a connection to the sequencer at `address` (`unix:…` or `tcp:…`). */
export const openAdmin = async (address: string): Promise<AdminClient> => {
  const commands = createCommandClient({ address: addressField.parse(address), name: 'admin' })
  await commands.ready(readyWithinMs)
  return {
    send: async (command) => {
      const events = decodeEvents((await commands.submit(encodeCommand(command))).events)
      const [first] = events
      if (first?.kind === 'CommandRejected')
        throw new DevnetError('REFUSED', `${command.kind} is refused: ${rejectName(first.code)}`)
      return events
    },
    close: () => commands.close(),
  }
}
