//! Big-endian fields one after another; a number that does not fit its field throws.

export class ByteWriter {
  readonly #buffer: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(length: number) {
    this.#buffer = new Uint8Array(length)
    this.#view = new DataView(this.#buffer.buffer)
  }

  /** Unsigned integer of 1 to 6 bytes. */
  uint(value: number, bytes: number): void {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * bytes))
      throw new RangeError(`${value} does not fit into u${8 * bytes}`)
    let rest = value
    for (let at = this.#offset + bytes - 1; at >= this.#offset; at--) {
      const high = Math.floor(rest / 256)
      this.#view.setUint8(at, rest - high * 256)
      rest = high
    }
    this.#offset += bytes
  }

  int8(value: number): void {
    if (!Number.isInteger(value) || value < -128 || value > 127)
      throw new RangeError(`${value} does not fit into i8`)
    this.#view.setInt8(this.#offset, value)
    this.#offset += 1
  }

  bigUint64(value: bigint): void {
    if (value !== BigInt.asUintN(64, value)) throw new RangeError(`${value} does not fit into u64`)
    this.#view.setBigUint64(this.#offset, value)
    this.#offset += 8
  }

  bigInt64(value: bigint): void {
    if (value !== BigInt.asIntN(64, value)) throw new RangeError(`${value} does not fit into i64`)
    this.#view.setBigInt64(this.#offset, value)
    this.#offset += 8
  }

  bytes(value: Uint8Array, length: number): void {
    if (value.length !== length)
      throw new RangeError(`${value.length} bytes where ${length} belong`)
    this.#buffer.set(value, this.#offset)
    this.#offset += length
  }

  /** The bytes; every one must have been written. */
  finish(): Uint8Array {
    if (this.#offset !== this.#buffer.length)
      throw new RangeError(`wrote ${this.#offset} of ${this.#buffer.length} bytes`)
    return this.#buffer
  }
}
