export type {
  AgentObject as Agent,
  CandleInterval,
  FillObject as Fill,
  MarginPreviewObject as MarginPreview,
  MarketObject as Market,
  MeObject as Me,
  NoticeObject as Notice,
  OrderObject as Order,
  OrderReply,
  OrderRequest,
  PositionObject as Position,
  SessionKeyTerms,
  StreamEvent,
  TickerObject as Ticker,
  TypedDomain,
} from '@plumb/protocol'
export {
  integerToText,
  quoteToText,
  textToE8,
  textToQuote,
  textToUnits,
  unitsToText,
} from '@plumb/protocol'
export {
  type AccountActions,
  type MarginQuestion,
  type MarginSimulator,
} from './account-actions.ts'
export { type Client, type ClientOptions, createClient } from './create-client.ts'
export {
  AuthenticationError,
  BadRequestError,
  DuplicateClientOrderIdError,
  type ErrorDetail,
  ExchangeUnavailableError,
  errorFrom,
  InsufficientFundsError,
  InvalidOrderError,
  MaintenanceError,
  MarketClosedError,
  MissingFieldError,
  NotConnectedError,
  NotFillableError,
  NotFoundError,
  OrderNotFoundError,
  OutcomeUnknownError,
  PermissionDeniedError,
  PlumbError,
  PostOnlyWouldCrossError,
  RateLimitedError,
  ReplayProtectionError,
  StreamGapError,
  UnchangedError,
  UnknownAccountError,
  UnknownMarketError,
  UnsupportedError,
} from './errors.ts'
export type { Http, HttpRequest } from './http.ts'
export { LaneManager, type LaneManagerOptions, type LaneSlot } from './lane-manager.ts'
export {
  type ChainHealth,
  type ChainOwner,
  createLiquidations,
  type Flag,
  type Liquidations,
} from './liquidations.ts'
export { type BookLevel, LocalBook } from './local-book.ts'
export { type NewOrder, type OrderLink, priceBeyond } from './new-order.ts'
export {
  type CancelFilter,
  type OrderEntry,
  type OrderRef,
  type Owner,
  streamOrderEntry,
} from './order-entry.ts'
export type {
  Candle,
  DevnetInfo,
  OrderBook,
  Page,
  Reconciliation,
  SigningInfo,
} from './public-reads.ts'
export {
  createSessionKey,
  type SessionKeyLimits,
  sessionKeyTerms,
  signSessionKey,
  splitSignature,
} from './session-key.ts'
export { checksumAddress, privateKeyAccount } from './signing/private-key-account.ts'
export { type InsuranceGift, signFundInsurance } from './signing/sign-fund-insurance.ts'
export { signLogin } from './signing/sign-login.ts'
export { signOrder, type UnsignedOrder } from './signing/sign-order.ts'
export { signTransfer, type UnsignedTransfer } from './signing/sign-transfer.ts'
export { signWithdraw, type UnsignedWithdrawal } from './signing/sign-withdraw.ts'
export {
  type EthersSigner,
  type LocalSigner,
  type SignerInput,
  signTyped,
  type ViemAccount,
  type ViemWalletClient,
} from './signing/signer.ts'
export { typedDataDigest } from './signing/typed-data-digest.ts'
export {
  Stream,
  type StreamNotice,
  type StreamOptions,
  type StreamStatus,
  type TokenSource,
} from './stream.ts'
export type { EventHandler, Topic } from './subscription.ts'
export {
  type Bracket,
  type BracketReply,
  type OrderChange,
  Trader,
  type TraderOptions,
} from './trader.ts'
export {
  createWallet,
  type Mined,
  type MinedDeposit,
  type OnChainAccount,
  type Wallet,
  type WalletOptions,
} from './wallet.ts'
