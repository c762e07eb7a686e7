import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { addressField, booleanField, integerField, serviceFields } from './config-fields.ts'
import { ConfigError, loadConfig } from './load-config.ts'

const schema = z.object({
  ...serviceFields,
  SEQUENCER: addressField,
  PORT: integerField(0, 65_535),
  FAST: booleanField.default(false),
  SECRET: z.string().min(8),
})

const problemsOf = (env: Record<string, string>) => {
  try {
    loadConfig(schema, env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ key }) => key)
    throw error
  }
  return []
}

describe('loadConfig', () => {
  test('judges good values and fills the defaults', () => {
    const env = { SEQUENCER: 'unix:/tmp/x.sock', PORT: '0', SECRET: 'long enough', FAST: '' }
    expect(loadConfig(schema, env)).toEqual({
      PLUMB_LOG_LEVEL: 'info',
      PLUMB_HTTP: 'none',
      SEQUENCER: 'unix:/tmp/x.sock',
      PORT: 0,
      FAST: false,
      SECRET: 'long enough',
    })
  })

  test('names every bad key at once and never prints a value', () => {
    const env = { SEQUENCER: 'http://x', PORT: '65536', PLUMB_HTTP: 'x y', SECRET: 'hunter2' }
    expect(problemsOf(env).toSorted()).toEqual(['PLUMB_HTTP', 'PORT', 'SECRET', 'SEQUENCER'])
    expect(() => loadConfig(schema, env)).not.toThrow(/hunter2/)
  })

  test('says of a part of a key what is wrong with it, of a whole one that it is required', () => {
    const nested = z.object({
      DOCUMENT: z
        .string()
        .transform((text): unknown => JSON.parse(text))
        .pipe(z.object({ price: z.string() })),
      SECRET: z.string(),
    })
    expect(() => loadConfig(nested, { DOCUMENT: '{"price":1}' })).toThrow(
      /DOCUMENT\.price: Invalid input: expected string, received number\n +SECRET: is required/,
    )
  })

  test('reads a secret from a file, refuses both forms and an absent file', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'plumb-config-')), 'secret')
    writeFileSync(path, 'from the file\n')
    const env = { SEQUENCER: 'tcp:localhost:0', PORT: '1' }
    expect(loadConfig(schema, { ...env, SECRET_FILE: path }).SECRET).toBe('from the file')
    expect(problemsOf({ ...env, SECRET_FILE: path, SECRET: 'long enough' })).toEqual(['SECRET'])
    expect(problemsOf({ ...env, SECRET_FILE: `${path}.no` })).toEqual(['SECRET_FILE'])
  })

  test.each([
    ['unix:/a/b', true],
    ['unix:', false],
    [`unix:/${'x'.repeat(120)}`, false],
    ['tcp:127.0.0.1:80', true],
    ['tcp:[::1]:80', true],
    ['tcp:host:65536', false],
    ['tcp:host', false],
  ])('address %s: %s', (text, good) => {
    expect(addressField.safeParse(text).success).toBe(good)
  })
})
