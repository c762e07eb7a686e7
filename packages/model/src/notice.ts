//! What the engine hears of the contract besides deposits and batches (packages/engine/RULES.md 7).

/** Numbers never change meaning. */
export const noticeKind = {
  /** The terms of the deployment: whose the backstop is, and what a forced reduction costs. */
  terms: 0,
  withdrawRequested: 1,
  withdrawClaimed: 2,
  reduceRequested: 3,
  reduced: 4,
  laneCancelled: 5,
  allCancelled: 6,
  pauseScheduled: 7,
  pauseEnded: 8,
  marginsSet: 9,
  /** Not of the chain: how far settlement is behind. Has no number of its own. */
  settlement: 10,
  /** A flagged account's position has gone to its market's backstop without a batch. */
  takenOver: 11,
} as const
export type NoticeKind = (typeof noticeKind)[keyof typeof noticeKind]
