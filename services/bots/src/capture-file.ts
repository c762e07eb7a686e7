//! The capture's books between two lives of the process.
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { CaptureRecord } from './funding-capture.ts'

const stateSchema = z.object({
  perpLots: z.int(),
  perpCashQuote: z.int(),
  spotLots: z.int(),
  spotCashQuote: z.int(),
  perpFeesQuote: z.int(),
  spotFeesQuote: z.int(),
  fundingQuote: z.int(),
})
const recordSchema = z.record(
  z.string(),
  z.object({ state: stateSchema, lastPaymentMs: z.number() }),
)

/** What was saved; nothing where there is no file yet. @throws ZodError on a file that is not ours */
export const readCapture = async (path: string | undefined): Promise<CaptureRecord> => {
  if (path === undefined) return {}
  const text = await readFile(path, 'utf8').catch(() => '{}')
  return recordSchema.parse(JSON.parse(text))
}

/** Replaces the file whole: a kill leaves the old one or the new one. */
export const writeCapture = async (
  path: string | undefined,
  record: CaptureRecord,
): Promise<void> => {
  if (path === undefined) return
  await mkdir(dirname(path), { recursive: true })
  const file = await open(`${path}.tmp`, 'w')
  try {
    await file.writeFile(JSON.stringify(record))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.tmp`, path)
}
