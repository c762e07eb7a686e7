// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExitBase} from "./ExitBase.sol";
import {IExchangeExit} from "./interfaces/IExchangeExit.sol";
import {AccountRun} from "./libraries/AccountRun.sol";
import {Context} from "./libraries/Context.sol";
import {WithdrawRequest, exitState, holderOf} from "./libraries/ExitState.sol";

/// @notice Withdrawals without the operator. What is requested counts as margin until it is claimed, so that no fill
/// matched before can fall short; it is claimable only once every such fill has settled.
abstract contract WithdrawRequests is ExitBase, IExchangeExit {
    /// The backstop's capital stays this many times the freeze delay, so that everybody can leave before it does.
    uint256 internal constant BACKSTOP_DELAYS = 2;

    /// @inheritdoc IExchangeExit
    function requestWithdraw(uint8 subaccount, uint64 amount) external notFrozen {
        uint256 delay = msg.sender == BACKSTOP ? BACKSTOP_DELAYS * FREEZE_DELAY_S : DIRECT_DELAY_S;
        uint64 claimableAt = amount == 0 ? 0 : uint64(block.timestamp + delay);
        WithdrawRequest storage request =
            exitState().withdrawRequests[holderOf(msg.sender, subaccount)];
        // It stands for D: a batch on its way may be serving it.
        if (request.amount != 0 && block.timestamp < request.claimableAt) {
            revert TooEarly(block.timestamp, request.claimableAt);
        }
        (request.amount, request.claimableAt) = (amount, claimableAt);
        emit WithdrawRequested(msg.sender, subaccount, amount, claimableAt);
    }

    /// @inheritdoc IExchangeExit
    function claimWithdraw(address owner, uint8 subaccount)
        external
        nonReentrant
        notFrozen
        returns (uint256 paid)
    {
        WithdrawRequest storage request = exitState().withdrawRequests[holderOf(owner, subaccount)];
        uint64 amount = request.amount;
        if (amount == 0) revert NothingRequested(owner);
        if (block.timestamp < request.claimableAt) {
            revert TooEarly(block.timestamp, request.claimableAt);
        }
        (Context memory context, AccountRun memory run) = _open();
        // Funding stays due: the engine learns of this later and takes off the same amount, nothing else.
        run.load(context, owner, subaccount, 0);
        int256 free = _free(context, run);
        if (free <= 0) revert NothingFree(owner, free);
        paid = uint256(free) < amount ? uint256(free) : amount;
        run.cash -= int256(paid);
        run.store(context);
        withdrawn += uint128(paid);
        request.amount = amount - uint64(paid);
        emit WithdrawClaimed(owner, subaccount, paid, amount - uint64(paid));
        _payOrOwe(owner, paid);
    }

    /// @inheritdoc IExchangeExit
    function collect(address owner) external nonReentrant returns (uint256 paid) {
        uint256 amount = exitState().owed[owner];
        if (amount == 0) revert NothingRequested(owner);
        exitState().owed[owner] = 0;
        exitState().owedTotal -= uint128(amount);
        paid = _payOrOwe(owner, amount);
        if (paid == 0) revert NothingFree(owner, 0);
        emit PayoutCollected(owner, paid);
    }

    /// @inheritdoc IExchangeExit
    function freeCollateral(address owner, uint8 subaccount) external view returns (int256) {
        (Context memory context, AccountRun memory run) = _open();
        run.load(context, owner, subaccount, 0);
        return _free(context, run);
    }
}
