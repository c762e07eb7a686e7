// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExitBase} from "./ExitBase.sol";
import {IExchangeExit} from "./interfaces/IExchangeExit.sol";
import {AccountRun} from "./libraries/AccountRun.sol";
import {Context, Row} from "./libraries/Context.sol";
import {ExitState, ForceRequest, exitState, placeOf} from "./libraries/ExitState.sol";
import {TieredMargin} from "./libraries/MarketTiers.sol";
import {MarketWord} from "./libraries/MarketWord.sol";
import {RiskMath} from "./libraries/RiskMath.sol";
import {Settleable} from "./libraries/Settleable.sol";
import {SlowMark} from "./libraries/SlowMark.sol";

/// @notice Closing a position without the operator: the backstop takes it at the mark less a small fee.
abstract contract ForcedReduction is ExitBase, IExchangeExit {
    uint8 internal constant BACKSTOP_SUBACCOUNT = 0;

    // One execution: what is closed, at what price.
    struct Reduction {
        Row row;
        uint256 repriced; // map of the markets whose mark was stale
        uint256 price;
        uint256 lots;
        int256 quote; // paid to the user: notional with its sign, less the fee
        uint256 fee;
        uint256 paid;
    }

    /// @inheritdoc IExchangeExit
    function forceReduce(uint8 subaccount, uint8 market, uint64 lots, uint64 withdraw)
        external
        notFrozen
    {
        ForceRequest storage request =
            exitState().forceRequests[placeOf(msg.sender, subaccount, market)];
        // It stands for D: a batch on its way may be serving it.
        uint256 from = request.requestedAt + DIRECT_DELAY_S;
        if (request.lots != 0 && block.timestamp < from) revert TooEarly(block.timestamp, from);
        if (lots == 0) {
            request.lots = 0;
            emit ReduceRequested(msg.sender, subaccount, market, 0, 0, 0, false);
            return;
        }
        (Context memory context, AccountRun memory run) = _open();
        run.load(context, msg.sender, subaccount, 0);
        int256 size = _sizeIn(context, run, market);
        // The backstop cannot leave through itself; a market that has ended closes its positions by itself.
        bool isOver = context.row(market, 0).word().isSettled();
        if (isOver || lots > RiskMath.abs(size) || msg.sender == BACKSTOP) {
            revert InvalidReduction(market, lots, size);
        }
        exitState().forceRequests[placeOf(msg.sender, subaccount, market)] =
            ForceRequest(uint56(lots), withdraw, uint64(block.timestamp), size > 0);
        emit ReduceRequested(
            msg.sender,
            subaccount,
            market,
            lots,
            withdraw,
            uint64(block.timestamp + FORCE_DELAY_S),
            size > 0
        );
    }

    /// @inheritdoc IExchangeExit
    function executeForceReduce(address owner, uint8 subaccount, uint8 market)
        external
        nonReentrant
        notFrozen
        returns (uint256 closedLots, uint256 paid)
    {
        ForceRequest storage stored = exitState().forceRequests[placeOf(owner, subaccount, market)];
        ForceRequest memory request = stored;
        if (request.lots == 0) revert NothingRequested(owner);
        uint256 from = request.requestedAt + FORCE_DELAY_S;
        if (block.timestamp < from) revert TooEarly(block.timestamp, from);

        (Context memory context, AccountRun memory run) = _open();
        // Of funding only this market's is settled, as in a fill: the engine learns of this later and does the same.
        run.load(context, owner, subaccount, 0);
        int256 size = _sizeIn(context, run, market);
        if (context.row(market, 0).word().isSettled()) {
            revert InvalidReduction(market, request.lots, size);
        }
        if (size == 0 || (size > 0) != request.isLong) {
            // What was to be closed is closed already: nothing is left to serve.
            stored.lots = 0;
            emit Reduced(owner, subaccount, market, 0, 0, 0, 0, 0, 0);
            return (0, 0);
        }
        Reduction memory made;
        made.row = context.row(market, 0);
        made.repriced = _reprice(context, run);
        _choose(made, size, request.lots);
        _reduceAccount(context, run, made, request.withdraw);
        _takeOver(context, run, made);
        _storeTotals(context);

        uint56 left = request.lots - uint56(made.lots);
        stored.lots = left;
        stored.withdraw = request.withdraw - uint64(made.paid);
        emit Reduced(
            owner,
            subaccount,
            market,
            size > 0 ? -int256(made.lots) : int256(made.lots),
            made.price,
            made.fee,
            made.paid,
            left,
            made.row.word().fundingIndex()
        );
        if (made.paid != 0) {
            withdrawn += uint128(made.paid);
            _payOrOwe(owner, made.paid);
        }
        return (made.lots, made.paid);
    }

    // Where publishers are silent the slow mark stands in, in memory only, so that one predicate serves both.
    function _reprice(Context memory context, AccountRun memory run)
        private
        view
        returns (uint256 repriced)
    {
        for (uint256 i = 0; i < run.count; ++i) {
            Row row = Row.wrap(run.rows.get(i));
            MarketWord word = row.word();
            if (row.size() == 0 || !_isStale(word)) continue;
            uint256 market = context.marketOf(row);
            uint256 slow = SlowMark.valueAt(market, word, block.timestamp, MARK_AGE_MAX_S);
            if (slow == 0) revert StalePrice(uint8(market));
            row.setWord(word.withMark(slow, block.timestamp));
            repriced |= 1 << market;
        }
    }

    // As many lots as asked for, held, and left by the cap of this block.
    function _choose(Reduction memory made, int256 size, uint256 lots) private {
        ExitState storage state = exitState();
        made.price = made.row.word().mark();
        uint256 perLot = made.price * made.row.word().quotePerTickLot();
        uint256 used = state.forceTime == block.timestamp ? state.forceQuote : 0;
        uint256 cap = (FORCE_BLOCK_QUOTE - used) / perLot;
        made.lots = lots < RiskMath.abs(size) ? lots : RiskMath.abs(size);
        if (made.lots > cap) made.lots = cap;
        if (made.lots == 0) revert BlockCapReached(used, FORCE_BLOCK_QUOTE);
        uint256 notional = made.lots * perLot;
        state.forceTime = uint64(block.timestamp);
        state.forceQuote = uint128(used + notional);
        made.fee = (notional * FORCE_FEE_PPM + RiskMath.PPM - 1) / RiskMath.PPM;
        made.quote = (size > 0 ? int256(notional) : -int256(notional)) - int256(made.fee);
    }

    // The user's side: judged like any fill that reduces, then paid what has become free.
    function _reduceAccount(
        Context memory context,
        AccountRun memory run,
        Reduction memory made,
        uint64 withdraw
    ) private {
        Row row = made.row;
        row.addSize(row.size() > 0 ? -int256(made.lots) : int256(made.lots));
        run.cash += made.quote;
        run.moved += made.quote;
        Settleable.check(run, context, MARK_AGE_MAX_S);
        // What stays open at a stale mark keeps all of its collateral.
        if (withdraw != 0 && _heldMarkets(context, run) & made.repriced == 0) {
            int256 free = _free(context, run);
            if (free > 0) made.paid = uint256(free) < withdraw ? uint256(free) : withdraw;
        }
        run.cash -= int256(made.paid);
        run.store(context);
    }

    // The backstop's side: covered by initial margin afterwards, or with less of a position than before.
    function _takeOver(Context memory context, AccountRun memory run, Reduction memory made)
        private
    {
        int256 taken = made.row.size() - made.row.sizeBefore();
        run.load(context, BACKSTOP, BACKSTOP_SUBACCOUNT, 0);
        _reprice(context, run);
        run.settleFunding(made.row);
        int256 before = made.row.size();
        made.row.addSize(-taken);
        run.cash -= made.quote;
        int256 size = made.row.size();
        if (!Settleable.isWithin(size, before)) {
            (int256 equity, uint256 margin) = _equityAndMargin(run);
            bool tooLarge = RiskMath.abs(size) > made.row.limits().maxPositionLots();
            if (tooLarge || equity < int256(margin)) revert BackstopShort(equity, margin);
        }
        run.store(context);
    }

    function _heldMarkets(Context memory context, AccountRun memory run)
        private
        pure
        returns (uint256 map)
    {
        for (uint256 i = 0; i < run.count; ++i) {
            Row row = Row.wrap(run.rows.get(i));
            if (row.size() != 0) map |= 1 << context.marketOf(row);
        }
    }

    function _equityAndMargin(AccountRun memory run)
        private
        pure
        returns (int256 equity, uint256 margin)
    {
        equity = run.cash;
        for (uint256 i = 0; i < run.count; ++i) {
            Row row = Row.wrap(run.rows.get(i));
            int256 value = _value(row, row.word().mark());
            equity += value - _due(row);
            margin += TieredMargin.initial(row, RiskMath.abs(value));
        }
    }

    // Lots the account holds in a market; the row is held by the run afterwards.
    function _sizeIn(Context memory context, AccountRun memory run, uint8 market)
        internal
        view
        returns (int256)
    {
        Row row = context.row(market, 0);
        run.settleFunding(row);
        return row.size();
    }
}
