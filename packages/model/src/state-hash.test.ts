import { expect, test } from 'vitest'
import { hashedRecord, RecordMixer } from './state-hash.ts'

function mixOf(integers: readonly number[]): [number, number] {
  const mixer = new RecordMixer()
  mixer.begin(hashedRecord.account)
  for (const value of integers) mixer.integer(value)
  mixer.end()
  return [mixer.hi >>> 0, mixer.lo >>> 0]
}

test('the encoding is fixed: other implementations must compute these', () => {
  expect([
    mixOf([]),
    mixOf([1, 2]),
    mixOf([-1, 2 ** 40 + 7]),
    mixOf([Number.MIN_SAFE_INTEGER]),
  ]).toMatchInlineSnapshot(`
      [
        [
          3780189922,
          1032333196,
        ],
        [
          2647453537,
          1995256613,
        ],
        [
          4065926505,
          4193555823,
        ],
        [
          308243821,
          3369747360,
        ],
      ]
    `)
})

test('an integer is its two words; order and length count', () => {
  const byWords = new RecordMixer()
  byWords.begin(hashedRecord.account)
  byWords.word(7)
  byWords.word(256)
  byWords.end()
  expect([byWords.hi >>> 0, byWords.lo >>> 0]).toEqual(mixOf([2 ** 40 + 7]))
  const seen = new Set(
    [[], [0], [0, 0], [1, 2], [2, 1], [-1], [2 ** 32 - 1]].map((x) => mixOf(x).join()),
  )
  expect(seen.size).toBe(7)
})
