import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { TapeBook, tapeFills } from './tape-book.ts'
import { readTape } from './tape-file.ts'
import { sharedDataFolder } from './tape-market.ts'

const folder = join(sharedDataFolder, 'l3')

describe.skipIf(!existsSync(folder))('the plain book reproduces the recorded tapes', () => {
  test.each([
    ['bitstamp_btcusd', 519, 71_794_153_241, 'f9aa8bd5'],
    ['lobster_AAPL_0930_1030', 4_067, 350_494, '65cccc6c'],
    ['lobster_AMZN_day', 8_834, 605_919, '70239150'],
    ['xnas_ARL_day', 11, 231, '55d2cde5'],
  ])(
    '%s: %i fills, quantity %i, CRC-32 %s',
    async (name, fills, quantity, crc32) => {
      const tape = await readTape(join(folder, `${name}.commands.jsonl.gz`))
      const book = new TapeBook()
      const matched = { fills: 0, quantity: 0 }
      for (const command of tape.commands) {
        const { matches } = book.apply(command)
        if ('fills' in command) expect(tapeFills(matches)).toEqual(command.fills)
        matched.fills += matches.length
        for (const { qty } of matches) matched.quantity += qty
      }
      expect(matched).toEqual({ fills, quantity })
      expect(book.crc32()).toBe(crc32)
      expect(tape.finalCrc32).toBe(crc32)
    },
    30_000,
  )
})

test('a part of a tape has no final book', async () => {
  const file = join(folder, 'xnas_ARL_day.commands.jsonl.gz')
  if (!existsSync(file)) return
  const tape = await readTape(file, 10)
  expect(tape.commands.length).toBe(10)
  expect(tape.finalCrc32).toBeUndefined()
})
