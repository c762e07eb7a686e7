//! The first difference that verification finds.

/** Where it is, and what it is. */
export class VerifyError extends Error {
  readonly where: 'journal' | 'snapshot' | 'signature' | 'ledger' | 'chain'

  constructor(where: VerifyError['where'], message: string) {
    super(message)
    this.name = 'VerifyError'
    this.where = where
  }
}
