//! A refusal for a market's state says why the market is in it; others do not ask.
import { rejectCode } from '@plumb/model'
import { expect, test } from 'vitest'
import { rejectError } from './reject-error.ts'

const asked = () => {
  throw new Error('asked')
}
const rejected = (code: number) =>
  ({
    kind: 'CommandRejected',
    accountId: 1,
    market: 0,
    code,
    commandKind: 9,
    orderId: 0,
    limitValue: 0,
    clientOrderId: '',
  }) as never

test.each(['MARKET_HALTED', 'CANCEL_ONLY', 'CLOSE_ONLY', 'POST_ONLY_STATE'] as const)(
  '%s names the reason, and nothing where there is none',
  (code) => {
    const [plain, explained] = [null, 'There were no prices.'].map((why) =>
      rejectError(rejected(rejectCode[code]), undefined, () => why),
    )
    expect(explained?.code).toBe(code)
    expect(explained?.message).toBe(`${plain?.message} There were no prices.`)
  },
)

test('a refusal of another kind does not ask', () => {
  expect(rejectError(rejected(rejectCode.REDUCE_ONLY), undefined, asked).code).toBe('REDUCE_ONLY')
})
