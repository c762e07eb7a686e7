//! The fields that several services' configurations share.
import { z } from 'zod'
import type { Address } from './address.ts'
import { parseAddress } from './address.ts'

/** An integer written in decimal, within [min, max]. */
export const integerField = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d{1,16}$/, 'must be an integer')
    .transform(Number)
    .pipe(z.number().int().min(min).max(max))

/** `true`/`1` or `false`/`0`. */
export const booleanField = z
  .enum(['true', 'false', '1', '0'])
  .transform((text) => text === 'true' || text === '1')

/** Where a socket listens or is found: `unix:/path` or `tcp:host:port`. */
export const addressField = z.string().transform((text, check): Address => {
  const parsed = parseAddress(text)
  if (parsed === undefined) {
    check.addIssue({ code: 'custom', message: 'must be unix:/path or tcp:host:port' })
    return z.NEVER
  }
  return parsed
})

/** What every service takes: how much it logs and where its status page listens. */
export const serviceFields = {
  PLUMB_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
  PLUMB_HTTP: z
    .string()
    .regex(/^(none|([^\s:]+:)?\d{1,5})$/, 'must be none, PORT or HOST:PORT')
    .default('none'),
  /** The process that started this one: when it dies, so do we. */
  PLUMB_PARENT_PID: integerField(1, 2 ** 31).optional(),
  /** For tests of recovery only: see fault-point.ts. */
  PLUMB_FAULT_FILE: z.string().min(1).optional(),
}
