//! Random operators' commands, account settings, payments: everything that is neither an order nor a price.
import type {
  Command,
  ConfirmBatch,
  CreditDeposit,
  FundInsurance,
  Genesis,
  Market,
  RequestWithdrawal,
  SetFeeTiers,
  SetMarketRisk,
  Transfer,
} from '@plumb/model'
import type { StreamView } from './stream-view.ts'

const zeros = (length: number) => new Uint8Array(length)

export const GENESIS: Genesis = {
  kind: 'Genesis',
  chainId: 1_337,
  settlementLagS: 600,
  publisherCount: 3,
  publisherQuorum: 2,
  contract: zeros(20),
  publishers: zeros(100),
}

export function deposit(view: StreamView): CreditDeposit {
  const { dice, profile } = view
  const odd = dice.chance(8)
  const subaccount = profile.liquidation === true ? dice.pick([0, 0, 1, 2]) : dice.between(0, 1)
  // Who backs a market must be able to carry what others could not.
  const amountQuote = view.amount() * (subaccount === 2 ? 20 : 1)
  return {
    kind: 'CreditDeposit',
    owner: zeros(20).fill(dice.between(1, profile.owners)),
    subaccount: odd && dice.chance(20) ? 256 : subaccount,
    amountQuote: odd && dice.chance(30) ? dice.pick([0, -1, 0.5, 2 ** 52]) : amountQuote,
    depositId: view.deposits + (odd ? dice.between(-1, 2) : 1),
    blockNumber: dice.between(1, 1_000_000),
    txHash: zeros(32).fill(view.seq & 0xff),
  }
}

function payment(view: StreamView): Omit<RequestWithdrawal, 'kind'> {
  const { dice } = view
  const accountId = view.account()
  const lane = view.lane()
  return {
    accountId,
    amountQuote: dice.chance(5) ? dice.pick([0, -5, 1.5]) : view.amount(),
    lane: dice.chance(3) ? 1_024 : lane,
    laneSeq: view.laneSeq(accountId, lane),
    expiryS: view.expiry(),
    signer: zeros(20),
    signature: zeros(64),
  }
}

export const withdraw = (view: StreamView): RequestWithdrawal => ({
  kind: 'RequestWithdrawal',
  ...payment(view),
})

export const transfer = (view: StreamView): Transfer => ({
  kind: 'Transfer',
  ...payment(view),
  toSubaccount: view.dice.chance(4) ? view.dice.pick([-1, 256, 9]) : view.dice.between(0, 2),
})

export const fundInsurance = (view: StreamView): FundInsurance => {
  const paid = payment(view)
  const amountQuote = Math.ceil(paid.amountQuote / view.dice.pick([1, 10, 1_000, 1_000_000]))
  return { kind: 'FundInsurance', ...paid, amountQuote, market: view.market() }
}

export function confirm(view: StreamView): ConfirmBatch {
  const { dice } = view
  return {
    kind: 'ConfirmBatch',
    batchNo: view.batches + (dice.chance(10) ? dice.pick([0, 2, 0.5]) : 1),
    toSeq: dice.chance(10) ? view.seq + dice.between(-1, 1) : view.seq - dice.between(1, 500),
    gasUsed: dice.between(1, 1_000_000),
    blockNumber: dice.between(1, 1_000_000),
    txHash: zeros(32),
  }
}

/** Switches of the whole exchange and of its markets. */
export function administer(view: StreamView): Command {
  const { dice, profile } = view
  const roll = dice.between(1, 10)
  if (roll <= 6) {
    const state = dice.chance(85) ? 0 : dice.pick([-1, 0, 1, 2, 3, 4, 5, 6])
    return { kind: 'SetMarketState', market: view.market(), state }
  }
  if (roll <= 8) return { kind: 'SetWithdrawals', paused: dice.chance(70) ? 0 : dice.pick([0, 1]) }
  if (roll === 9) return GENESIS
  return { kind: 'ListMarket', ...dice.pick(profile.markets), ...dice.pick(BAD_TERMS) }
}

/** What operators and accounts set of risk. */
export function setRisk(view: StreamView): Command {
  const { dice } = view
  const accountId = view.account()
  const market = view.market()
  switch (dice.between(1, 9)) {
    case 1:
    case 2:
      return marketRisk(view, market)
    case 3:
      return feeTiers(view)
    case 4:
    case 5:
      return { kind: 'SetLeverage', accountId, market, leverage: dice.pick([0, 1, 3, 10, 50, 255]) }
    case 6:
      return {
        kind: 'SetAccountMode',
        accountId: dice.chance(50) ? view.quietAccount() : accountId,
        isolatedMarket: dice.chance(60) ? -1 : market,
      }
    case 7:
    case 8:
      return transfer(view)
    default:
      return fundInsurance(view)
  }
}

/** What operators and accounts set of orders. */
export function setOrders(view: StreamView): Command {
  const { dice } = view
  const accountId = view.account()
  const roll = dice.between(1, 3)
  if (roll === 1) {
    const scope = view.seq % 2 === 0 ? 0 : view.seq % (view.profile.markets.length + 2)
    return {
      kind: 'SetDeadMan',
      accountId,
      scope,
      timeoutMs: dice.pick([0, 1_000, 4_000, 86_400_000]),
    }
  }
  if (roll === 2)
    return { kind: 'SetSelfTradeGroup', accountId, group: dice.pick([0, 0, 0, 1, 2, 2 ** 30 - 1]) }
  if (view.throttled) return { kind: 'SetThrottle', level: 0, minNotionalQuote: 0 }
  const minNotionalQuote = dice.pick([0, 1_000_000, 30_000_000])
  return { kind: 'SetThrottle', level: dice.pick([0, 0, 0, 0, 0, 0, 1, 2]), minNotionalQuote }
}

