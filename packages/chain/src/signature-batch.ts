//! The bytes that travel between the pool and its workers: fixed records, so that a batch is one buffer, transferred.
import { STRUCT_BYTES_MAX } from './eip712.ts'
import type { SignatureBackend } from './signature-backend.ts'
import { readSignature } from './signature-encoding.ts'
import { type DigestHasher, recoverAddress } from './signature-recoverer.ts'

/** Job: struct (416), r s (64), struct length (2, little-endian), parity (1), pad (13). */
export const JOB_BYTES = 496
const signatureAt = STRUCT_BYTES_MAX
const lengthAt = signatureAt + 64
const parityAt = lengthAt + 2

/** Answer: signer (20; zero = refused), digest (32). */
const ANSWER_BYTES = 52

/** Who signed, and the EIP-712 digest that was signed. */
export type Recovered = { signer: Uint8Array; digest: Uint8Array }

/**
 * Writes job `index`: its struct by `encode`, which answers the length, and the signature.
 *
 * @returns false when the signature must be refused; the place is free then
 */
export function writeJob(
  out: Uint8Array,
  index: number,
  signature: Uint8Array,
  encode: (out: Uint8Array, at: number) => number,
): boolean {
  const at = index * JOB_BYTES
  const parity = readSignature(signature, out, at + signatureAt)
  if (parity === -1) return false
  const length = encode(out, at)
  out[at + lengthAt] = length & 0xff
  out[at + lengthAt + 1] = length >>> 8
  out[at + parityAt] = parity
  return true
}

/** Answers a whole batch. */
export function answerJobs(
  jobs: Uint8Array,
  backend: SignatureBackend,
  hasher: DigestHasher,
): Uint8Array<ArrayBuffer> {
  const count = jobs.length / JOB_BYTES
  const answers = new Uint8Array(count * ANSWER_BYTES)
  for (let i = 0; i < count; i++) {
    const at = i * JOB_BYTES
    const length = (jobs[at + lengthAt] ?? 0) | ((jobs[at + lengthAt + 1] ?? 0) << 8)
    const digest = hasher.digest(jobs.subarray(at, at + length))
    const signature = jobs.subarray(at + signatureAt, at + signatureAt + 64)
    const parity = jobs[at + parityAt] === 1 ? 1 : 0
    const signer = recoverAddress(backend, hasher, digest, signature, parity)
    if (signer !== null) answers.set(signer, i * ANSWER_BYTES)
    answers.set(digest, i * ANSWER_BYTES + 20)
  }
  return answers
}

/** The answer at `index`, as views of its batch; null when the signature was refused. */
export function readAnswer(answers: Uint8Array, index: number): Recovered | null {
  const at = index * ANSWER_BYTES
  if (isZero(answers, at)) return null
  return {
    signer: answers.subarray(at, at + 20),
    digest: answers.subarray(at + 20, at + ANSWER_BYTES),
  }
}

function isZero(answers: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 20; i++) if (answers[i] !== 0) return false
  return true
}
