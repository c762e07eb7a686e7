//! What is used of ccxt, as types: which copy of it (ES module or CommonJS) the caller decides.
import type ccxt from 'ccxt'
import type { ConstructorArgs } from 'ccxt'

/** The `ccxt` object: `import ccxt from 'ccxt'` or `require('ccxt')`. */
export type Ccxt = typeof ccxt

/** A class of exchanges of a kind. */
export type ClassOf<T> = new (config?: ConstructorArgs) => T

/** What JSON.parse makes of an answer: ccxt's parsers read it key by key. */
export type Raw = ReturnType<typeof JSON.parse>
