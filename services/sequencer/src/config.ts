//! The sequencer's configuration, read once.
import { addressField, booleanField, integerField, loadConfig, serviceFields } from '@plumb/runtime'
import { z } from 'zod'

const schema = z.object({
  ...serviceFields,
  /** Where commands come in and the feed goes out. */
  PLUMB_SEQUENCER: addressField,
  /** Holds `journal/` (the record and its snapshots) and `feed/` (can be lost). */
  PLUMB_SEQUENCER_DATA: z.string().min(1),
  /** The first commands of an empty journal; later boots only compare. */
  PLUMB_GENESIS: z.string().min(1).optional(),
  PLUMB_SNAPSHOT_COMMANDS: integerField(1, 1e12).default(200_000),
  PLUMB_SNAPSHOT_SECONDS: integerField(1, 86_400).default(600),
  PLUMB_SEGMENT_BYTES: integerField(16 * 1024, 2 ** 30).default(64 * 1024 * 1024),
  /** Commands that wait for their commit before new orders are refused. */
  PLUMB_INBOX_COMMANDS: integerField(1, 2 ** 20).default(16_384),
  /** More such room that only cancels, deposits, prices and ticks may use. */
  PLUMB_INBOX_RESERVED: integerField(0, 2 ** 20).default(4_096),
  /** A follower with more unsent bytes than this is cut off and must come back. */
  PLUMB_FOLLOWER_BUFFER_BYTES: integerField(64 * 1024, 2 ** 30).default(16 * 1024 * 1024),
  /** Move segments that no start needs any more into `journal/archive`. */
  PLUMB_JOURNAL_ARCHIVE: booleanField.default(false),
  /** A seq that ledger, relayer or chain have seen: a journal that ends before it is refused. */
  PLUMB_PROVEN_SEQ: integerField(0, Number.MAX_SAFE_INTEGER).default(0),
  PLUMB_DISK_LOW_BYTES: integerField(0, 2 ** 50).default(256 * 1024 * 1024),
})

/** The judged configuration. */
export type SequencerConfig = z.output<typeof schema>

/** @throws ConfigError naming every bad key */
export const readConfig = (): SequencerConfig => loadConfig(schema, process.env)
