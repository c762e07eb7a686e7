//! What stops a ledger: never user input, always the operator's business.

export type LedgerErrorCode =
  /** The server may lose or tear what it committed. */
  | 'UNSAFE_SERVER'
  /** Migrations are missing, changed after they ran, or newer than this program. */
  | 'SCHEMA_MISMATCH'
  /** Another writer moved the cursor, or this one's transaction was lost. */
  | 'CURSOR_MISMATCH'
  /** Frames do not continue the cursor. */
  | 'GAP'
  /** The engine's own figure is not the ledger's. */
  | 'DIVERGED'

export class LedgerError extends Error {
  readonly code: LedgerErrorCode

  constructor(code: LedgerErrorCode, message: string) {
    super(message)
    this.name = 'LedgerError'
    this.code = code
  }
}
