//! Which records changed since the state hash was last asked for, and what each of them counted then.

export type DirtySet = {
  readonly flags: Uint8Array
  readonly list: Int32Array
  /** Two words a record: its 64 bits in the sum. */
  readonly terms: Int32Array
  count: number
}

export function createDirtySet(records: number): DirtySet {
  return {
    flags: new Uint8Array(records),
    list: new Int32Array(records),
    terms: new Int32Array(2 * records),
    count: 0,
  }
}

export function touch(set: DirtySet, record: number): void {
  if (set.flags[record] !== 0) return
  set.flags[record] = 1
  set.list[set.count++] = record
}
