// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Health} from "./RiskBase.sol";
import {TakeoverSegment} from "./TakeoverSegment.sol";
import {IExchangeExit} from "./interfaces/IExchangeExit.sol";
import {IExchangeRisk} from "./interfaces/IExchangeRisk.sol";
import {AccountRun} from "./libraries/AccountRun.sol";
import {Context} from "./libraries/Context.sol";
import {holderOf} from "./libraries/ExitState.sol";
import {allocate} from "./libraries/Memory.sol";
import {FROZEN} from "./libraries/Phase.sol";
import {riskState} from "./libraries/RiskState.sol";

/// @notice Liquidation without the operator: flag, wait, execute. The wait is longer than the settlement lag, so that no
/// matched fill is invalidated by it.
abstract contract FlaggedLiquidation is TakeoverSegment, IExchangeRisk {
    uint256 internal constant FLAG_DELAY_S = 30 minutes;

    /// @inheritdoc IExchangeRisk
    function flag(address owner, uint8 subaccount) external {
        Health memory found = _healthOf(owner, subaccount);
        if (!found.isFresh) revert MarkMissing(owner);
        if (found.equity >= int256(found.maintenance) || owner == BACKSTOP) {
            revert AccountHealthy(owner, found.equity, found.maintenance);
        }
        uint64 flaggedAt = riskState().flaggedAt[holderOf(owner, subaccount)];
        // A flag that still counts stays as it is; one that has lapsed begins anew.
        if (flaggedAt != 0 && block.timestamp <= flaggedAt + 2 * FLAG_DELAY_S) {
            revert FlagNotDue(owner, block.timestamp, 0, flaggedAt + 2 * FLAG_DELAY_S);
        }
        riskState().flaggedAt[holderOf(owner, subaccount)] = uint64(block.timestamp);
        emit AccountFlagged(owner, subaccount, uint64(block.timestamp + FLAG_DELAY_S));
    }

    /// @inheritdoc IExchangeRisk
    function clearFlag(address owner, uint8 subaccount) external {
        Health memory found = _healthOf(owner, subaccount);
        if (!found.isFresh) revert MarkMissing(owner);
        if (found.equity < int256(found.maintenance)) {
            revert AccountUnhealthy(owner, found.equity, found.maintenance);
        }
        riskState().flaggedAt[holderOf(owner, subaccount)] = 0;
        emit AccountCleared(owner, subaccount);
    }

    /// @inheritdoc IExchangeRisk
    function executeFlagged(address owner, uint8 subaccount, uint8 market) external nonReentrant {
        if (phase & FROZEN != 0) revert IExchangeExit.Frozen();
        uint256 from = riskState().flaggedAt[holderOf(owner, subaccount)] + FLAG_DELAY_S;
        uint256 until = from + FLAG_DELAY_S;
        if (from == FLAG_DELAY_S || block.timestamp < from || block.timestamp > until) {
            revert FlagNotDue(owner, block.timestamp, from, until);
        }
        (Context memory context, AccountRun memory run) = _openRun();
        _takeOver(context, run, owner, subaccount, market, 0);
        _storeTotals(context);
    }

    /// @inheritdoc IExchangeRisk
    function health(address owner, uint8 subaccount)
        external
        view
        returns (int256 equity, uint256 maintenance, uint256 initial, bool isFresh)
    {
        Health memory found = _healthOf(owner, subaccount);
        return (found.equity, found.maintenance, found.initial, found.isFresh);
    }

    function _healthOf(address owner, uint8 subaccount) private view returns (Health memory) {
        (Context memory context, AccountRun memory run) = _openRun();
        return _load(context, run, owner, subaccount, 0);
    }

    function _openRun() internal view returns (Context memory context, AccountRun memory run) {
        _openMarkets(context);
        run.rows = allocate(context.span);
    }
}
