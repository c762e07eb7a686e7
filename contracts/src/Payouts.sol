// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeStorage} from "./ExchangeStorage.sol";
import {IERC20} from "./interfaces/IERC20.sol";
import {IExchangeExit} from "./interfaces/IExchangeExit.sol";
import {ExitState, Outflow, exitState} from "./libraries/ExitState.sol";
import {FROZEN} from "./libraries/Phase.sol";
import {RiskMath} from "./libraries/RiskMath.sol";

/// @notice The only door out: pays debited money to the owner of an account, within the outflow limits. What a limit or
/// the token holds up is owed and collected later, so one payout never stands in the way of another.
abstract contract Payouts is ExchangeStorage {
    /// Share of the assets that may leave, and what may leave however small the assets are (dYdX v4 rate limits).
    uint256 internal constant OUTFLOW_HOUR_PPM = 10_000;
    uint256 internal constant OUTFLOW_DAY_PPM = 100_000;
    uint256 internal constant OUTFLOW_HOUR_FLOOR = 1_000_000e6;
    uint256 internal constant OUTFLOW_DAY_FLOOR = 10_000_000e6;
    /// What each owner is paid a day when the limits of all are used up.
    uint256 internal constant OUTFLOW_OWNER_FLOOR = 10_000e6;

    /// @dev Pays `amount`, which the caller has debited and counted as withdrawn, or owes the rest of it.
    /// @return paid What has left now.
    function _payOrOwe(address owner, uint256 amount) internal returns (uint256 paid) {
        paid = _allowance(owner, amount);
        if (paid != 0 && !_callToken(abi.encodeCall(IERC20.transfer, (owner, paid)))) paid = 0;
        uint256 rest = amount - paid;
        if (rest == 0) return paid;
        ExitState storage state = exitState();
        state.owed[owner] += rest;
        state.owedTotal += uint128(rest);
        emit IExchangeExit.PayoutDeferred(owner, rest);
    }

    // What may leave now, counted as gone. A frozen exchange has its own rule of who gets what.
    function _allowance(address owner, uint256 amount) private returns (uint256 allowed) {
        if (phase & FROZEN != 0) return amount;
        Outflow memory used = exitState().outflow;
        uint256 assets = uint256(deposited) - withdrawn;
        uint256 hourLimit = _limit(assets, OUTFLOW_HOUR_PPM, OUTFLOW_HOUR_FLOOR);
        uint256 dayLimit = _limit(assets, OUTFLOW_DAY_PPM, OUTFLOW_DAY_FLOOR);
        uint256 passed = block.timestamp - used.time;
        uint256 hour = _leak(used.hour, hourLimit * passed / 1 hours);
        uint256 day = _leak(used.day, dayLimit * passed / 1 days);
        allowed = _least(amount, _leak(hourLimit, hour), _leak(dayLimit, day));
        exitState().outflow =
            Outflow(uint96(hour + allowed), uint96(day + allowed), uint64(block.timestamp));
        if (allowed != amount) allowed += _ownerAllowance(owner, amount - allowed);
    }

    // Beside the limits of all: nobody else can use it up.
    function _ownerAllowance(address owner, uint256 amount) private returns (uint256 allowed) {
        uint256 stored = exitState().floorUsed[owner];
        uint256 passed = block.timestamp - (stored & type(uint64).max);
        uint256 used = _leak(stored >> 64, OUTFLOW_OWNER_FLOOR * passed / 1 days);
        uint256 room = OUTFLOW_OWNER_FLOOR - used;
        allowed = amount < room ? amount : room;
        exitState().floorUsed[owner] = ((used + allowed) << 64) | block.timestamp;
    }

    /// @dev Tokens that return nothing and tokens that return true are both accepted.
    function _callToken(bytes memory data) internal returns (bool ok) {
        bytes memory answer;
        (ok, answer) = address(TOKEN).call(data);
        if (!ok || answer.length == 0) return ok;
        // Decoding would revert on a strange answer, and with it everybody else's payout.
        return answer.length >= 32 && uint256(bytes32(answer)) == 1;
    }

    function _limit(uint256 assets, uint256 ppm, uint256 floor) private pure returns (uint256) {
        uint256 share = assets * ppm / RiskMath.PPM;
        return share > floor ? share : floor;
    }

    function _leak(uint256 level, uint256 less) private pure returns (uint256) {
        return level > less ? level - less : 0;
    }

    function _least(uint256 a, uint256 b, uint256 c) private pure returns (uint256) {
        uint256 less = a < b ? a : b;
        return less < c ? less : c;
    }
}
