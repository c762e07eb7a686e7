//! Structured logs: one JSON object a line, secrets taken out by name.

import type { DestinationStream, Logger as PinoLogger } from 'pino'
import { pino } from 'pino'

/** A pino logger; every line carries the service's name. */
export type Logger = PinoLogger

const secretKeys = [
  'privateKey',
  'secret',
  'secretKey',
  'mnemonic',
  'seedPhrase',
  'password',
  'token',
  'bearer',
  'apiKey',
  'authorization',
  'cookie',
  'DATABASE_URL',
  'databaseUrl',
]

const redactedPaths = secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`])

/** How a logger is made; `destination` is for tests. */
export type LoggerOptions = { level?: string | undefined; destination?: DestinationStream }

/**
 * The service's logger, to stdout. Fields named like secrets (up to three levels deep) are
 * replaced by `[redacted]`.
 *
 * @example createLogger('gateway', { level: config.PLUMB_LOG_LEVEL }).info({ port }, 'listening')
 */
export const createLogger = (name: string, options: LoggerOptions = {}): Logger => {
  const settings = {
    name,
    level: options.level ?? 'info',
    base: { pid: process.pid },
    redact: { paths: redactedPaths, censor: '[redacted]' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  // Synchronous: the last lines before a crash get out, and an end is not held up. Buffered output is flushed at exit,
  // and that flush never returns when whoever read it is gone (a launcher that was killed).
  const destination = options.destination ?? pino.destination({ dest: 1, sync: true })
  return pino(settings, destination)
}

/** A logger that says nothing, for clients that were given none. */
export const silentLogger: Logger = pino({ level: 'silent' })
