//! Which records changed since the state hash was last asked for, and what each of them counted then.

/** The flag of a record stands in the record itself, so marking one touches no further cache line. */
export type DirtySet = {
  readonly words: Int32Array
  readonly stride: number
  readonly flag: number
  readonly mask: number
  readonly list: Int32Array
  /** Two words a record: its 64 bits in the sum. */
  readonly terms: Int32Array
  count: number
}

/**
 * @param flag word of the record whose `mask` bit is set while the record is on the list
 * @param records how many of them there are in `words`
 */
export function createDirtySet(
  words: Int32Array,
  stride: number,
  flag: number,
  mask = 1,
  records: number = Math.floor(words.length / stride),
): DirtySet {
  return {
    words,
    stride,
    flag,
    mask,
    list: new Int32Array(records),
    terms: new Int32Array(2 * records),
    count: 0,
  }
}

export function touch(set: DirtySet, record: number): void {
  const at = record * set.stride + set.flag
  const word = set.words[at]!
  if ((word & set.mask) !== 0) return
  set.words[at] = word | set.mask
  set.list[set.count++] = record
}
