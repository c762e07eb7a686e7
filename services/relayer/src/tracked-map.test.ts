import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTrackedMap } from './tracked-map.ts'

test('a store that only gets the changes is always equal to the map', () => {
  const step = fc.record({ key: fc.nat(9), value: fc.option(fc.nat(99)), save: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const map = createTrackedMap<number, number>([[3, 3]])
      const store = new Map([[3, 3]])
      for (const { key, value, save } of steps) {
        if (value === null) map.delete(key)
        else map.set(key, value)
        if (!save) continue
        const { upserts, deletes } = map.changes()
        for (const [k, v] of upserts) store.set(k, v)
        for (const k of deletes) expect(store.delete(k)).toBe(true)
        map.saved()
        expect(store).toEqual(new Map(map.entries()))
      }
    }),
  )
})
