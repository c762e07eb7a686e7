//! Where the time of a request goes in the gateway, stage by stage; the last three also of cancels and settings.
import type { Metrics, StageTimes } from '@plumb/runtime'

const names = ['verify', 'turn', 'sequence', 'show', 'reply'] as const

/** Places in the histograms. */
export const stage = {
  /** From the order taken to its signature checked. */
  verify: 0,
  /** Until what came before it on its connection has been handed over. */
  turn: 1,
  /** From the command handed over to the sequencer's durable answer. */
  sequence: 2,
  /** Until the feed has told the view. */
  show: 3,
  /** Until the reply is text on its way. */
  reply: 4,
} as const satisfies Record<(typeof names)[number], number>

export function orderStages(metrics: Metrics): StageTimes {
  return metrics.stages('entry_stage_seconds', 'Where the time of a request goes.', names)
}
