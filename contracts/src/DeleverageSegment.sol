// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Health, RiskBase} from "./RiskBase.sol";
import {TakeoverSegment} from "./TakeoverSegment.sol";
import {IExchangeRisk} from "./interfaces/IExchangeRisk.sol";
import {AccountRun} from "./libraries/AccountRun.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Context, Row} from "./libraries/Context.sol";
import {calldataWord} from "./libraries/Memory.sol";
import {RiskMath} from "./libraries/RiskMath.sol";
import {Tranche} from "./libraries/RiskState.sol";

/// @notice Auto-deleveraging (risk.md 1.10): a position of an account below maintenance margin closes against opposite
/// ones at the mark. The market's insurance pays what it has of the deficit; the counterparties bear the rest, all the
/// same share of each lot, to the unit.
/// @dev Who comes first is the engine's decision, replayable from the journal: the ranking needs entry prices, which one
/// slot of account has no room for. The contract holds the price: mark, and the exact share.
abstract contract DeleverageSegment is TakeoverSegment {
    uint256 private constant HEAD_BYTES = 24; // victim 20 | subaccount u8 | market u8 | counterparties u16
    uint256 private constant SHARE_BYTES = 36; // owner 20 | subaccount u8 | lots u56 | share u64

    struct Deleveraging {
        address victim;
        uint8 subaccount;
        uint8 market;
        uint256 count;
        bool isLong;
        uint256 held;
        uint256 insured;
        uint256 deficit; // what the insurance leaves of the position's share of negative equity
        uint256 closed;
        uint256 total; // of the counterparties' shares
        uint256 index;
    }

    function _settleDeleveraging(
        Context memory context,
        AccountRun memory run,
        uint256 pos,
        uint256 end,
        uint256 index
    ) internal returns (uint256) {
        if (pos + HEAD_BYTES > end) context.reject(BatchCodes.MALFORMED, index);
        uint256 head = calldataWord(pos);
        Deleveraging memory made;
        made.victim = address(uint160(head >> 96));
        made.subaccount = uint8(head >> 88);
        made.market = uint8(head >> 80);
        made.count = uint16(head >> 64);
        made.index = index;
        pos += HEAD_BYTES;
        if (pos + made.count * SHARE_BYTES > end) context.reject(BatchCodes.MALFORMED, index);
        _openDeleveraging(context, run, made, pos);
        _closeCounterparties(context, run, made, pos);
        _closeDeleveraged(context, run, made);
        emit IExchangeRisk.Deleveraged(
            made.victim, made.subaccount, made.market, made.closed, made.total, made.insured
        );
        return pos + made.count * SHARE_BYTES;
    }

    // What is closed in all, and what it costs, from the state before.
    function _openDeleveraging(
        Context memory context,
        AccountRun memory run,
        Deleveraging memory made,
        uint256 pos
    ) private {
        Health memory health = _loadVictim(
            context, run, made.victim, made.subaccount, made.index
        );
        Row row = _rowOf(context, run, made.market, made.index);
        _requireUnhealthy(context, health, row, made.victim, made.index);
        made.isLong = row.size() > 0;
        made.held = RiskMath.abs(row.size());
        if (health.equity < 0) {
            made.deficit = _deficit(row, health);
            uint256 insurance = Tranche.insuranceOf(made.market);
            made.insured = made.deficit < insurance ? made.deficit : insurance;
            made.deficit -= made.insured;
        }
        for (uint256 i = 0; i < made.count; ++i) {
            made.closed += _lots(pos + i * SHARE_BYTES);
        }
        if (made.closed == 0 || made.closed > made.held) {
            context.reject(BatchCodes.NOT_REDUCING, made.index);
        }
        made.total = RiskMath.mulDivCeil(made.deficit, made.closed, made.held);
        // Insurance covers the part that is closed; the rest waits for the rest of the position.
        made.insured = made.insured * made.closed / made.held;
        Tranche.debit(made.market, made.insured);
        // Its funding is settled and counted: it must be stored before the account is loaded again.
        run.store(context);
    }

    // Ascending by account, so that nobody is charged twice; each share is the exact one, or the next unit above it.
    function _closeCounterparties(
        Context memory context,
        AccountRun memory run,
        Deleveraging memory made,
        uint256 pos
    ) private {
        uint256 previous = 0;
        uint256 shares = 0;
        for (uint256 i = 0; i < made.count; ++i) {
            uint256 holder = calldataWord(pos) >> 88;
            uint256 lots = _lots(pos);
            uint256 share = (calldataWord(pos + 28) >> 192);
            if (holder <= previous) context.reject(BatchCodes.ORDERS_NOT_SORTED, made.index);
            previous = holder;
            uint256 exact = made.total * lots / made.closed;
            if (share != exact && share != exact + 1) {
                context.reject(BatchCodes.WRONG_SHARE, made.index);
            }
            shares += share;
            _closeCounterparty(context, run, made, holder, lots, share);
            pos += SHARE_BYTES;
        }
        if (shares != made.total) context.reject(BatchCodes.WRONG_SHARE, made.index);
    }

    function _closeCounterparty(
        Context memory context,
        AccountRun memory run,
        Deleveraging memory made,
        uint256 holder,
        uint256 lots,
        uint256 share
    ) private {
        address owner = address(uint160(holder >> 8));
        if (owner == BACKSTOP) context.reject(BatchCodes.BACKSTOP_PARTY, made.index);
        // Of its funding only the market's is settled, as in a fill.
        run.load(context, owner, holder & 0xFF, made.index);
        Row row = _rowOf(context, run, made.market, made.index);
        Health memory health = _health(run);
        int256 size = row.size();
        bool isOpposite = made.isLong ? size < 0 : size > 0;
        if (health.equity <= 0 || lots == 0 || !isOpposite || lots > RiskMath.abs(size)) {
            context.reject(BatchCodes.WRONG_COUNTERPARTY, made.index);
        }
        int256 closed = made.isLong ? -int256(lots) : int256(lots);
        run.cash += _atMark(row, closed) - int256(share);
        row.addSize(-closed);
        run.store(context);
    }

    function _closeDeleveraged(
        Context memory context,
        AccountRun memory run,
        Deleveraging memory made
    ) private {
        _load(context, run, made.victim, made.subaccount, made.index);
        Row row = _rowOf(context, run, made.market, made.index);
        int256 closed = made.isLong ? int256(made.closed) : -int256(made.closed);
        run.cash += _atMark(row, closed) + int256(made.total + made.insured);
        row.addSize(-closed);
        // The share of an account's last position is its whole deficit, so nobody is left flat with a debt.
        run.store(context);
    }

    function _lots(uint256 pos) private pure returns (uint256) {
        return (calldataWord(pos + 21) >> 200);
    }
}
