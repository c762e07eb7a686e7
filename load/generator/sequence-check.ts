//! Whether a reader's events form an unbroken chain: each `prevSeq` is the `seq` before, market by market.

export class SequenceCheck {
  gaps = 0
  readonly #last = new Map<string, number>()

  /** One event, e.g. `{"channel":"book","market":"BTC-PERP","type":"delta","seq":9,"prevSeq":8,…`. */
  take(bytes: Buffer, start: number, end: number): void {
    const head = bytes.toString('latin1', start, Math.min(end, start + 240))
    const found =
      /^\{"channel":"(\w+)","market":"([^"]*)".*?"type":"(\w+)","seq":(\d+),"prevSeq":(\d+)/.exec(
        head,
      )
    if (found === null) return
    const [, channel, market, type, seq, prevSeq] = found
    const key = `${channel} ${market}`
    const last = this.#last.get(key)
    if (type !== 'snapshot' && last !== undefined && Number(prevSeq) !== last) this.gaps += 1
    this.#last.set(key, Number(seq))
  }
}
