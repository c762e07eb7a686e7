// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeAdmin} from "./IExchangeAdmin.sol";
import {IExchangeRisk, IMarketRisk} from "./IExchangeRisk.sol";
import {IExchangeExit} from "./IExchangeExit.sol";
import {IExchangeGovernance} from "./IExchangeGovernance.sol";
import {ISessionKeys} from "./ISessionKeys.sol";

/// @notice Fixed at deployment.
/// @param token Collateral with 6 decimals.
/// @param admin Lists markets, names relayers and publishers.
/// @param settlementLagS Longest age of an unsettled fill (L), seconds.
/// @param markAgeMaxS A mark older than this only lets positions shrink, seconds.
/// @param minDeposit Smallest deposit, micro-USDC.
/// @param maxDeposits Bound of deposits less withdrawals, micro-USDC.
/// @param backstop Owner of the account (subaccount 0) that takes what forced reductions close; never zero.
struct Genesis {
    address token;
    address admin;
    uint32 settlementLagS;
    uint32 markAgeMaxS;
    uint64 minDeposit;
    uint64 maxDeposits;
    address backstop;
}

/// @notice One open position of an account.
struct Position {
    uint8 market;
    int256 size;
    int256 fundingSnapshot;
}

/// @notice A market as the contract knows it.
struct MarketView {
    bool listed;
    uint256 tickE8;
    uint256 lotE8;
    uint256 quotePerTickLot;
    uint256 imBps;
    uint256 mmBps;
    uint256 markBandPpm;
    bool fixedMark;
    uint256 maxOrderLots;
    uint256 maxPositionLots;
    uint256 mark;
    uint256 markTime;
    int256 fundingIndex;
    uint256 fundingCreditTime;
    int256 fundingPool;
    uint256 openInterest;
}

/// @notice Where the money is: cash of all accounts = deposits - withdrawals - fees - fundingPools - insurance, and the
/// token balance is at least deposits - withdrawals + owed (debited, and held up on its way out).
struct Totals {
    uint256 tokenBalance;
    uint256 deposits;
    uint256 withdrawals;
    uint256 fees;
    int256 fundingPools;
    uint256 owed;
    uint256 insurance;
}

/// @notice Events and errors that several parts of the exchange share.
interface IExchangeBase {
    /// @notice One deposit more; `rollingHash` chains them all.
    event Deposited(
        uint64 indexed depositId,
        address indexed owner,
        uint8 subaccount,
        uint256 amount,
        bytes32 rollingHash
    );
    /// @notice The batch and the journal it commits to; its calldata is the record.
    event BatchSettled(uint32 indexed batchNo, uint64 toSeq, bytes32 journalHash, uint64 stateHash);
    /// @notice A signed withdrawal has been debited, and paid or owed.
    event WithdrawalPaid(
        address indexed owner, uint8 subaccount, uint256 amount, uint16 lane, uint32 seq
    );

    /// @notice Best-effort mode: a segment, mostly one pair, was refused with this BatchCodes number and changed nothing.
    event PairSkipped(uint32 indexed batchNo, uint256 fill, uint8 code);

    /// @notice Only relayers settle.
    error NotRelayer(address caller);
    /// @notice Too little gas is left for the segment to be judged by its own merits.
    error OutOfGas(uint256 segment, uint256 needed);
    /// @notice The chain has another id than at deployment.
    error WrongChain(uint256 chainId);
    /// @notice Called from within itself.
    error Reentered();
    /// @notice Nobody can own that account.
    error InvalidOwner(address owner);
    /// @notice Less than the minimum has arrived, micro-USDC.
    error DepositTooSmall(uint256 amount, uint256 minimum);
    /// @notice More than the exchange may hold, micro-USDC.
    error DepositsAboveLimit(uint256 total, uint256 maximum);
    /// @notice More cash than an account can hold.
    error CashOverflow(address owner, uint8 subaccount, int256 cash);
    /// @notice The token refused.
    error TransferFailed(address from, address to, uint256 amount);
    /// @notice Six decimals are needed.
    error UnsupportedToken(address token, uint256 decimals);
}

/// @notice The way in.
interface ICustody {
    /// @notice Deposits into an own subaccount; what the contract's balance gained is credited at once.
    function deposit(uint8 subaccount, uint256 amount) external returns (uint64 depositId);

    /// @notice Deposits on behalf of `owner`.
    function depositFor(address owner, uint8 subaccount, uint256 amount)
        external
        returns (uint64 depositId);

    /// @notice Deposits with an EIP-2612 permit of the caller; a permit somebody else has used already is no obstacle.
    function depositWithPermit(
        uint8 subaccount,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint64 depositId);
}

/// @notice The hot path.
interface ISettlement {
    /// @notice Settles one batch (format: README of contracts/). Reverts whole with BatchRejected(code, segment, index).
    ///
    /// In best-effort mode (header byte 1 = 1) every segment settles, or is skipped with PairSkipped, by itself; a relayer
    /// that wants pairs judged one by one puts one pair (all fills of one fill-or-kill order) into each. Format errors of
    /// the batch still revert it whole. Marks of earlier segments prove no trigger there.
    function settle(bytes calldata batch) external;

    /// @notice One segment of a best-effort batch; the exchange calls itself.
    function settleSegment(uint256 kind, uint256 segment, bytes calldata body) external;
}

/// @notice Reads for the reconciler, the sdk and anybody who checks.
interface IExchangeViews {
    /// @notice Cash in micro-USDC and the open positions of an account.
    function account(address owner, uint8 subaccount)
        external
        view
        returns (int256 cash, Position[] memory positions);

    /// @notice Replay state of one lane: the last sequence number and what it has filled.
    function lane(address owner, uint8 subaccount, uint16 lane_)
        external
        view
        returns (uint32 seq, uint64 filled);

    /// @notice A market as it stands.
    function market(uint8 id) external view returns (MarketView memory);

    /// @notice The commitment of the last settled batch.
    function lastBatch()
        external
        view
        returns (
            uint32 batchNo,
            uint64 toSeq,
            uint64 hashSeq,
            bytes32 journalHash,
            uint64 stateHash
        );

    /// @notice Id of the last deposit and the hash over all of them.
    function lastDeposit() external view returns (uint64 depositId, bytes32 rollingHash);

    /// @notice What the exchange holds, and for whom.
    function totals() external view returns (Totals memory);

    /// @notice EIP-712 domain of everything that is signed.
    function domainSeparator() external view returns (bytes32);

    /// @notice The collateral.
    function token() external view returns (address);
}

/// @notice Margin contract of the exchange: holds the collateral, settles what traders signed. One address; what is not
/// on the hot path runs in its extension's code.
interface IPlumbExchange is
    IExchangeBase,
    IExchangeAdmin,
    IExchangeExit,
    IExchangeGovernance,
    ISessionKeys,
    ICustody,
    ISettlement,
    IExchangeViews,
    IExchangeRisk,
    IMarketRisk
{}
