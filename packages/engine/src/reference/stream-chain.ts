//! Random notices of the contract: what owners ask for on-chain, and what it has done.
import { type ChainNotice, noticeKind } from '@plumb/model'
import type { StreamView } from './stream-view.ts'

const zeros = (length: number) => new Uint8Array(length)
/** The owner whose accounts are the backstop's. */
const BACKSTOP = 1
const ordinary = [
  noticeKind.withdrawRequested,
  noticeKind.withdrawRequested,
  noticeKind.withdrawClaimed,
  noticeKind.reduceRequested,
  noticeKind.reduceRequested,
  noticeKind.reduceRequested,
  noticeKind.reduced,
  noticeKind.takenOver,
  noticeKind.laneCancelled,
  noticeKind.laneCancelled,
  noticeKind.allCancelled,
  noticeKind.marginsSet,
  noticeKind.terms,
] as const

/** The next entry of the contract's log; the first one is its terms. */
export function chainNotice(view: StreamView): ChainNotice {
  const { dice } = view
  const odd = dice.chance(4)
  const what = view.notices === 0 ? noticeKind.terms : kindOf(view)
  const known = dice.pick(view.accounts)
  const nowS = Math.floor(view.timeMs / 1_000)
  const isPause = what === noticeKind.pauseScheduled
  const isSigned = what === noticeKind.reduced || what === noticeKind.takenOver
  const isMargins = what === noticeKind.marginsSet
  const lane = view.lane()
  const market = view.market()
  return {
    kind: 'ChainNotice',
    noticeId: view.notices + (odd ? dice.between(-1, 2) : 1),
    what,
    market,
    subaccount: odd && dice.chance(20) ? 256 : known.subaccount,
    owner: zeros(20).fill(dice.chance(2) ? 99 : known.owner),
    backstop: zeros(20).fill(dice.chance(1) ? 0 : BACKSTOP),
    blockNumber: dice.between(1, 1_000_000),
    txHash: zeros(32).fill(view.seq & 0xff),
    amountQuote: dice.chance(20) ? 0 : dice.pick([1, 1, 100, 10_000]) * dice.between(1, 40_000),
    lots: (isSigned ? dice.pick([-1, 1]) : 1) * dice.between(0, 30),
    priceTicks: dice.between(1, 100_000),
    feeQuote: dice.between(0, 5_000),
    fundingIndex: dice.pick(view.fundingIndexes.get(market) ?? [0]),
    leftQuote: dice.chance(70) ? 0 : dice.between(1, 1_000),
    dueS: isPause ? nowS + dice.between(-5, 40) : nowS + dice.pick([0, 599, 1_800, 1_800, 1_800]),
    lane: isMargins ? dice.between(100, 1_200) : odd ? 1_024 : lane,
    laneSeq: isMargins
      ? dice.between(50, 600)
      : dice.between(0, view.laneSeq(known.accountId, lane) + 2),
    feePpm: dice.pick([0, 5_000, 5_000, 20_000]),
    isLong: dice.between(0, 1),
  }
}

function kindOf({ dice }: StreamView) {
  if (dice.chance(3)) return dice.pick([noticeKind.pauseScheduled, noticeKind.pauseEnded])
  return dice.pick(ordinary)
}

/** How far settlement is behind: mostly not at all. */
export function settlementNotice(view: StreamView): ChainNotice {
  const { dice, timeMs } = view
  return {
    kind: 'ChainNotice',
    noticeId: 0,
    what: noticeKind.settlement,
    market: 0,
    subaccount: 0,
    owner: zeros(20),
    backstop: zeros(20),
    blockNumber: 0,
    txHash: zeros(32),
    dueS: dice.chance(80) ? 0 : timeMs - dice.pick([1_000, 100_000, 299_999, 300_001, 900_000]),
  }
}
