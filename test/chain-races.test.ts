// What anybody may carry out on-chain at any time, while what the engine has done since its last batch is on its way.
import { type ChainNotice, type Command, noticeKind, orderFlag, timeInForce } from '@plumb/model'
import { expect, test } from 'vitest'
import { scenarioMarket } from '../packages/engine/src/reference/scenario.ts'
import { type CommandSource, EngineToTwin } from './settlement/engine-to-twin.ts'

const START_MS = 1_790_000_000_000
const PRICE = 600_000
const zeros = (length: number) => new Uint8Array(length)
const [ALICE, BOB] = [zeros(20).fill(1), zeros(20).fill(2)]
const ioc = timeInForce.ioc << 2

/** Commands one after the other, each a second later. */
class Story implements CommandSource {
  timeMs = START_MS
  readonly #commands: Command[]
  #lane = 0
  #deposits = 0
  #notices = 0

  constructor() {
    const publishers = { publisherCount: 3, publisherQuorum: 2, publishers: zeros(100) }
    const binding = { chainId: 1_337, settlementLagS: 600, contract: zeros(20) }
    this.#commands = [
      { kind: 'Genesis', ...binding, ...publishers },
      { kind: 'ListMarket', ...scenarioMarket, fixedIndexTicks: PRICE },
    ]
  }

  get length(): number {
    return this.#commands.length
  }

  next(): Command {
    this.timeMs += 1_000
    const command = this.#commands.shift()
    if (command === undefined) throw new RangeError('the story is over')
    return command
  }

  observe(): void {}

  deposit(owner: Uint8Array, usdc: number): this {
    const depositId = ++this.#deposits
    const credit = { owner, subaccount: 0, amountQuote: usdc * 1_000_000, depositId }
    this.#commands.push({ kind: 'CreditDeposit', ...credit, blockNumber: 1, txHash: zeros(32) })
    return this
  }

  order(accountId: number, side: 0 | 1, sizeLots: number, flags = 0): this {
    const lane = this.#lane++
    this.#commands.push({
      kind: 'PlaceOrder',
      orderId: 0,
      accountId,
      market: 0,
      side,
      flags,
      orderKind: 0,
      priceTicks: PRICE,
      sizeLots,
      triggerTicks: 0,
      maxFee: 60,
      lane,
      laneSeq: 1,
      expiryS: START_MS / 1_000 + 100_000,
      selfTrade: 0,
      clientOrderId: '',
      signer: zeros(20),
      signature: zeros(64),
    })
    return this
  }

  withdraw(accountId: number, usdc: number): this {
    const amountQuote = usdc * 1_000_000
    const expiryS = START_MS / 1_000 + 100_000
    const signed = { lane: this.#lane++, laneSeq: 1, expiryS, signer: zeros(20) }
    this.#commands.push({
      kind: 'RequestWithdrawal',
      accountId,
      amountQuote,
      ...signed,
      signature: zeros(64),
    })
    return this
  }

  notice(changes: Partial<ChainNotice>): this {
    // The backstop's first deposit comes with the first notice.
    const noticeId = ++this.#notices
    if (noticeId === 1) this.#deposits += 1
    this.#commands.push({
      kind: 'ChainNotice',
      noticeId,
      what: noticeKind.terms,
      market: 0,
      subaccount: 0,
      owner: ALICE,
      backstop: zeros(20),
      blockNumber: 1,
      txHash: zeros(32),
      ...changes,
    })
    return this
  }
}

/** Alice holds 10 lots that Bob has sold her; a batch for each command that settles something. */
const opened = () =>
  new Story().deposit(ALICE, 10_000).deposit(BOB, 10_000).notice({}).order(2, 1, 10).order(1, 0, 10)

/** Plays all of it, the last `together` settling commands in one batch. */
const play = (story: Story, batches: readonly number[]): EngineToTwin => {
  const run = new EngineToTwin(1, 'plain', story)
  const sizes = batches.values()
  run.play(story.length, () => sizes.next().value ?? 100)
  return run
}

const soon = START_MS / 1_000 + 60

test('what the chain is to reduce the engine does not trade', () => {
  const story = opened()
    .notice({ what: noticeKind.reduceRequested, lots: 10, isLong: 1, dueS: soon })
    .withdraw(2, 1)
    .order(2, 0, 5)
    .order(1, 1, 5, ioc | orderFlag.reduceOnly)
    .notice({ what: noticeKind.reduced, lots: 10 })
    .withdraw(2, 1)
    .order(1, 1, 5, ioc)
  const { engine } = play(story, [1, 1])
  // It is over, and trades again.
  expect(engine.account(1)?.positions).toMatchObject([{ market: 0, lots: -5 }])
})

test('money that may be claimed on-chain leaves by no signature', () => {
  const story = opened()
    .notice({ what: noticeKind.withdrawRequested, amountQuote: 5_000_000_000, dueS: soon })
    .withdraw(2, 1)
    .withdraw(1, 9_000)
    .notice({ what: noticeKind.withdrawClaimed })
    .withdraw(2, 1)
    .withdraw(1, 4_000)
  const { engine } = play(story, [1, 1])
  const cash = engine.account(1)?.cashQuote ?? 0
  expect(cash).toBeGreaterThan(0)
  expect(cash).toBeLessThan(1_000_000_000)
})
