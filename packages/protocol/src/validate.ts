//! A value against a schema: the value itself, or the first thing wrong with it as a public error.
import type { z } from 'zod'
import { PlumbError } from './error-table.ts'

/** The parsed value, or the error to answer with. */
export type Validated<T> = { ok: true; value: T } | { ok: false; error: PlumbError }

/**
 * Validates untrusted input. The error names the first offending field (dotted path) and the limit that was passed:
 * MISSING_FIELD for absent fields, BAD_REQUEST for everything else.
 */
export function validate<S extends z.ZodType>(schema: S, value: unknown): Validated<z.output<S>> {
  const result = schema.safeParse(value)
  return result.success
    ? { ok: true, value: result.data }
    : { ok: false, error: errorOf(result.error.issues[0], value) }
}

function errorOf(issue: z.core.$ZodIssue | undefined, input: unknown): PlumbError {
  if (issue === undefined) return new PlumbError('BAD_REQUEST')
  const field = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? ''
    return badRequest(field === '' ? key : `${field}.${key}`, 'unknown field')
  }
  if (field !== '' && isAbsent(input, issue.path))
    return new PlumbError('MISSING_FIELD', { field, message: `${field} is required` })
  const limit = limitOf(issue)
  return badRequest(field, issue.message, limit)
}

function badRequest(field: string, why: string, limit?: number): PlumbError {
  const shown = field.slice(0, 64)
  return new PlumbError('BAD_REQUEST', {
    message: shown === '' ? why : `${shown}: ${why}`,
    ...(shown === '' ? {} : { field: shown }),
    ...(limit === undefined ? {} : { limit }),
  })
}

function limitOf(issue: z.core.$ZodIssue): number | undefined {
  if (issue.code === 'too_big') return Number(issue.maximum)
  if (issue.code === 'too_small') return Number(issue.minimum)
  return undefined
}

/** Whether the value at a path is undefined, i.e. its key absent. */
function isAbsent(input: unknown, path: readonly PropertyKey[]): boolean {
  let at = input
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return false
    at = Object.getOwnPropertyDescriptor(at, key)?.value
  }
  return at === undefined
}
