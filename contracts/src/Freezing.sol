// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExitBase} from "./ExitBase.sol";
import {IExchangeExit} from "./interfaces/IExchangeExit.sol";
import {AccountRun} from "./libraries/AccountRun.sol";
import {Context, Row} from "./libraries/Context.sol";
import {Claim, ForceRequest, Freeze, exitState, holderOf, placeOf} from "./libraries/ExitState.sol";
import {FROZEN} from "./libraries/Phase.sol";
import {SlowMark} from "./libraries/SlowMark.sol";

/// @notice The end of the exchange, which anybody may call when its operator is gone or will not serve: no more batches,
/// every account valued at the slow marks of that moment, every positive equity paid, in full or in proportion.
abstract contract Freezing is ExitBase, IExchangeExit {
    /// @inheritdoc IExchangeExit
    function freeze() external nonReentrant notFrozen {
        uint256 from = settledTime + FREEZE_DELAY_S;
        if (block.timestamp < from) revert StillServed(block.timestamp, from);
        _freeze();
    }

    /// @inheritdoc IExchangeExit
    function freezeOverdue(address owner, uint8 subaccount, uint8 market)
        external
        notFrozen
        returns (bool frozen)
    {
        ForceRequest memory request = exitState().forceRequests[placeOf(owner, subaccount, market)];
        if (request.lots == 0) revert NothingRequested(owner);
        uint256 from = request.requestedAt + FREEZE_DELAY_S;
        if (block.timestamp < from) revert TooEarly(block.timestamp, from);
        // A request counts as neglected only where the backstop is short: what the account itself has made impossible,
        // or what can be executed here and now, is nobody's neglect.
        try IExchangeExit(address(this)).executeForceReduce(owner, subaccount, market) {
            return false;
        } catch (bytes memory reason) {
            if (bytes4(reason) != BackstopShort.selector) {
                assembly ("memory-safe") {
                    revert(add(reason, 0x20), mload(reason))
                }
            }
            _freeze();
            return true;
        }
    }

    /// @inheritdoc IExchangeExit
    function claim(address owner, uint8 subaccount) external nonReentrant returns (uint256 equity) {
        Freeze storage state = _frozenState();
        Claim storage own = exitState().claims[holderOf(owner, subaccount)];
        if (own.registered) revert AlreadyClaimed(owner);
        int256 value = _frozenEquity(owner, subaccount, state.frozenAt);
        if (value <= 0) revert NothingToClaim(owner, value);
        equity = uint256(value);
        own.registered = true;
        if (block.timestamp < state.frozenAt + CLAIM_PERIOD_S) {
            own.equity = uint128(equity);
            state.claimed += uint128(equity);
            emit ClaimRegistered(owner, subaccount, equity);
            return equity;
        }
        // Late: at once, from what nobody has registered for.
        _close(state);
        if (equity > state.leftover) equity = state.leftover;
        if (equity == 0) revert NothingToClaim(owner, value);
        state.leftover -= uint128(equity);
        own.equity = uint128(equity);
        own.paid = true;
        emit ClaimRegistered(owner, subaccount, equity);
        _payClaim(owner, subaccount, equity);
    }

    /// @inheritdoc IExchangeExit
    function payout(address owner, uint8 subaccount) external nonReentrant returns (uint256 paid) {
        Freeze storage state = _frozenState();
        Claim storage own = exitState().claims[holderOf(owner, subaccount)];
        if (!own.registered) revert NothingToClaim(owner, 0);
        if (own.paid) revert AlreadyClaimed(owner);
        uint256 from = state.frozenAt + CLAIM_PERIOD_S;
        if (block.timestamp < from) revert TooEarly(block.timestamp, from);
        _close(state);
        own.paid = true;
        paid = own.equity;
        if (state.claimed > state.assets) paid = paid * state.assets / state.claimed;
        _payClaim(owner, subaccount, paid);
    }

    function _freeze() private {
        phase |= FROZEN;
        Freeze storage state = exitState().freeze;
        state.frozenAt = uint64(block.timestamp);
        // Fees and funding pools are in it: they stand behind the users.
        state.assets = deposited - withdrawn;
        emit ExchangeFrozen(msg.sender, state.assets);
    }

    // Registration is over: what nobody registered for is left for the late.
    function _close(Freeze storage state) private {
        if (state.closed) return;
        state.closed = true;
        if (state.assets > state.claimed) state.leftover = state.assets - state.claimed;
    }

    function _payClaim(address owner, uint8 subaccount, uint256 amount) private {
        withdrawn += uint128(amount);
        emit ClaimPaid(owner, subaccount, amount);
        _payOrOwe(owner, amount);
    }

    function _frozenState() private view returns (Freeze storage state) {
        state = exitState().freeze;
        if (state.frozenAt == 0) revert NotFrozen();
    }

    function _frozenEquity(address owner, uint8 subaccount, uint256 frozenAt)
        private
        view
        returns (int256 equity)
    {
        (Context memory context, AccountRun memory run) = _open();
        _load(context, run, owner, subaccount);
        equity = run.cash;
        for (uint256 i = 0; i < run.count; ++i) {
            Row row = Row.wrap(run.rows.get(i));
            uint256 market = context.marketOf(row);
            equity += _value(row, SlowMark.valueAt(market, row.word(), frozenAt, MARK_AGE_MAX_S));
        }
    }
}