export function marketRisk(view: StreamView, market: number): SetMarketRisk {
  const { dice, profile } = view
  const listed = profile.markets.find((m) => m.market === market)
  const imf = (listed?.imBps ?? 500) * 100
  const unit = (view.marks.get(market) ?? 1) * (listed?.quotePerTickLot ?? 1) * profile.sizeMax
  const usdc = Math.min(Math.max(1, Math.ceil(unit / 1_000_000)), 1_000_000_000)
  const tiers = dice.pick([0, 0, 1, 2, 3])
  const bounds = [1, 2, 3].map((i) => (i <= tiers ? usdc * i * dice.between(1, 2) : 0))
  const steps = [1, 2, 3].map((i) =>
    i <= tiers ? Math.min(1_000_000, imf * i + dice.pick([0, 2, imf])) : 0,
  )
  const low = usdc * dice.between(0, 5)
  // Most settings leave room for leverage: without it nobody is ever liquidated.
  const mild = dice.chance(70)
  return {
    kind: 'SetMarketRisk',
    market,
    boundUsdc: bounds,
    imfPpm: steps,
    oiLowUsdc: low,
    oiHighUsdc: mild ? 0 : low + usdc * dice.between(1, 20),
    partialAboveQuote: dice.pick([0, usdc * 1_000_000, 100_000_000_000]),
    volatilitySeed: mild ? dice.pick([0, 2 ** 38]) : dice.pick([0, 1_000_000, 2 ** 40, 2 ** 50]),
    openingGainPpm: dice.pick([0, 500_000, 1_000_000]),
    scopePpm: dice.pick([0, 0, 10_000, 400_000]),
    volatility: dice.chance(mild ? 40 : 80) ? 1 : 0,
    liquidation: profile.liquidation === true && dice.chance(85) ? 1 : 0,
    liquidationFeePpm: dice.pick([0, 15_000, 100_000]),
    cancelOnlyS: dice.pick([0, 0, 2]),
    postOnlyS: dice.pick([0, 0, 3]),
    rearmS: dice.pick([0, 0, 20]),
  }
}

function feeTiers(view: StreamView): SetFeeTiers {
  const { dice } = view
  const tiers = dice.pick([0, 1, 3, 7])
  const first = Math.ceil(view.amount() / dice.pick([1, 10, 1_000]))
  const upTo = (i: number, value: number) => (i <= tiers ? value : 0)
  const each = [1, 2, 3, 4, 5, 6, 7]
  return {
    kind: 'SetFeeTiers',
    volumeQuote: each.map((i) => upTo(i, first * i)),
    takerOff: each.map((i) => upTo(i, i * dice.pick([0, 5, 40]) * (dice.chance(10) ? 1 : i))),
    makerOff: each.map((i) => upTo(i, i * 3)),
  }
}

/** Backstops, and what brings a market to a halt, back, or to its end: commands that belong together, in order. */
export function guard(view: StreamView): Command[] {
  const { dice } = view
  const market = view.market()
  const halted = [...view.states].find(([, state]) => state === 4)?.[0]
  if (halted !== undefined && dice.chance(60)) return [{ kind: 'ReopenMarket', market: halted }]
  const accountId = view.quietAccount()
  const roll = dice.between(1, 12)
  // Where guards are frequent, most markets must live on.
  const ends = roll === 10 && view.profile.guards !== undefined && dice.chance(80)
  switch (ends ? 11 : roll) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
      return [
        { kind: 'SetAccountMode', accountId, isolatedMarket: market },
        { kind: 'SetBackstop', accountId, market },
      ]
    case 7:
      return [{ kind: 'SetBackstop', accountId: dice.pick([0, 999, accountId]), market }]
    case 8:
      return [{ kind: 'SetMarketState', market, state: dice.pick([2, 4, 4]) }]
    case 9:
      return [{ kind: 'ReopenMarket', market }]
    case 10:
      return [
        { kind: 'SetMarketState', market, state: dice.pick([0, 2, 4]) },
        { kind: 'SettleMarket', market },
      ]
    default:
      return [fundInsurance(view)]
  }
}

const BAD_TERMS: readonly Partial<Market>[] = [
  {},
  { market: 70 },
  { market: -1 },
  { market: 40, tickE8: 0 },
  { market: 40, lotE8: 0.5 },
  { market: 40, quotePerTickLot: 2 ** 20 + 1 },
  { market: 40, minOrderLots: 0 },
  { market: 40, minOrderLots: 10, maxOrderLots: 9 },
  { market: 40, maxPositionLots: 2 ** 45 },
  { market: 40, minNotionalQuote: -1 },
  { market: 40, maxOpenInterestLots: -1 },
  { market: 40, fixedIndexTicks: 2 ** 32 },
  { market: 40, imBps: 10_001 },
  { market: 40, mmBps: 0 },
  { market: 40, takerFee: 256 },
  { market: 40, takerFee: 10, makerFee: 11 },
  { market: 40, takerFee: 10, makerFee: -11 },
  { market: 40, priceBandPpm: 1_000_000 },
  { market: 40, markBandPpm: 100_001 },
]
