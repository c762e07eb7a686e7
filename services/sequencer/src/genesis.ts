//! The first commands of an exchange, from a JSON file: chain, contract, publishers, markets.
import { readFileSync } from 'node:fs'
import { createEngine } from '@plumb/engine'
import type { Command } from '@plumb/model'
import { CommandBuffer, commandLayouts, decodeEvents, encodeCommand, header } from '@plumb/model'
import { z } from 'zod'

/** A genesis file that cannot be used, or is not this journal's. */
class GenesisError extends Error {
  readonly code = 'GENESIS_REFUSED'

  constructor(message: string) {
    super(message)
    this.name = 'GenesisError'
  }
}

const fileSchema = z
  .array(z.looseObject({ kind: z.enum(['Genesis', 'ListMarket']) }))
  .min(1)
  .refine((commands) => commands[0]?.kind === 'Genesis', 'the first command must be Genesis')
  .refine(
    (commands) => commands.filter(({ kind }) => kind === 'Genesis').length === 1,
    'there must be one Genesis',
  )

type FileCommand = z.infer<typeof fileSchema>[number]

const toBytes = (name: string, value: unknown, length: number): Uint8Array => {
  // Publishers may be written as a list; fewer than the most leave zeros behind them.
  const text = Array.isArray(value)
    ? value.map((v) => String(v).replace(/^0x/, '')).join('')
    : value
  if (typeof text !== 'string' || !/^(0x)?([0-9a-fA-F]{2})*$/.test(text))
    throw new GenesisError(`${name} must be hex`)
  const bytes = Buffer.from(text.replace(/^0x/, ''), 'hex')
  if (bytes.length > length)
    throw new GenesisError(`${name} has ${bytes.length} bytes, at most ${length}`)
  return Buffer.concat([bytes], length)
}

const toCommand = (raw: FileCommand): Uint8Array => {
  const values: Record<string, unknown> = { ...raw }
  for (const [name, field] of Object.entries(commandLayouts[raw.kind].fields)) {
    const value = values[name]
    if (value === undefined) throw new GenesisError(`${raw.kind}: ${name} is missing`)
    if (field.type === 'bytes') values[name] = toBytes(name, value, field.length ?? 0)
    else if (field.type === 'text' ? typeof value !== 'string' : !Number.isSafeInteger(value))
      throw new GenesisError(
        `${raw.kind}: ${name} must be ${field.type === 'text' ? 'text' : 'an integer'}`,
      )
  }
  // Every field that the layout names has been looked at just above.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return encodeCommand(values as unknown as Command)
}

/**
 * Reads the file: a JSON array of one Genesis and any ListMarket commands, fields as in
 * @plumb/model, bytes as hex text.
 *
 * @throws GenesisError naming the field
 */
export const readGenesis = (path: string): Uint8Array[] => {
  const parsed = fileSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')))
  if (!parsed.success) throw new GenesisError(`${path}: ${z.prettifyError(parsed.error)}`)
  return parsed.data.map(toCommand)
}

/** The bytes after the stamp (seq and time), which the file does not know. */
const unstamped = (command: Uint8Array) => Buffer.from(command.subarray(header.kindI32 * 4))

/** What decides whether a journal belongs to a genesis. */
type Journaled = {
  firstSeq?: number
  lastSeq: number
  read(fromSeq: number): Iterable<{ payload: Uint8Array }>
}

/**
 * Judges the genesis before anything is served: an empty journal needs one that an engine accepts; a
 * filled one must begin with it.
 *
 * @throws GenesisError when it is missing, is rejected, or is not this journal's
 */
export const requireGenesis = (genesis: readonly Uint8Array[], journal: Journaled): void => {
  if (journal.lastSeq === 0) return requireAccepted(genesis)
  // Archived elsewhere: the chain of hashes still ties what is here to its beginning.
  if ((journal.firstSeq ?? 1) > 1) return undefined
  let index = 0
  for (const { payload } of journal.read(1)) {
    const command = genesis[index]
    if (command === undefined) return undefined
    index += 1
    if (!unstamped(command).equals(unstamped(payload)))
      throw new GenesisError(
        `command ${index} of the genesis file differs from the journal's: this data belongs to another exchange. Use its own genesis file, or another data directory`,
      )
  }
  if (index < genesis.length)
    throw new GenesisError(`the journal ends after command ${index} of the genesis file`)
  return undefined
}

const requireAccepted = (genesis: readonly Uint8Array[]): void => {
  if (genesis.length === 0)
    throw new GenesisError('the journal is empty: name a genesis file in PLUMB_GENESIS')
  const engine = createEngine()
  const slots = new CommandBuffer(1)
  for (const [index, command] of genesis.entries()) {
    slots.load(0, command)
    slots.stamp(0, index + 1, 0)
    engine.events.clear()
    engine.apply(slots, 0)
    const [first] = decodeEvents(engine.events.bytes())
    if (first?.kind === 'CommandRejected')
      throw new GenesisError(
        `the engine rejects command ${index + 1} of the genesis file: ${first.code}`,
      )
  }
}
