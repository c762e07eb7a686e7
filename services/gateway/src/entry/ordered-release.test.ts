import { expect, test } from 'vitest'
import { OrderedRelease } from './ordered-release.ts'

const later = <T>(ms: number, value: T) =>
  new Promise<T>((resolve) => {
    setTimeout(() => {
      resolve(value)
    }, ms)
  })

test('work is submitted in the order it came in, however long each takes to prepare', async () => {
  const release = new OrderedRelease()
  const submitted: number[] = []
  const answers = await Promise.all(
    [30, 0, 20, 5, 0].map((ms, i) =>
      release.run(later(ms, i), (n) => {
        submitted.push(n)
        return later(10 - 2 * n, n * 10)
      }),
    ),
  )
  expect(submitted).toEqual([0, 1, 2, 3, 4])
  expect(answers).toEqual([0, 10, 20, 30, 40])
})

test('what is refused holds nobody up, before its turn or at it', async () => {
  const release = new OrderedRelease()
  const submitted: string[] = []
  const submit = (name: string) => {
    submitted.push(name)
    return name === 'c' ? Promise.reject(new Error('c')) : Promise.resolve(name)
  }
  const results = await Promise.allSettled([
    release.run(later(10, 'a'), submit),
    release.run(Promise.reject<string>(new Error('b')), submit),
    release.run(later(0, 'c'), submit),
    release.run(later(0, 'd'), submit),
  ])
  expect(submitted).toEqual(['a', 'c', 'd'])
  expect(results.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
    'fulfilled',
  ])
})

test('an answer still open does not hold up the next submission', async () => {
  const release = new OrderedRelease()
  void release.run(Promise.resolve(), () => new Promise(() => undefined))
  await expect(release.run(Promise.resolve(), () => Promise.resolve('next'))).resolves.toBe('next')
})
