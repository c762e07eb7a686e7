// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExitBase} from "./ExitBase.sol";
import {ExitTerms, IExchangeExit} from "./interfaces/IExchangeExit.sol";
import {
    Claim,
    ForceRequest,
    Freeze,
    LaneCancel,
    WithdrawRequest,
    exitState,
    holderOf,
    placeOf
} from "./libraries/ExitState.sol";
import {MarketWord} from "./libraries/MarketWord.sol";
import {SlowMark} from "./libraries/SlowMark.sol";

/// @notice What a user who leaves needs to see, by RPC alone.
abstract contract ExitViews is ExitBase, IExchangeExit {
    /// @inheritdoc IExchangeExit
    function exitTerms() external view returns (ExitTerms memory) {
        return ExitTerms(
            uint32(DIRECT_DELAY_S),
            uint32(FORCE_DELAY_S),
            uint32(FREEZE_DELAY_S),
            uint32(CLAIM_PERIOD_S),
            uint32(FORCE_FEE_PPM),
            uint64(FORCE_BLOCK_QUOTE)
        );
    }

    /// @inheritdoc IExchangeExit
    function backstop() external view returns (address) {
        return BACKSTOP;
    }

    /// @inheritdoc IExchangeExit
    function withdrawRequest(address owner, uint8 subaccount)
        external
        view
        returns (WithdrawRequest memory)
    {
        return exitState().withdrawRequests[holderOf(owner, subaccount)];
    }

    /// @inheritdoc IExchangeExit
    function forceRequest(address owner, uint8 subaccount, uint8 market)
        external
        view
        returns (ForceRequest memory)
    {
        return exitState().forceRequests[placeOf(owner, subaccount, market)];
    }

    /// @inheritdoc IExchangeExit
    function laneCancel(address owner, uint8 subaccount, uint16 lane)
        external
        view
        returns (LaneCancel memory)
    {
        return exitState().laneCancels[placeOf(owner, subaccount, lane)];
    }

    /// @inheritdoc IExchangeExit
    function freezeState() external view returns (Freeze memory) {
        return exitState().freeze;
    }

    /// @inheritdoc IExchangeExit
    function claimOf(address owner, uint8 subaccount) external view returns (Claim memory) {
        return exitState().claims[holderOf(owner, subaccount)];
    }

    /// @inheritdoc IExchangeExit
    function owed(address owner) external view returns (uint256) {
        return exitState().owed[owner];
    }

    /// @inheritdoc IExchangeExit
    function owedTotal() external view returns (uint256) {
        return exitState().owedTotal;
    }

    /// @inheritdoc IExchangeExit
    function slowMark(uint8 market) external view returns (uint256) {
        uint256 frozenAt = exitState().freeze.frozenAt;
        uint256 time = frozenAt == 0 ? block.timestamp : frozenAt;
        return SlowMark.valueAt(market, MarketWord.wrap(marketWords[market]), time, MARK_AGE_MAX_S);
    }

    /// @inheritdoc IExchangeExit
    function lastBatchTime() external view returns (uint256) {
        return settledTime;
    }
}
