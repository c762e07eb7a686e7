//! @plumb/chain: the chain as the services see it — node, contract, signatures, batches.
export type { ChainAccount, ChainPosition } from './account-call.ts'

export {
  type AccountRecord,
  type Batch,
  batchFormat,
  type CounterpartyRecord,
  compareOrders,
  type DeleveragingRecord,
  type DelistingRecord,
  type FillRecord,
  type FillsSegment,
  type FundingRecord,
  type FundingSegment,
  isConditional,
  type LiquidationFillRecord,
  type LiquidationRecord,
  type MarkRecord,
  NO_MARKET,
  type OrderBody,
  type OrderRecord,
  type Owner,
  type PositionName,
  type PricesSegment,
  type PriceVector,
  type PriceVectorBody,
  type RequestRecord,
  type RiskSegment,
  type Segment,
  type TransferBody,
  type TransferRecord,
  type WithdrawalBody,
  type WithdrawalRecord,
  type WithdrawalsSegment,
} from './batch.ts'
export { BatchBuilder, type BatchHeader, type BuildRefusal } from './batch-builder.ts'
export { type ConnectedSigner, connectSigner } from './connect-signer.ts'
export {
  type ChainBatch,
  type ChainLane,
  type ChainMarket,
  type ChainTotals,
  type ContractViews,
  contractViews,
} from './contract-views.ts'
export { decodeBatch, type OwnerRecovery } from './decode-batch.ts'
export {
  type Deployment,
  type DeployParams,
  defaultExitTerms,
  deployContracts,
  type ExitTerms,
  listingOf,
} from './deploy.ts'
export {
  type ChainDeposit,
  checkDeposits,
  createDepositReader,
  type DepositCursor,
  DepositLogError,
  type DepositReader,
  depositGenesis,
  rollDepositHash,
} from './deposits.ts'
export { createDigestSigner, type DigestSigner } from './digest-signer.ts'
export {
  addressBytes,
  bytesHex,
  domainSeparator,
  hexBytes,
  type LoginFields,
  type OrderFields,
  type PricesFields,
  type SigningDomain,
  scaleE8,
  typeHashes,
  type WithdrawFields,
} from './eip712.ts'
export { encodeBatch } from './encode-batch.ts'
export { exchangeInterface, topicOf } from './exchange-interface.ts'
export {
  type ExitCall,
  type ExitClaim,
  type ExitDesk,
  ExitRefusedError,
  type FreezeState,
  openExitDesk,
} from './exit-desk.ts'
export {
  confirmationsSource,
  durableBlockSource,
  type FinalitySource,
  finalizedTagSource,
} from './finality.ts'
export { type BatchCodeName, batchCode } from './generated/batch-code.ts'
export { plumbExchangeAbi, plumbExchangeBytecode } from './generated/plumb-exchange.ts'
export { testUsdcAbi, testUsdcBytecode } from './generated/test-usdc.ts'
export {
  type ChainKeyEvent,
  type ChainKeyTerms,
  createKeyReader,
  KeyLogError,
  type KeyReader,
} from './key-events.ts'
export {
  createNoticeReader,
  type Notice,
  type NoticeCursor,
  NoticeLogError,
  type NoticeReader,
  type NoticeTerms,
  outsideLogs,
  termsNotice,
} from './notices.ts'
export { type JoinRefusal, type MatchedFill, OpenFills, type SignedOrder } from './open-fills.ts'
export {
  createPriceSigner,
  type PriceMessage,
  type PriceSigner,
  pricesDigest,
  recoverPriceSigner,
} from './price-signer.ts'
export {
  type Block,
  type BlockTag,
  createRpc,
  type Log,
  type Receipt,
  type Rpc,
  RpcError,
  RpcUnavailableError,
} from './rpc.ts'
export type {
  BatchError,
  SegmentError,
  TwinAccount,
  TwinGenesis,
  TwinLane,
  TwinMarket,
  TwinPosition,
  TwinRequest,
  TwinSessionKey,
  TwinTotals,
} from './settlement-state.ts'
export { type BatchResult, SettlementTwin, type TwinAccountView } from './settlement-twin.ts'
export {
  loadNativeBackend,
  loadSignatureBackend,
  nobleBackend,
  type SignatureBackend,
  type SignatureBackendName,
} from './signature-backend.ts'
export type { Recovered } from './signature-batch.ts'
export { compactSignature } from './signature-encoding.ts'
export { createVerifier, type Verifier } from './signature-verifier.ts'
export {
  type AttemptStore,
  bumpFees,
  createTransactionSender,
  createTransactionSigner,
  type Fees,
  type PendingTransaction,
  readSignedTransaction,
  type SignedTransaction,
  suggestFees,
  type TransactionContent,
  type TransactionSender,
  type TransactionSigner,
  type TransactionState,
} from './transaction-sender.ts'
export { type SignerWaiter, VerifyPool, type VerifyPoolOptions } from './verify-pool.ts'
