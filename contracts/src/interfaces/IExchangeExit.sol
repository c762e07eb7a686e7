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
    event WithdrawRequested(
        address indexed owner, uint8 subaccount, uint64 amount, uint64 claimableAt
    );
    event WithdrawClaimed(
        address indexed owner, uint8 subaccount, uint256 amount, uint64 stillRequested
    );
    event ReduceRequested(
        address indexed owner,
        uint8 subaccount,
        uint8 indexed market,
        uint64 lots,
        uint64 withdraw,
        uint64 executableAt,
        bool isLong
    );
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
    event LaneCancelRequested(
        address indexed owner, uint8 subaccount, uint16 lane, uint32 seq, uint64 effectiveAt
    );
    event LaneCancelled(address indexed owner, uint8 subaccount, uint16 lane, uint32 seq);
    event AllCancelRequested(
        address indexed owner, uint8 subaccount, uint32 minSeq, uint64 effectiveAt
    );
    event ExchangeFrozen(address indexed caller, uint128 assets);
    event ClaimRegistered(address indexed owner, uint8 subaccount, uint256 equity);
    event ClaimPaid(address indexed owner, uint8 subaccount, uint256 amount);
    event PayoutDeferred(address indexed owner, uint256 amount);
    event PayoutCollected(address indexed owner, uint256 amount);

    error InvalidTerms(string field);
    error Frozen();
    error NotFrozen();
    error NothingRequested(address owner);
    error TooEarly(uint256 time, uint256 from);
    error TooLate(uint256 time, uint256 until);
    error NothingFree(address owner, int256 free);
    error StalePrice(uint8 market);
    error InvalidReduction(uint8 market, uint256 lots, int256 size);
    error BlockCapReached(uint256 used, uint256 cap);
    error BackstopShort(int256 equity, uint256 margin);
    error InvalidLane(uint16 lane, uint32 seq);
    error StillServed(uint256 time, uint256 from);
    error NothingToClaim(address owner, int256 equity);
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

    function exitTerms() external view returns (ExitTerms memory);
    function backstop() external view returns (address);
    function withdrawRequest(address owner, uint8 subaccount)
        external
        view
        returns (WithdrawRequest memory);
    function forceRequest(address owner, uint8 subaccount, uint8 market)
        external
        view
        returns (ForceRequest memory);
    function laneCancel(address owner, uint8 subaccount, uint16 lane)
        external
        view
        returns (LaneCancel memory);
    function minSeq(address owner, uint8 subaccount)
        external
        view
        returns (uint32 inForce, uint32 pending, uint64 effectiveAt);
    function freezeState() external view returns (Freeze memory);
    function claimOf(address owner, uint8 subaccount) external view returns (Claim memory);
    function owed(address owner) external view returns (uint256);
    function owedTotal() external view returns (uint256);
    function slowMark(uint8 market) external view returns (uint256);
    function lastBatchTime() external view returns (uint256);
}
