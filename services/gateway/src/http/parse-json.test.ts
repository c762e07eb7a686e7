import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson } from './parse-json.ts'

const codeOf = (text: string) => {
  try {
    parseJson(text)
    return 'ok'
  } catch (error) {
    return error instanceof Error ? error.message : 'not an error'
  }
}

describe('parseJson', () => {
  test('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value)
        fc.pre(!text.includes('\\')) // escaped keys are refused, see below
        expect(parseJson(text)).toEqual(JSON.parse(text))
      }),
      { numRuns: 1_000 },
    )
  })

  test('never throws anything but our error, on any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        expect(codeOf(text)).toBeTypeOf('string')
      }),
      { numRuns: 1_000 },
    )
  })

  test.each([
    ['{"a":1,"a":2}', 'a: named twice'],
    ['{"b":{"a":1,"c":[{"a":1,"a":1}]}}', 'a: named twice'],
    ['{"\\u0061":1}', 'escaped key'],
    ['{"a":"\\"}{,","b":"a"}', 'ok'],
    ['{"a":{"x":1},"b":{"x":2}}', 'ok'],
    ['[{"x":1},{"x":2}]', 'ok'],
    ['{"a":["a","a"]}', 'ok'],
    ['{"a":1,}', 'not valid JSON'],
    ['"', 'not valid JSON'],
    ['{"a', 'not valid JSON'],
    ['', 'not valid JSON'],
    [`${'['.repeat(8)}${']'.repeat(8)}`, 'ok'],
    [`${'['.repeat(9)}${']'.repeat(9)}`, 'nested too deeply'],
    [`{"a":"${'['.repeat(100)}"}`, 'ok'],
  ])('%s: %s', (text, expected) => {
    expect(codeOf(text)).toBe(expected)
  })
})
