import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OrderedRelease, unordered } from './ordered-release.ts'

const turnOf = (gone: number[], i: number) => ({
  isReady: false,
  go: () => {
    gone.push(i)
  },
})

test('work goes in the order it came in, in whichever order it becomes ready', () => {
  const shuffled = fc
    .integer({ min: 1, max: 20 })
    .chain((count) => fc.shuffledSubarray([...Array(count).keys()], { minLength: count }))
  fc.assert(
    fc.property(shuffled, (order) => {
      const release = new OrderedRelease()
      const gone: number[] = []
      const turns = order.map((_, i) => turnOf(gone, i))
      for (const turn of turns) release.enter(turn)
      const ready = new Set<number>()
      for (const i of order) {
        ready.add(i)
        const turn = turns[i]
        if (turn !== undefined) release.ready(turn)
        // Whoever is ready and has nobody before it waits no longer.
        const first = turns.findIndex((_, n) => !ready.has(n))
        expect(gone).toEqual([...Array(first < 0 ? order.length : first).keys()])
      }
    }),
  )
})

test('a turn that makes another ready does not let it go twice, nor out of order', () => {
  const release = new OrderedRelease()
  const gone: number[] = []
  const [first, second, third] = [turnOf(gone, 0), turnOf(gone, 1), turnOf(gone, 2)]
  const { go } = first
  first.go = () => {
    go()
    release.ready(second)
  }
  for (const turn of [first, second, third]) release.enter(turn)
  release.ready(third)
  release.ready(first)
  expect(gone).toEqual([0, 1, 2])
})

test('without an order each goes when it is ready', () => {
  const gone: number[] = []
  const [first, second] = [turnOf(gone, 0), turnOf(gone, 1)]
  for (const turn of [first, second]) unordered.enter(turn)
  unordered.ready(second)
  unordered.ready(first)
  expect(gone).toEqual([1, 0])
})
