//! One process of `npm run fuzz`: plays the streams it is sent and answers what it found.
import { playStream, printCommands, shrink } from '../../packages/engine/src/reference/duel.ts'
import { outcomesOf } from '../../packages/engine/src/reference/outcomes.ts'
import { streamProfiles } from '../../packages/engine/src/reference/stream-profiles.ts'

export type FuzzJob = { profile: string; seed: number; commands: number }
export type FuzzAnswer = FuzzJob & { outcomes: string[]; difference: string | undefined }

process.on('message', (job: FuzzJob) => {
  const outcomes = new Set<string>()
  const found = playStream({
    ...job,
    hashEvery: 127,
    checkedUntil: 0,
    note: (command, events) => {
      for (const name of outcomesOf(command, events)) outcomes.add(name)
    },
  })
  const answer: FuzzAnswer = { ...job, outcomes: [...outcomes], difference: undefined }
  if (found !== undefined) {
    const shortest = shrink(found.history, streamProfiles[job.profile]?.limits ?? {})
    answer.difference = `${found.text}\n${printCommands(shortest)}`
  }
  process.send?.(answer)
})
