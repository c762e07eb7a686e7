// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Claim, ForceRequest, Freeze, LaneCancel, WithdrawRequest} from "../libraries/ExitState.sol";

/// @notice The terms of leaving, fixed at deployment.
/// @param directDelayS D: after this a direct request takes effect; longer than the settlement lag.
/// @param forceDelayS T1: after this anybody may execute a forced reduction.
/// @param freezeDelayS T2: after this much silence, or neglect, anybody may freeze the exchange.
/// @param claimPeriodS How long claims are registered before a frozen exchange pays.
/// @param forceFeePpm What a forced reduction costs, ppm of its notional; it goes to the backstop.
/// @param forceBlockQuote Notional that the backstop takes by forced reductions in one block, micro-USDC.
struct ExitTerms {
    uint32 directDelayS;
    uint32 forceDelayS;
    uint32 freezeDelayS;
    uint32 claimPeriodS;
    uint32 forceFeePpm;
    uint64 forceBlockQuote;
}

/// @notice The way out that needs nobody. Requests are the owner's; whatever was asked for, anybody may carry out, and
/// only the owner is paid.
interface IExchangeExit {
    /// @notice A direct withdrawal may be claimed from `claimableAt` on.
    event WithdrawRequested(
        address indexed owner, uint8 subaccount, uint64 amount, uint64 claimableAt
    );
    /// @notice A direct withdrawal was carried out, as far as collateral was free.
    event WithdrawClaimed(
        address indexed owner, uint8 subaccount, uint256 amount, uint64 stillRequested
    );
    /// @notice A forced reduction may be carried out from its time on.
    event ReduceRequested(
        address indexed owner,
        uint8 subaccount,
        uint8 indexed market,
        uint64 lots,
        uint64 withdraw,
        uint64 executableAt,
        bool isLong
    );
    /// @notice The backstop took over lots at `price`; the fee is its own.
    event Reduced(
        address indexed owner,
        uint8 subaccount,
        uint8 indexed market,
        int256 lots,
        uint256 price,
        uint256 fee,
        uint256 paid,
        uint64 stillRequested,
        int256 fundingIndex
    );
    /// @notice A batch carried out what was asked for: `lots` of a position closed (signed), or `amount` paid. `market` is
    /// 255 for a withdrawal.
    event RequestServed(
        address indexed owner, uint8 subaccount, uint8 indexed market, int256 lots, uint256 amount
    );
    /// @notice Orders of the lane up to `seq` die from `effectiveAt` on.
    event LaneCancelRequested(
        address indexed owner, uint8 subaccount, uint16 lane, uint32 seq, uint64 effectiveAt
    );
    /// @notice Orders of the lane up to `seq` are dead.
    event LaneCancelled(address indexed owner, uint8 subaccount, uint16 lane, uint32 seq);
    /// @notice Orders below the sequence number die from the given time on, in every lane.
    event AllCancelRequested(
        address indexed owner, uint8 subaccount, uint32 minSeq, uint64 effectiveAt
    );
    /// @notice Nothing settles any more; `assets` micro-USDC are divided.
    event ExchangeFrozen(address indexed caller, uint128 assets);
    /// @notice An account takes part with `equity` micro-USDC.
    event ClaimRegistered(address indexed owner, uint8 subaccount, uint256 equity);
    /// @notice What a claim has got, micro-USDC.
    event ClaimPaid(address indexed owner, uint8 subaccount, uint256 amount);
    /// @notice An outflow limit, or the token, holds `amount` back: it is owed.
    event PayoutDeferred(address indexed owner, uint256 amount);
    /// @notice What was owed has been paid.
    event PayoutCollected(address indexed owner, uint256 amount);

    /// @notice The exchange cannot be deployed with this field.
    error InvalidTerms(string field);
    /// @notice The exchange is frozen.
    error Frozen();
    /// @notice The exchange is not frozen.
    error NotFrozen();
    /// @notice The owner has requested nothing of the kind.
    error NothingRequested(address owner);
    /// @notice Not before `from`, seconds.
    error TooEarly(uint256 time, uint256 from);
    /// @notice Not after `until`, seconds.
    error TooLate(uint256 time, uint256 until);
    /// @notice No collateral is free, micro-USDC.
    error NothingFree(address owner, int256 free);
    /// @notice The market has no fresh mark.
    error StalePrice(uint8 market);
    /// @notice More lots than the position holds, or none.
    error InvalidReduction(uint8 market, uint256 lots, int256 size);
    /// @notice What may be forced in one block is used up, micro-USDC.
    error BlockCapReached(uint256 used, uint256 cap);
    /// @notice The backstop does not cover what it would take over.
    error BackstopShort(int256 equity, uint256 margin);
    /// @notice No such lane, or sequence number 0.
    error InvalidLane(uint16 lane, uint32 seq);
    /// @notice Batches still come, or the request is not overdue.
    error StillServed(uint256 time, uint256 from);
    /// @notice Nothing that could be paid.
    error NothingToClaim(address owner, int256 equity);
    /// @notice The claim is registered, or paid, already.
    error AlreadyClaimed(address owner);

