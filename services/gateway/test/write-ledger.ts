//! For tests: what the ledger service does, in this process.
import { createLedgerWriter, openLedger, readCursor } from '@plumb/ledger'
import { createFeedClient } from '@plumb/runtime'
import type { TestExchange } from './exchange-fixture.ts'

/** Follows the exchange into a ledger from where that is; answers how to stop, which waits for what is on its way. */
export async function writeLedger(house: TestExchange, url: string): Promise<() => Promise<void>> {
  const ledger = await openLedger(url, { applicationName: 'test' })
  const writer = await createLedgerWriter(ledger)
  const fromSeq = ((await readCursor(ledger))?.seq ?? 0) + 1
  const feed = createFeedClient({ address: house.config.sequencer, name: 'ledger', fromSeq })
  const run = (async () => {
    for await (const group of feed.groups()) await writer.write(group.entries)
  })()
  return async () => {
    await feed.close()
    await run
    await ledger.close()
  }
}
