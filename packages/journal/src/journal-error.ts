//! What can be wrong with a journal: a stable code, and a message that says what, where, what to do.

/** Why a journal did not open, or stopped. */
export type JournalErrorCode =
  /** Bytes below the last proven record do not verify. Restore a copy; never cut by hand. */
  | 'JOURNAL_DAMAGED'
  /** The journal ends before something that was already shown to others. */
  | 'JOURNAL_BEHIND'
  /** Another process writes here. */
  | 'JOURNAL_LOCKED'
  /** A format version, or an epoch, that this program must not write after. */
  | 'JOURNAL_REFUSED'
  /** A write or fsync failed; nothing may be acknowledged any more. */
  | 'JOURNAL_FAILED'
  /** Less than the low-water mark is free. */
  | 'DISK_LOW'

/** Where a fault stands: file, byte in it, and the seq that was expected there. */
export type FaultPlace = { path: string; offset: number; seq: number; problem: string }

/** An error of the journal. */
export class JournalError extends Error {
  readonly code: JournalErrorCode
  /** Of damage in the files. */
  readonly place: FaultPlace | undefined

  constructor(
    code: JournalErrorCode,
    message: string,
    options: ErrorOptions & { place?: FaultPlace } = {},
  ) {
    super(message, options)
    this.place = options.place
    this.name = 'JournalError'
    this.code = code
  }
}
