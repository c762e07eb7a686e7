//! Lines of progress for the user.

/** Takes one line. */
export type Progress = (line: string) => void

/** Runs `work` and says how long it took. */
export const timed = async <T>(say: Progress, what: string, work: () => Promise<T>): Promise<T> => {
  const startMs = Date.now()
  const result = await work()
  say(`✓ ${what} (${((Date.now() - startMs) / 1000).toFixed(1)} s)`)
  return result
}
