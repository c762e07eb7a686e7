//! Bearer tokens: stateless, `account ‖ expiry`, of a session key `… ‖ key` too, under an HMAC of the gateway's secret.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { bytesHex, hexBytes } from '@plumb/chain'
import { PlumbError } from '@plumb/protocol'

const PAYLOAD_BYTES = 28
const KEY_BYTES = 20
const MAC_BYTES = 32

/** Whom a token speaks for. Addresses are lower-case. */
export type Session = {
  account: string
  /** The session key that signed in; null: the account itself. */
  key: string | null
  expiresAtMs: number
}

export class BearerTokens {
  readonly #secret: string

  constructor(secret: string) {
    this.#secret = secret
  }

  issue({ account, key, expiresAtMs }: Session): string {
    const payload = Buffer.alloc(PAYLOAD_BYTES + (key === null ? 0 : KEY_BYTES))
    if (key !== null) payload.set(hexBytes(key), PAYLOAD_BYTES)
    payload.set(hexBytes(account), 0)
    payload.writeBigUInt64BE(BigInt(expiresAtMs), 20)
    return Buffer.concat([payload, this.#mac(payload)]).toString('base64url')
  }

  /** Throws UNKNOWN_KEY for anything this gateway did not issue, TOKEN_EXPIRED for what it once did. */
  verify(token: string, nowMs: number): Session {
    const bytes = Buffer.from(token, 'base64url')
    // A lenient decoder reads many texts as one: only the one we would write counts.
    const payloadBytes = bytes.length - MAC_BYTES
    const isKeyed = payloadBytes === PAYLOAD_BYTES + KEY_BYTES
    if (!(isKeyed || payloadBytes === PAYLOAD_BYTES) || bytes.toString('base64url') !== token)
      throw new PlumbError('UNKNOWN_KEY')
    const payload = bytes.subarray(0, payloadBytes)
    if (!timingSafeEqual(this.#mac(payload), bytes.subarray(payloadBytes)))
      throw new PlumbError('UNKNOWN_KEY')
    const account = bytesHex(payload.subarray(0, 20))
    const expiresAtMs = Number(payload.readBigUInt64BE(20))
    if (expiresAtMs <= nowMs) throw new PlumbError('TOKEN_EXPIRED')
    const key = isKeyed ? bytesHex(payload.subarray(PAYLOAD_BYTES)) : null
    return { account, key, expiresAtMs }
  }

  #mac(payload: Uint8Array): Buffer {
    return createHmac('sha256', this.#secret).update('plumb bearer v1').update(payload).digest()
  }
}
