//! Big-endian fields one after another; reading past the end throws.

export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #end: number
  #offset: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#offset = start
    this.#end = end
  }

  uint(bytes: number): number {
    const at = this.#take(bytes)
    let value = 0
    for (let i = at; i < at + bytes; i++) value = value * 256 + this.#view.getUint8(i)
    return value
  }

  int8(): number {
    return this.#view.getInt8(this.#take(1))
  }

  bigUint64(): bigint {
    return this.#view.getBigUint64(this.#take(8))
  }

  /** Eight bytes of micro-USDC. Throws above 2^53 - 1: no account holds so much, and a rounded amount names another signer. */
  amount(): number {
    const value = Number(this.bigUint64())
    if (!Number.isSafeInteger(value)) throw new RangeError(`amount beyond 2^53 - 1: ${value}`)
    return value
  }

  bigInt64(): bigint {
    return this.#view.getBigInt64(this.#take(8))
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length)
    return this.#bytes.slice(at, at + length)
  }

  /** A reader of the next `length` bytes alone. */
  part(length: number): ByteReader {
    const at = this.#take(length)
    return new ByteReader(this.#bytes, at, at + length)
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#end
  }

  #take(bytes: number): number {
    const at = this.#offset
    if (at + bytes > this.#end) throw new RangeError(`truncated: ${bytes} bytes due at ${at}`)
    this.#offset = at + bytes
    return at
  }
}
