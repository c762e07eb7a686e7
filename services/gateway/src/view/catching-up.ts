//! What is answered while the gateway reads the journal again after a restart.
import { PlumbError } from '@plumb/protocol'

const RETRY_AFTER_MS = 1_000

/** Old balances and books must not be taken for the present ones, and nothing was sequenced: ask again. */
export function catchingUp(): PlumbError {
  return new PlumbError('UNAVAILABLE', {
    message: 'The gateway is not in step with the exchange: nothing was done, try again.',
    retryAfter: RETRY_AFTER_MS,
  })
}
