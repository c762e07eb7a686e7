//! @plumb/runtime: what every process needs — configuration, log, metrics, life, clock, transport.
export type { StateHash } from '@plumb/model'

export type { Address, SocketTarget } from './address.ts'
export { parseAddress, socketTarget } from './address.ts'
export type { Clock, ManualClock } from './clock.ts'
export { createManualClock, systemClock } from './clock.ts'
export type {
  CommandClient,
  CommandClientOptions,
  CommandErrorCode,
  CommandReply,
  CommandWaiter,
} from './command-client.ts'
export { CommandError, createCommandClient } from './command-client.ts'
export type { ReplyBatch } from './command-wire.ts'
export { createReplyBatch, visitCommands } from './command-wire.ts'
export { addressField, booleanField, integerField, serviceFields } from './config-fields.ts'
export type { Heartbeat } from './every-interval.ts'
export { everyInterval } from './every-interval.ts'
export { faultPoint, isFaultArmed, watchFaults } from './fault-point.ts'
export type { FeedClient, FeedClientOptions, FeedGroup } from './feed-client.ts'
export { createFeedClient, FeedError } from './feed-client.ts'
export type { FeedEntriesWriter, FeedEntry, FeedGroupEnd } from './feed-wire.ts'
export {
  createFeedEntriesWriter,
  decodeFeedEntries,
  decodeFeedGroupEnd,
  encodeFeedGroupEnd,
} from './feed-wire.ts'
export type { FeedFollower, FollowFeedOptions } from './follow-feed.ts'
export { followFeed } from './follow-feed.ts'
export type { FrameReader } from './frame.ts'
export { createFrameReader, encodeFrame, FRAME_HEADER_BYTES, FrameError } from './frame.ts'
export type { FrameSocket } from './frame-socket.ts'
export type { Lifecycle, LifecycleOptions } from './lifecycle.ts'
export { createLifecycle } from './lifecycle.ts'
export type { ConfigProblem } from './load-config.ts'
export { ConfigError, loadConfig } from './load-config.ts'
export type { Logger, LoggerOptions } from './logger.ts'
export { createLogger, silentLogger } from './logger.ts'
export type { Metrics } from './metrics.ts'
export { createMetrics } from './metrics.ts'
export type { StageTimes } from './stage-times.ts'
export type {
  Readiness,
  StatusAnswer,
  StatusServer,
  StatusServerOptions,
} from './status-server.ts'
export { startStatusServer } from './status-server.ts'
export type {
  Peer,
  RoleHandler,
  TransportServer,
  TransportServerOptions,
} from './transport-server.ts'
export { startTransportServer } from './transport-server.ts'
export type { Refusal } from './wire.ts'
export { FrameType, ReplyStatus } from './wire.ts'
