//! What became of every request: answered once, in which order, with which sequence number.

const ORDER_ID = '"order":{"id":"'
const ORDER_ID_BYTES = ORDER_ID.length
const [ZERO, CLOSE_BRACE, CLOSE_BRACKET] = [0x30, 0x7d, 0x5d]

/** Answers by request id. Ids are 0 … count − 1, each sent once. */
export class Outcomes {
  sent = 0
  answered = 0
  errors = 0
  filled = 0
  /** Answers to nothing, or a second time. */
  strays = 0
  readonly codes = new Map<string, number>()
  /** Sequence number that the exchange gave to each; 0 where it gave none. */
  readonly seqs: Float64Array
  /** The exchange's order ids, of placed orders. */
  readonly orderIds: Float64Array
  readonly #done: Uint8Array
  readonly #filled: Uint8Array
  readonly #aside: ReadonlySet<number>
  #acceptedAside = 0

  /** @param aside ids that are not counted as accepted */
  constructor(count: number, aside: ReadonlySet<number> = new Set()) {
    this.#aside = aside
    this.seqs = new Float64Array(count)
    this.orderIds = new Float64Array(count)
    this.#done = new Uint8Array(count)
    this.#filled = new Uint8Array(count)
  }

  /** Whether an answer told of fills at once. */
  wasFilled(id: number): boolean {
    return this.#filled[id] === 1
  }

  isAside(id: number): boolean {
    return this.#aside.has(id)
  }

  /** Answered well, without what stands aside. */
  get accepted(): number {
    return this.answered - this.errors - this.#acceptedAside
  }

  get lost(): number {
    return this.sent - this.answered
  }

  /**
   * Reads one answer `{"op":"…","id":N,"result":{…,"seq":S}}` or `{…,"error":{"code":"C",…}}` without parsing it.
   * Answers its id, or −1 when nobody waits for it.
   */
  take(bytes: Buffer, start: number, end: number): number {
    const at = bytes.indexOf('"id":', start) + 5
    if (at < 5 || at > end) return -1
    let id = 0
    let i = at
    for (let digit = bytes[i]! - 48; digit >= 0 && digit <= 9; digit = bytes[++i]! - 48)
      id = id * 10 + digit
    if (i === at || id >= this.#done.length || this.#done[id] !== 0) {
      this.strays += 1
      return -1
    }
    this.#done[id] = 1
    this.answered += 1
    // `,"r` of result or `,"e` of error.
    if (bytes[i + 2] === 101) this.#failed(bytes, start, end)
    else this.#succeeded(id, bytes, i, end)
    return id
  }

  /** `…,"result":{"order":{"id":"N",…},"fills":[…],"seq":S}}` or `…,"seq":S}}` of something else. */
  #succeeded(id: number, bytes: Buffer, from: number, end: number): void {
    if (this.#aside.has(id)) this.#acceptedAside += 1
    const seqAt = bytes.lastIndexOf('"seq":', end - 1) + 6
    this.seqs[id] = numberAt(bytes, seqAt)
    const orderAt = bytes.indexOf(ORDER_ID, from)
    if (orderAt < 0 || orderAt >= from + 16) return
    this.orderIds[id] = numberAt(bytes, orderAt + ORDER_ID_BYTES)
    // `}],"seq":` where there are fills, `[],"seq":` where there are none.
    if (bytes[seqAt - 8] !== CLOSE_BRACKET || bytes[seqAt - 9] !== CLOSE_BRACE) return
    this.filled += 1
    this.#filled[id] = 1
  }

  #failed(bytes: Buffer, start: number, end: number): void {
    this.errors += 1
    const code = /"code":"(\w+)"/.exec(bytes.toString('latin1', start, end))?.[1] ?? 'unreadable'
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1)
  }

  /** Sequence numbers given, and how many of them twice. */
  uniqueSeqs(): { unique: number; repeated: number } {
    const given = this.seqs.filter((seq) => seq > 0)
    const unique = new Set(given).size
    return { unique, repeated: given.length - unique }
  }

  /** Whether the requests of each row were sequenced in the order they were sent (ids that failed are left out). */
  inOrder(rows: readonly (readonly number[])[]): boolean {
    return rows.every((row) => {
      let last = 0
      for (const id of row) {
        const seq = this.seqs[id]!
        if (seq === 0) continue
        if (seq <= last) return false
        last = seq
      }
      return true
    })
  }
}

function numberAt(bytes: Buffer, at: number): number {
  let number = 0
  for (let i = at, digit = bytes[i]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++i]! - ZERO)
    number = number * 10 + digit
  return number
}
