import fc from 'fast-check'
import { expect, test } from 'vitest'
import { accountCall, readAccount } from './account-call.ts'
import { exchangeInterface } from './exchange-interface.ts'

const int = fc.maxSafeInteger()
const accounts = fc.record({
  cashQuote: int,
  positions: fc.array(fc.record({ market: fc.nat(63), sizeLots: int, fundingSnapshot: int }), {
    maxLength: 8,
  }),
})
const addresses = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`)

test('call and answer are those of the ABI', () => {
  fc.assert(
    fc.property(accounts, addresses, fc.nat(255), (account, owner, subaccount) => {
      expect(accountCall({ owner, subaccount })).toBe(
        exchangeInterface.encodeFunctionData('account', [owner, subaccount]),
      )
      const answer = exchangeInterface.encodeFunctionResult('account', [
        account.cashQuote,
        account.positions.map((p) => [p.market, p.sizeLots, p.fundingSnapshot]),
      ])
      expect(readAccount(answer)).toEqual(account)
      expect(() => readAccount(answer.slice(0, -2))).toThrow(RangeError)
    }),
  )
})

test('what is too large or no account is refused', () => {
  expect(() => readAccount('0x')).toThrow('too short')
  const large = exchangeInterface.encodeFunctionResult('account', [2n ** 53n, []])
  expect(() => readAccount(large)).toThrow('exceeds 2^53')
})
