//! What `npm run mutate` changes, in groups, and the tests that must notice.

export type MutationGroup = 'funding' | 'margin' | 'liquidation' | 'book'

type Group = {
  /** Sources, one run each. */
  files: string[]
  /** Tests that judge what the recorded streams did not notice. */
  tests: string[]
}

const engine = (names: string) => names.split(' ').map((name) => `packages/engine/src/${name}.ts`)
const model = (names: string) => names.split(' ').map((name) => `packages/model/src/${name}.ts`)

/** Tests that send their commands to both engines: they are recorded, and judge as streams. */
export const stories: string[] = [
  ...engine('stories.test order-stories.test risk-stories.test limits.test liquidation.test'),
  ...engine('funding.test backstop.test reopening.test settlement-lag.test risk-vectors.test'),
  ...engine('liquidation-properties.test margin.test'),
]

export const groups: Record<MutationGroup, Group> = {
  funding: {
    files: engine('funding settle-funding premium mark mean-mark'),
    tests: engine('funding.test risk-vectors.test funding-data.test'),
  },
  margin: {
    files: [
      ...engine('margin initial-margin account-health withdrawable outflow'),
      ...model('margin-tiers scaled-margin risk mul-div'),
      ...engine('market-risk volatility'),
    ],
    tests: [
      ...engine('margin.test risk-stories.test risk-vectors.test limits.test headroom.test'),
      ...engine('risk-reads.test'),
      ...model('risk.test margin-tiers.test what-if.test'),
    ],
  },
  liquidation: {
    files: [
      ...engine('liquidate liquidate-on-book liquidate-orders liquidation-scope take-over'),
      ...engine('auto-deleverage'),
      ...model('liquidation adl liquidation-price'),
    ],
    tests: model('liquidation.test adl.test'),
  },
  book: {
    files: engine('book-store match rest-order place-plain close-plain fill-or-kill'),
    tests: engine('engine.test book-store.test limits.test'),
  },
}
