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

  test('tells a key named twice, however it is spaced and whatever stands in values', () => {
    const key = fc.constantFrom('a', 'b', 'c', '', ':', 'd e')
    const value = fc.constantFrom('1', '":"', '"x"', 'null', '" :"', '"{"', '[]', '{}', '"a:"')
    const space = fc.constantFrom('', '', '', ' ', '\n')
    const member = fc.tuple(key, space, space, value)
    fc.assert(
      fc.property(fc.array(member, { maxLength: 5 }), (members) => {
        const text = `{${members.map(([k, s1, s2, v]) => `"${k}"${s1}:${s2}${v}`).join(',')}}`
        const isTwice = new Set(members.map(([k]) => k)).size < members.length
        expect(codeOf(text).includes('named twice')).toBe(isTwice)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    ['{"a":1,"a":2}', 'a: named twice'],
    ['{"a" :1,"b":2,"b":3}', 'b: named twice'],
    ['{"a":":","b":2,"b":3}', 'b: named twice'],
    ['{"a":":","b":"{"}', 'ok'],
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
