import { sessionKeyTypedData, typedDomain } from '@plumb/protocol'
import { Signature, TypedDataEncoder, verifyTypedData, Wallet } from 'ethers'
import { expect, test } from 'vitest'
import { createSessionKey, sessionKeyTerms, signSessionKey, splitSignature } from './session-key.ts'

const domain = typedDomain(1337, `0x${'cc'.repeat(20)}`)
const owner = new Wallet(`0x${'4c'.repeat(32)}`)
const key = createSessionKey()

test('a fresh key is a new one each time, and signs for its address', async () => {
  expect(createSessionKey().privateKey).not.toBe(key.privateKey)
  expect(new Wallet(key.privateKey).address).toBe(key.address)
})

test('terms: what is left out is unlimited', () => {
  const terms = sessionKeyTerms(owner.address, key.address, { notional: '10.5' }, 1_000)
  const all = 2n ** 64n - 1n
  expect(terms).toEqual({
    owner: owner.address,
    key: key.address,
    subaccount: 0,
    allSubaccounts: true,
    expiry: 1_000 + 7 * 86_400,
    notional: 10_500_000n,
    markets: all,
    maxPosition: all,
    maxOrderNotional: all,
  })
  const narrow = sessionKeyTerms(owner.address, key.address, {
    notional: '1',
    subaccount: 3,
    markets: [{ index: 0 }, { index: 63 }],
    maxPositionLots: 7,
    maxOrderNotional: '0.000001',
    lifetimeS: 60,
  })
  expect(narrow).toMatchObject({
    subaccount: 3,
    allSubaccounts: false,
    markets: 2n ** 63n + 1n,
    maxPosition: 7n,
    maxOrderNotional: 1n,
  })
})

test.each([
  [{ notional: '0.0000001' }, 'notional'],
  [{ notional: '281474976.710656' }, 'below 281474976.710656'],
  [{ notional: '1', maxOrderNotional: 'much' }, 'maxOrderNotional'],
  [{ notional: '1', lifetimeS: 0 }, 'lifetimeS'],
  [{ notional: '1', lifetimeS: 35 * 86_400 + 1 }, 'lifetimeS'],
])('terms the contract would refuse: %o', (limits, message) => {
  expect(() => sessionKeyTerms(owner.address, key.address, limits)).toThrow(message)
})

test('both signatures are over the contract’s struct, and fit its form', async () => {
  const terms = sessionKeyTerms(owner.address, key.address, { notional: '10' })
  const { types, message } = sessionKeyTypedData(domain, terms)
  // The type as the contract has it (TypeHashes.SESSION_KEY).
  expect(TypedDataEncoder.from(types).encodeType('SessionKey')).toBe(
    'SessionKey(address owner,address key,uint8 subaccount,bool allSubaccounts,uint32 expiry,uint64 notional,uint64 markets,uint64 maxPosition,uint64 maxOrderNotional)',
  )
  for (const signer of [owner, key]) {
    const signature = await signSessionKey(signer, domain, terms)
    expect(verifyTypedData({ ...domain }, types, message, signature)).toBe(signer.address)
    const [r, vs] = splitSignature(signature)
    expect(`${r}${vs.slice(2)}`).toBe(Signature.from(signature).compactSerialized)
  }
})
