//! What `npm run mutate` changes, in groups, and the tests that must notice.

export type MutationGroup = 'funding' | 'margin' | 'liquidation' | 'book'

type Group = {
  /** Sources, one run each. */
  files: string[]
  /** Quick tests, after the recorded streams. */
  tests: string[]
  /** What else judges those that nobody has noticed yet. */
  slow: string[]
}

const engine = (names: string) => names.split(' ').map((name) => `packages/engine/src/${name}.ts`)
const model = (names: string) => names.split(' ').map((name) => `packages/model/src/${name}.ts`)

export const groups: Record<MutationGroup, Group> = {
  funding: {
    files: engine('funding settle-funding premium mark mean-mark'),
    tests: engine('risk-vectors.test stories.test risk-stories.test funding-data.test limits.test'),
    slow: engine('liquidation.test order-stories.test liquidation-cascade.test'),
  },
  margin: {
    files: [
      ...engine('margin initial-margin account-health withdrawable outflow market-risk volatility'),
      ...model('margin-tiers scaled-margin risk mul-div'),
    ],
    tests: [
      ...engine('risk-vectors.test risk-stories.test stories.test limits.test'),
      ...model('risk.test margin-tiers.test'),
    ],
    slow: [...engine('liquidation.test order-stories.test'), ...model('liquidation.test adl.test')],
  },
  liquidation: {
    files: [
      ...engine('liquidate liquidate-on-book liquidate-orders liquidation-scope take-over'),
      ...engine('auto-deleverage'),
      ...model('liquidation adl liquidation-price'),
    ],
    tests: [...engine('liquidation.test'), ...model('liquidation.test adl.test')],
    slow: engine('liquidation-properties.test liquidation-cascade.test risk-vectors.test'),
  },
  book: {
    files: engine('book-store match place-plain close-plain rest-order fill-or-kill'),
    tests: engine('engine.test stories.test order-stories.test limits.test'),
    slow: engine('order-soak.test tapes.test liquidation.test'),
  },
}
