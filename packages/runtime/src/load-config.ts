//! Configuration in two steps: read every key once, then judge them all together.
import { readFileSync } from 'node:fs'
import type { z } from 'zod'

/** One key that could not be used, and why. */
export type ConfigProblem = { key: string; message: string }

/** Every bad key of a configuration at once, so that an operator corrects them in one go. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ key, message }) => `  ${key}: ${message}`)
    super(`The configuration has ${problems.length} bad key(s):\n${lines.join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

type Env = Readonly<Record<string, string | undefined>>

const readSecretFile = (key: string, path: string, problems: ConfigProblem[]) => {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    problems.push({ key: `${key}_FILE`, message: `cannot be read: ${why}` })
    return undefined
  }
}

const readKey = (env: Env, key: string, problems: ConfigProblem[]) => {
  const direct = env[key] === '' ? undefined : env[key]
  const path = env[`${key}_FILE`] === '' ? undefined : env[`${key}_FILE`]
  if (direct !== undefined && path !== undefined) {
    problems.push({ key, message: `give ${key} or ${key}_FILE, not both` })
    return undefined
  }
  return path === undefined ? direct : readSecretFile(key, path, problems)
}

/**
 * Reads the keys of `schema` from the environment and judges them. A key K may stand in a file
 * named by K_FILE instead (secrets); an empty value counts as absent. Values are never printed.
 *
 * @throws ConfigError with every bad key
 * @example
 * export const config = loadConfig(z.object({ ...serviceFields, PORT: integerField(0, 65_535) }), process.env)
 */
export const loadConfig = <S extends z.ZodObject>(schema: S, env: Env): z.output<S> => {
  const problems: ConfigProblem[] = []
  const raw: Record<string, string> = {}
  for (const key of Object.keys(schema.shape)) {
    const value = readKey(env, key, problems)
    if (value !== undefined) raw[key] = value
  }
  const judged = schema.safeParse(raw)
  if (judged.success && problems.length === 0) return judged.data
  const known = new Set(problems.map(({ key }) => key.replace(/_FILE$/, '')))
  for (const issue of judged.error?.issues ?? []) {
    const key = issue.path.join('.')
    if (known.has(key)) continue
    const isWhole = issue.path.length === 1
    const absent = isWhole && raw[key] === undefined && issue.code === 'invalid_type'
    problems.push({ key, message: absent ? 'is required' : issue.message })
  }
  throw new ConfigError(problems)
}
