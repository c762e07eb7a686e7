//! The journal once more from some command on, over a feed of its own.
import type { Frame } from '@plumb/ledger'
import { type Address, createFeedClient } from '@plumb/runtime'

/** Groups of frames from `fromSeq` on, without end; the feed closes when the reader stops. */
export async function* readJournal(
  address: Address,
  fromSeq: number,
): AsyncGenerator<readonly Frame[], void, void> {
  const feed = createFeedClient({ address, name: 'ledger-trace', fromSeq })
  try {
    for await (const { entries } of feed.groups()) yield entries
  } finally {
    await feed.close()
  }
}
