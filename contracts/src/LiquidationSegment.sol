// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Health, RiskBase, SingleOrder} from "./RiskBase.sol";
import {AccountRun, REDUCE_BUYS, REDUCE_SELLS} from "./libraries/AccountRun.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Context, Row} from "./libraries/Context.sol";
import {KeyOrders} from "./libraries/KeyOrders.sol";
import {TieredMargin} from "./libraries/MarketTiers.sol";
import {calldataWord} from "./libraries/Memory.sol";
import {
    FOK_BIT,
    KIND_REPRICING,
    OrderFields,
    REDUCE_ONLY_BIT,
    SELL,
    TICKS_BYTES
} from "./libraries/OrderRecord.sol";
import {RiskMath} from "./libraries/RiskMath.sol";
import {Tranche} from "./libraries/RiskState.sol";
import {Settleable} from "./libraries/Settleable.sol";

/// @notice Positions of accounts below maintenance margin, closed into the book (risk.md 1.9, step 1): the victim signs
/// nothing, the maker's order is signed like any other. Only the victim's position shrinks, at a price inside the limit
/// that its equity allows, at a fee that never takes it below what closing at its bankruptcy price would leave.
abstract contract LiquidationSegment is RiskBase {
    uint256 private constant HEAD_BYTES = 24; // victim 20 | subaccount u8 | market u8 | fills u16
    uint256 private constant QUANTITY_BYTES = 5;
    // Spread of the limit: 1.5 for each missing part of the requirement, as far as the equity carries it.
    uint256 private constant SPREAD_PPM = 1_500_000;

    struct Liquidation {
        address victim;
        uint256 subaccount;
        uint256 market;
        uint256 limit; // ticks
        bool sells;
        uint256 index;
    }

    struct Taken {
        uint256 lots;
        uint256 price;
        int256 quote; // what the victim receives
    }

    function _settleLiquidation(
        Context memory context,
        AccountRun memory run,
        uint256 pos,
        uint256 end,
        uint256 index
    ) internal returns (uint256) {
        if (pos + HEAD_BYTES > end) context.reject(BatchCodes.MALFORMED, index);
        uint256 head = calldataWord(pos);
        Liquidation memory made;
        made.victim = address(uint160(head >> 96));
        made.subaccount = (head >> 88) & 0xFF;
        made.market = (head >> 80) & 0xFF;
        made.index = index;
        uint256 fills = (head >> 64) & 0xFFFF;
        if (fills == 0) context.reject(BatchCodes.ZERO_QUANTITY, index);
        _openLiquidation(context, run, made);
        pos += HEAD_BYTES;
        for (uint256 i = 0; i < fills; ++i) {
            pos = _liquidate(context, run, made, pos, end);
        }
        return pos;
    }

    // The limit follows from the state before the first fill and holds for all of them.
    function _openLiquidation(Context memory context, AccountRun memory run, Liquidation memory made)
        private
    {
        Health memory health = _loadVictim(
            context, run, made.victim, made.subaccount, made.index
        );
        Row row = _rowOf(context, run, made.market, made.index);
        _requireUnhealthy(context, health, row, made.victim, made.index);
        made.sells = row.size() > 0;
        uint256 lots = RiskMath.abs(row.size());
        // What the account has left bounds the spread: the limit never lies beyond its bankruptcy price.
        uint256 left = health.equity > 0 ? uint256(health.equity) : 0;
        uint256 spread = (health.maintenance - left) * SPREAD_PPM;
        if (spread > left * RiskMath.PPM) spread = left * RiskMath.PPM;
        uint256 off = spread * _maintenance(row, lots)
            / (RiskMath.PPM * health.maintenance * lots * row.word().quotePerTickLot());
        uint256 mark = row.word().mark();
        if (!made.sells) made.limit = mark + off;
        else made.limit = off < mark ? mark - off : 1;
        // Its funding is settled and counted: it must be stored before the account is loaded again.
        run.store(context);
    }

    function _liquidate(
        Context memory context,
        AccountRun memory run,
        Liquidation memory made,
        uint256 pos,
        uint256 end
    ) private returns (uint256) {
        (SingleOrder memory maker, uint256 next) = _readOrder(context, pos, end, made.index);
        Taken memory taken;
        taken.lots = calldataWord(next) >> 216;
        next += QUANTITY_BYTES;
        taken.price = maker.fields.price();
        if (maker.fields.kind() == KIND_REPRICING) {
            taken.price = calldataWord(next) >> 224;
            next += TICKS_BYTES;
        }
        if (next > end) context.reject(BatchCodes.MALFORMED, made.index);
        _checkMaker(context, made, maker, taken.price);
        uint256 notional = taken.lots * taken.price * maker.row.word().quotePerTickLot();
        taken.quote = made.sells ? int256(notional) : -int256(notional);
        _closeVictim(context, run, made, taken);
        _fillMaker(context, run, maker, taken, notional, made.index);
        return next;
    }

    function _checkMaker(
        Context memory context,
        Liquidation memory made,
        SingleOrder memory maker,
        uint256 price
    ) private pure {
        OrderFields fields = maker.fields;
        if (fields.market() != made.market) context.reject(BatchCodes.MARKET_MISMATCH, made.index);
        if ((fields.sideFlags() & SELL != 0) == made.sells) {
            context.reject(BatchCodes.SAME_SIDE, made.index);
        }
        if (maker.owner == made.victim && fields.subaccount() == made.subaccount) {
            context.reject(BatchCodes.SAME_ACCOUNT, made.index);
        }
        if (made.sells ? price > fields.price() : price < fields.price()) {
            context.reject(BatchCodes.PRICE_OUTSIDE_LIMITS, made.index);
        }
        if (made.sells ? price < made.limit : price > made.limit) {
            context.reject(BatchCodes.PAST_LIQUIDATION_LIMIT, made.index);
        }
    }

    // Between the bankruptcy quote and what was paid lies the fee; below it the market's insurance pays the difference.
    function _closeVictim(
        Context memory context,
        AccountRun memory run,
        Liquidation memory made,
        Taken memory taken
    ) private {
        Health memory health = _loadVictim(
            context, run, made.victim, made.subaccount, made.index
        );
        Row row = _rowOf(context, run, made.market, made.index);
        _requireUnhealthy(context, health, row, made.victim, made.index);
        uint256 held = RiskMath.abs(row.size());
        if (taken.lots == 0) context.reject(BatchCodes.ZERO_QUANTITY, made.index);
        if ((row.size() > 0) != made.sells || taken.lots > held) {
            context.reject(BatchCodes.NOT_REDUCING, made.index);
        }
        uint256 released = _maintenance(row, held) - _maintenance(row, held - taken.lots);
        int256 closed = made.sells ? int256(taken.lots) : -int256(taken.lots);
        int256 bankruptcy = _atMark(row, closed)
            - RiskMath.mulDivFloor(health.equity, released, health.maintenance);
        if (taken.quote >= bankruptcy) {
            uint256 fee = RiskMath.mulDivCeil(
                RiskMath.abs(taken.quote), TieredMargin.liquidationFee(row), RiskMath.PPM
            );
            uint256 above = uint256(taken.quote - bankruptcy);
            if (above < fee) fee = above;
            Tranche.credit(made.market, fee);
            run.cash += taken.quote - int256(fee);
        } else {
            uint256 missing = uint256(bankruptcy - taken.quote);
            if (missing > Tranche.insuranceOf(made.market)) {
                context.reject(BatchCodes.INSURANCE_SHORT, made.index);
            }
            Tranche.debit(made.market, missing);
            run.cash += bankruptcy;
        }
        row.addSize(-closed);
        run.store(context);
    }

    // Like any fill of a maker, but without a rebate: it would come out of a taker fee, and there is none here.
    function _fillMaker(
        Context memory context,
        AccountRun memory run,
        SingleOrder memory maker,
        Taken memory taken,
        uint256 notional,
        uint256 index
    ) private {
        OrderFields fields = maker.fields;
        int256 fee = RiskMath.makerFee(notional, fields.makerFee());
        if (fee < 0) fee = 0;
        context.fees += uint256(fee);
        run.load(context, maker.owner, fields.subaccount(), index);
        uint8 code = run.useLiveLane(fields.lane(), fields.seq(), taken.lots, fields.size());
        if (code != 0) context.reject(code, index);
        uint256 flags = fields.sideFlags();
        if (flags & FOK_BIT != 0 && taken.lots != fields.size()) {
            context.reject(BatchCodes.FOK_NOT_FILLED, index);
        }
        if (fields.isKeyed()) {
            KeyOrders.charge(context, maker.signer, fields, maker.row, taken.lots, index);
        }
        bool sells = flags & SELL != 0;
        run.settleFunding(maker.row);
        maker.row.addSize(sells ? -int256(taken.lots) : int256(taken.lots));
        if (flags & REDUCE_ONLY_BIT != 0) {
            maker.row.setState(maker.row.state() | (sells ? REDUCE_SELLS : REDUCE_BUYS));
        }
        if (fields.isKeyed()) {
            KeyOrders.checkPosition(context, maker.signer, maker.row, index);
        }
        run.cash -= taken.quote + fee;
        run.moved = -taken.quote - fee;
        Settleable.check(run, context, MARK_AGE_MAX_S);
        run.store(context);
    }
}