    /// @notice Asks for `amount` micro-USDC of an own subaccount, in place of an earlier request; zero takes it back. A
    /// batch may pay it at once, anybody from D on; it stands that long. The money counts as margin until it is paid.
    function requestWithdraw(uint8 subaccount, uint64 amount) external;

    /// @notice Pays what was requested at least D ago, as far as it is free; the rest stays requested.
    /// @return paid Micro-USDC debited and paid, or owed where a payout limit holds it up.
    function claimWithdraw(address owner, uint8 subaccount) external returns (uint256 paid);

    /// @notice Asks that `lots` of an own position are closed against the backstop, and `withdraw` micro-USDC paid out
    /// along with it (as far as free), in place of an earlier request for this market; zero lots take it back. A batch may
    /// do it at once, anybody from T1 on; it stands for D.
    function forceReduce(uint8 subaccount, uint8 market, uint64 lots, uint64 withdraw) external;

    /// @notice Executes a forced reduction requested at least T1 ago: at the mark, or at the slow mark when the mark is
    /// stale, less the fee; as much as one block's cap leaves. A request without a position of its side is dropped.
    function executeForceReduce(address owner, uint8 subaccount, uint8 market)
        external
        returns (uint256 closedLots, uint256 paid);

    /// @notice Ends an own lane's orders up to sequence number `seq`, D after this request.
    function requestCancel(uint8 subaccount, uint16 lane, uint32 seq) external;

    /// @notice Writes a lane's requested end down once D has passed.
    function applyCancel(address owner, uint8 subaccount, uint16 lane) external;

    /// @notice Ends every order of an own subaccount with a sequence number below `minSeq`, by itself D after this
    /// request. A number that has taken effect never falls.
    function requestCancelAll(uint8 subaccount, uint32 minSeq) external;

    /// @notice Freezes the exchange when no batch has settled for T2.
    function freeze() external;

    /// @notice Freezes the exchange when this forced reduction is overdue by T2 and the backstop cannot take it. One that
    /// can be executed is executed instead.
    /// @return frozen Whether the exchange is frozen now.
    function freezeOverdue(address owner, uint8 subaccount, uint8 market)
        external
        returns (bool frozen);

    /// @notice Registers an account's equity at the slow marks of the freeze.
    function claim(address owner, uint8 subaccount) external returns (uint256 equity);

    /// @notice Pays a registered claim after the claim period: its equity, or its share where assets fall short.
    function payout(address owner, uint8 subaccount) external returns (uint256 paid);

    /// @notice Pays what an outflow limit or a refusing token has held up, as far as possible now.
    function collect(address owner) external returns (uint256 paid);

    /// @notice What could be claimed of an account now: cash and positions at the worse of mark and slow mark, less the
    /// larger of initial margin and a tenth of notional. Negative when short; reverts with StalePrice.
    function freeCollateral(address owner, uint8 subaccount) external view returns (int256);

    /// @notice Delays and fees of the way out, fixed at deployment.
    function exitTerms() external view returns (ExitTerms memory);
    /// @notice Owner of the accounts that take over what nobody else does.
    function backstop() external view returns (address);
    /// @notice The direct withdrawal requested, zero if none.
    function withdrawRequest(address owner, uint8 subaccount)
        external
        view
        returns (WithdrawRequest memory);
    /// @notice The forced reduction requested, zero if none.
    function forceRequest(address owner, uint8 subaccount, uint8 market)
        external
        view
        returns (ForceRequest memory);
    /// @notice The cancel requested for a lane, zero if none.
    function laneCancel(address owner, uint8 subaccount, uint16 lane)
        external
        view
        returns (LaneCancel memory);
    /// @notice Orders below are dead, and what is requested beside.
    function minSeq(address owner, uint8 subaccount)
        external
        view
        returns (uint32 inForce, uint32 pending, uint64 effectiveAt);
    /// @notice When it froze, what is divided, what is claimed.
    function freezeState() external view returns (Freeze memory);
    /// @notice The claim of an account.
    function claimOf(address owner, uint8 subaccount) external view returns (Claim memory);
    /// @notice Micro-USDC that limits hold back from an owner.
    function owed(address owner) external view returns (uint256);
    /// @notice Micro-USDC held back from all.
    function owedTotal() external view returns (uint256);
    /// @notice The average mark of about an hour, ticks.
    function slowMark(uint8 market) external view returns (uint256);
    /// @notice Block time of the last batch, seconds.
    function lastBatchTime() external view returns (uint256);
}
