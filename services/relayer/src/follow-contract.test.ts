import { exchangeInterface, NoticeLogError } from '@plumb/chain'
import { testWallet } from '@plumb/chain/testing/test-signer'
import { noticeKind } from '@plumb/model'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { NoticePlace } from './follow-contract.ts'
import { TestHouse } from './testing/test-house.ts'

const alice = testWallet('alice of the log')
const call = (name: string, values: readonly unknown[]) =>
  exchangeInterface.encodeFunctionData(name, values)

let house: TestHouse
beforeAll(async () => {
  house = await TestHouse.open()
  await house.deposit(alice, 1_000_000_000)
  const asked = [
    call('requestWithdraw', [0, 2n ** 64n - 1n]),
    call('requestCancel', [0, 7, 3]),
    call('requestCancelAll', [0, 9]),
  ]
  for (const data of asked) await house.world.trySend(alice.owner, data)
})
afterAll(() => house.close())

const follower = (place: NoticePlace, save: (place: NoticePlace) => Promise<void>) => {
  const rpcs = [house.rpc, house.rpc] as const
  return house.follower({ rpcs, place, save })
}

test('the log is followed in its order, once, whatever is lost on the way', async () => {
  let stored: NoticePlace = { noticeId: 0, blockNumber: 0, followed: [] }
  let saves = 0
  const failing = (place: NoticePlace) => {
    saves += 1
    // The process dies after the engine has heard, before it is stored.
    if (saves === 1) return Promise.reject(new Error('dead'))
    stored = place
    return Promise.resolve()
  }
  house.exchange.lostReplies = 1
  await expect(follower(stored, failing).step()).rejects.toMatchObject({
    code: 'OUTCOME_UNKNOWN',
  })
  await expect(follower(stored, failing).step()).rejects.toThrow('dead')
  await follower(stored, failing).step()
  const { notices } = house.exchange
  expect(notices.map(({ noticeId }) => noticeId)).toEqual([1, 2, 3, 4])
  expect(notices.map(({ what }) => what)).toEqual([
    noticeKind.terms,
    noticeKind.withdrawRequested,
    noticeKind.laneCancelled,
    noticeKind.allCancelled,
  ])
  // More than exact integers hold means all there is.
  expect(notices[1]).toMatchObject({ amountQuote: Number.MAX_SAFE_INTEGER, subaccount: 0 })
  expect(notices[2]).toMatchObject({ lane: 7, laneSeq: 3 })
  expect(stored).toMatchObject({ noticeId: 4 })
  expect(stored.followed.at(-1)?.blockNumber).toBe(stored.blockNumber)
  expect(await follower(stored, failing).step()).toBe(0)
})

test('nodes that tell different logs are not believed', async () => {
  const place: NoticePlace = { noticeId: 0, blockNumber: 0, followed: [] }
  const liar: typeof house.rpc = {
    ...house.rpc,
    logs: async (filter) => (await house.rpc.logs(filter)).slice(1),
  }
  const lying = house.follower({ rpcs: [house.rpc, liar], place, save: () => Promise.resolve() })
  await expect(lying.step()).rejects.toThrow(NoticeLogError)
})
