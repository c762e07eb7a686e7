//! What makes the sequencer turn commands away although it could take them: its disk, its clock, its own past.
import type { Logger } from '@plumb/runtime'
import type { StampClock } from './stamp-clock.ts'
import type { HaltReason } from './telemetry.ts'

/** How halts are watched for. */
export type HaltOptions = {
  isDiskLow: () => boolean
  clock: Pick<StampClock, 'skewMs'>
  logger: Logger
}

/** The halts in force. */
export type Halts = {
  /** Cancels and everything that lowers risk pass a low disk and a jumped clock; nothing passes a lost past. */
  halted(isOrder: boolean): HaltReason | undefined
  /** Looks at disk and clock; called a few times a second. */
  check(): void
  /** A follower with a durable cursor has seen more than the journal holds: every new seq would be a second one. */
  onJournalBehind(why: string): void
  /** The reasons, for the operator. */
  readonly reasons: readonly string[]
}

/** Stamps off the wall by more than this: marks, funding and expiries of new orders cannot be trusted. */
const skewMaxMs = 1_000

const words: Record<Exclude<HaltReason, 'journal-behind'>, string> = {
  'disk-low': 'the disk is almost full: new orders are refused until there is room',
  'clock-jumped': 'the clock has jumped: new orders are refused until it agrees with the stamps',
}

/** @example const halts = watchHalts({ isDiskLow: () => journal.isDiskLow(), clock, logger }) */
export const watchHalts = ({ isDiskLow, clock, logger }: HaltOptions): Halts => {
  const active = new Map<HaltReason, string>()

  const set = (reason: Exclude<HaltReason, 'journal-behind'>, isOn: boolean) => {
    if (isOn === active.has(reason)) return
    if (isOn) {
      active.set(reason, words[reason])
      logger.error({ reason, skewMs: clock.skewMs }, words[reason])
    } else {
      active.delete(reason)
      logger.warn({ reason }, 'new orders are taken again')
    }
  }

  const halts: Halts = {
    halted: (isOrder) => {
      if (active.size === 0) return undefined
      if (active.has('journal-behind')) return 'journal-behind'
      if (!isOrder) return undefined
      return active.has('disk-low') ? 'disk-low' : 'clock-jumped'
    },
    check: () => {
      set('disk-low', isDiskLow())
      set('clock-jumped', Math.abs(clock.skewMs) > skewMaxMs)
    },
    onJournalBehind: (why) => {
      active.set('journal-behind', why)
      logger.fatal({ reason: 'journal-behind' }, `${why}. Nothing more is taken in until a restart`)
    },
    get reasons() {
      return [...active.values()]
    },
  }
  halts.check()
  return halts
}
