//! What stops a devnet from starting, in words for its user.

/** An expected failure: `message` is all the user needs, no stack. */
export class DevnetError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'DevnetError'
    this.code = code
  }
}
