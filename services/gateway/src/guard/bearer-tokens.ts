//! Bearer tokens: stateless, `account ‖ expiry` under an HMAC of the gateway's secret.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { bytesHex, hexBytes } from '@plumb/chain'
import { PlumbError } from '@plumb/protocol'

const PAYLOAD_BYTES = 28
const MAC_BYTES = 32

/** Whom a token speaks for. `account` is lower-case. */
export type Session = { account: string; expiresAtMs: number }

export class BearerTokens {
  readonly #secret: string

  constructor(secret: string) {
    this.#secret = secret
  }

  issue({ account, expiresAtMs }: Session): string {
    const payload = Buffer.alloc(PAYLOAD_BYTES)
    payload.set(hexBytes(account), 0)
    payload.writeBigUInt64BE(BigInt(expiresAtMs), 20)
    return Buffer.concat([payload, this.#mac(payload)]).toString('base64url')
  }

  /** Throws UNKNOWN_KEY for anything this gateway did not issue, TOKEN_EXPIRED for what it once did. */
  verify(token: string, nowMs: number): Session {
    const bytes = Buffer.from(token, 'base64url')
    // A lenient decoder reads many texts as one: only the one we would write counts.
    if (bytes.length !== PAYLOAD_BYTES + MAC_BYTES || bytes.toString('base64url') !== token)
      throw new PlumbError('UNKNOWN_KEY')
    const payload = bytes.subarray(0, PAYLOAD_BYTES)
    if (!timingSafeEqual(this.#mac(payload), bytes.subarray(PAYLOAD_BYTES)))
      throw new PlumbError('UNKNOWN_KEY')
    const account = bytesHex(payload.subarray(0, 20))
    const expiresAtMs = Number(payload.readBigUInt64BE(20))
    if (expiresAtMs <= nowMs) throw new PlumbError('TOKEN_EXPIRED')
    return { account, expiresAtMs }
  }

  #mac(payload: Uint8Array): Buffer {
    return createHmac('sha256', this.#secret).update('plumb bearer v1').update(payload).digest()
  }
}
