//! The journal's write, which a test may have torn in two by the process' death.
import { systemFiles } from '@plumb/journal'
import { faultPoint, isFaultArmed } from '@plumb/runtime'

const tornPoint = 'journal:half-written'

/** Writes `bytes` whole; only where the fault point is armed, the first half alone comes before it. */
export const tearableWrite: typeof systemFiles.write = async (fd, bytes, position) => {
  if (isFaultArmed(tornPoint)) {
    await systemFiles.write(fd, bytes.subarray(0, bytes.length >> 1), position)
    faultPoint('journal:half-written')
  }
  await systemFiles.write(fd, bytes, position)
}
