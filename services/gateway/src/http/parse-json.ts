//! JSON from strangers: depth and duplicate keys are judged before `JSON.parse` builds anything.
import { PlumbError } from '@plumb/protocol'

const DEPTH_MAX = 8
const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const COMMA = 0x2c
const COLON = 0x3a

/**
 * Parses a body or message. Throws BAD_REQUEST for what is not JSON, nests deeper than 8, or names a key twice in
 * one object: readers disagree about which value counts, and it may have been signed.
 */
export function parseJson(text: string): unknown {
  // Almost every message is one flat object, and that can be told from its value.
  const isFlat = looksFlat(text)
  if (!isFlat) checkStructure(text)
  try {
    const value: unknown = JSON.parse(text)
    if (isFlat && !hasEveryKey(value, text)) checkStructure(text)
    return value
  } catch (error) {
    if (error instanceof PlumbError) throw error
    throw new PlumbError('BAD_REQUEST', { message: 'not valid JSON' })
  }
}

const SPACE_BEFORE_COLON = /"[ \t\r\n]+:/

/** One object at most, no list, no escape, every colon of a key right behind its quote. */
function looksFlat(text: string): boolean {
  return (
    !text.includes('{', 1) &&
    !text.includes('[') &&
    !text.includes('\\') &&
    !SPACE_BEFORE_COLON.test(text)
  )
}

/**
 * Whether a flat object has as many keys as its text has `":`. Each key has one there, and a value may add some, so
 * with a key named twice they are never equal.
 */
function hasEveryKey(value: unknown, text: string): boolean {
  if (typeof value !== 'object' || value === null) return true
  let colons = 0
  for (let at = text.indexOf('":'); at >= 0; at = text.indexOf('":', at + 2)) colons += 1
  return Object.keys(value).length === colons
}

/** One pass over the text. What is malformed otherwise is left to the parser. */
function checkStructure(text: string): void {
  const open: (Set<string> | null)[] = []
  let expectsKey = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) {
      const end = endOfString(text, i)
      const keys = open.at(-1)
      if (expectsKey && keys) addKey(keys, text.slice(i + 1, end))
      expectsKey = false
      i = end
    } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (open.length === DEPTH_MAX)
        throw new PlumbError('BAD_REQUEST', { message: 'nested too deeply', limit: DEPTH_MAX })
      open.push(code === OPEN_OBJECT ? new Set() : null)
      expectsKey = code === OPEN_OBJECT
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      open.pop()
      expectsKey = false
    } else if (code === COMMA) expectsKey = open.at(-1) instanceof Set
    else if (code === COLON) expectsKey = false
  }
}

function endOfString(text: string, start: number): number {
  let i = start + 1
  while (i < text.length && text.charCodeAt(i) !== QUOTE)
    i += text.charCodeAt(i) === BACKSLASH ? 2 : 1
  return i
}

function addKey(keys: Set<string>, key: string): void {
  const shown = key.slice(0, 64)
  // No field of ours needs an escape, and with one a key has several spellings.
  if (key.includes('\\'))
    throw new PlumbError('BAD_REQUEST', { field: shown, message: 'escaped key' })
  if (keys.has(key))
    throw new PlumbError('BAD_REQUEST', { field: shown, message: `${shown}: named twice` })
  keys.add(key)
}
