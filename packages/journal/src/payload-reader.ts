//! Copies the payloads of a batch into fixed slots, as an engine wants them, without an object for each record.

import { batchHeaderBytes, recordHeaderBytes } from './layout.ts'

/** Reads a verified batch from its first record on. */
export class PayloadReader {
  private readonly bytes: Buffer
  private readonly view: DataView
  private readonly words: Int32Array | undefined
  private next: number
  private left: number

  constructor(bytes: Buffer, view: DataView, at: number, count: number) {
    this.bytes = bytes
    this.view = view
    this.next = at + batchHeaderBytes
    this.left = count
    this.words =
      bytes.byteOffset % 4 === 0
        ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
        : undefined
  }

  /**
   * Fills slots of `stride` bytes from the first one on; what a payload does not fill is zero.
   *
   * @returns how many slots were filled; 0 at the end of the batch
   * @throws RangeError when a payload is longer than a slot
   */
  read(slots: Int32Array, stride: number): number {
    const strideWords = stride >> 2
    const count = Math.min(this.left, Math.floor(slots.length / strideWords))
    slots.fill(0, 0, count * strideWords)
    const slotBytes = new Uint8Array(slots.buffer, slots.byteOffset, slots.byteLength)
    const { words } = this
    for (let slot = 0; slot < count; slot++) {
      const length = this.view.getUint32(this.next, true)
      if (length > stride) throw new RangeError(`a record of ${length} bytes, slots have ${stride}`)
      const from = this.next + recordHeaderBytes
      // A loop over words beats a native copy of so few bytes; commands are whole words, and so all of them start at one.
      if (words !== undefined && ((from | length) & 3) === 0) {
        let source = from >> 2
        const end = source + (length >> 2)
        for (let word = slot * strideWords; source < end; word++) slots[word] = words[source++] ?? 0
      } else slotBytes.set(this.bytes.subarray(from, from + length), slot * stride)
      this.next = from + length
    }
    this.left -= count
    return count
  }
}
