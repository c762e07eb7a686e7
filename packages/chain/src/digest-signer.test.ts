import { Wallet } from 'ethers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createDigestSigner } from './digest-signer.ts'

test('signs the bytes that ethers signs', () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(bytes, bytes, (secret, digest) => {
      secret[0] = 1 // within the group order, never zero
      const wallet = new Wallet(`0x${Buffer.from(secret).toString('hex')}`)
      const signer = createDigestSigner(wallet.privateKey)
      expect(signer.address).toBe(wallet.address)
      expect(signer.signDigest(digest)).toBe(wallet.signingKey.sign(digest).serialized)
    }),
    { numRuns: 30 },
  )
})
