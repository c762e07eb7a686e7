//! What the sequencer tells its operators, each thing once.
import type { Engine } from '@plumb/engine'
import { commandKind, eventHeader, eventKind } from '@plumb/model'
import type { Metrics, StageTimes } from '@plumb/runtime'

/** Why orders, or everything, is turned away although there is room. */
export type HaltReason = 'disk-low' | 'clock-jumped' | 'journal-behind'

const stageNames = ['gather', 'apply', 'commit'] as const

/** Places in the histograms of a command's stages. */
export const stage = {
  /** From its arrival to the start of its unit. */
  gather: 0,
  /** Until its unit is decided and handed to the journal. */
  apply: 1,
  /** Until it is durable. */
  commit: 2,
} as const satisfies Record<(typeof stageNames)[number], number>

/** The sequencer's figures. */
export type Telemetry = {
  /** A unit of commands was applied; `kinds` counts them by kind number. */
  applied(kinds: Uint32Array): void
  rejected(count: number): void
  refused(reason: 'overloaded' | 'invalid' | HaltReason): void
  committed(commands: number, seconds: number): void
  snapshotTaken(seconds: number): void
  stages: StageTimes
  gauges(
    read: () => { waiting: number; followers: number; durableSeq: number; skewMs: number },
  ): void
}

/** One more than the largest command kind. */
export const kindCount: number = Math.max(...Object.values(commandKind)) + 1

/** Whether the first of a command's events says that it was rejected. */
export const isRejection = ({ count, i32 }: Engine['events']): boolean =>
  count > 0 && i32[eventHeader.kindI32] === eventKind.CommandRejected

export const createTelemetry = (metrics: Metrics): Telemetry => {
  const commands = metrics.counter('commands_total', 'Commands sequenced.', ['kind'])
  const rejects = metrics.counter('commands_rejected_total', 'Commands the engine rejected.')
  const refusals = metrics.counter('commands_refused_total', 'Commands not sequenced.', ['reason'])
  const commit = metrics.histogram('commit_seconds', 'From apply to durable, each unit.')
  const unit = metrics.histogram(
    'unit_commands',
    'Commands in a unit.',
    [1, 4, 16, 64, 256, 1_024, 4_096],
  )
  const snapshots = metrics.histogram('snapshot_seconds', 'Time to write a snapshot.')
  const names = Object.entries(commandKind)
  return {
    applied: (kinds) => {
      for (const [name, kind] of names) {
        const count = kinds[kind] ?? 0
        if (count > 0) commands.inc({ kind: name }, count)
      }
      kinds.fill(0)
    },
    rejected: (count) => rejects.inc(count),
    refused: (reason) => refusals.inc({ reason }),
    committed: (count, seconds) => {
      commit.observe(seconds)
      unit.observe(count)
    },
    stages: metrics.stages(
      'command_stage_seconds',
      'Where the time of a command goes.',
      stageNames,
    ),
    snapshotTaken: (seconds) => snapshots.observe(seconds),
    gauges: (read) => {
      const waiting = metrics.gauge('commands_waiting', 'Commands not durable yet.')
      const followers = metrics.gauge('followers', 'Followers connected.')
      const durable = metrics.gauge('durable_seq', 'Newest durable seq.')
      const skew = metrics.gauge('clock_skew_seconds', 'Stamps minus wall clock.')
      const refresh = () => {
        const now = read()
        waiting.set(now.waiting)
        followers.set(now.followers)
        durable.set(now.durableSeq)
        skew.set(now.skewMs / 1_000)
      }
      setInterval(refresh, 1_000).unref()
      refresh()
    },
  }
}
