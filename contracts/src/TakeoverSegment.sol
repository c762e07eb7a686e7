// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Health, RiskBase} from "./RiskBase.sol";
import {IExchangeRisk} from "./interfaces/IExchangeRisk.sol";
import {AccountRun} from "./libraries/AccountRun.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Context, Row} from "./libraries/Context.sol";
import {TieredMargin} from "./libraries/MarketTiers.sol";
import {calldataWord} from "./libraries/Memory.sol";
import {RiskMath} from "./libraries/RiskMath.sol";
import {Tranche} from "./libraries/RiskState.sol";

/// @notice The market's backstop takes a whole position of an account below maintenance margin (risk.md 1.9, steps 2 and
/// 3): at the bankruptcy price, or the liquidation fee off the mark where that leaves the user more. Where equity is
/// negative the market's insurance pays the position's share first.
/// @dev The backstop of market m is subaccount m + 1 of the exchange's backstop address: each market's capital is its
/// own. Subaccount 0 serves forced reductions.
abstract contract TakeoverSegment is RiskBase {
    uint256 private constant RECORD_BYTES = 22; // victim 20 | subaccount u8 | market u8

    function _settleTakeover(
        Context memory context,
        AccountRun memory run,
        uint256 pos,
        uint256 end,
        uint256 index
    ) internal returns (uint256) {
        if (pos + RECORD_BYTES > end) context.reject(BatchCodes.MALFORMED, index);
        uint256 head = calldataWord(pos);
        _takeOver(
            context,
            run,
            address(uint160(head >> 96)),
            uint8(head >> 88),
            uint8(head >> 80),
            index
        );
        return pos + RECORD_BYTES;
    }

    function _takeOver(
        Context memory context,
        AccountRun memory run,
        address victim,
        uint8 subaccount,
        uint8 market,
        uint256 index
    ) internal {
        Health memory health = _loadVictim(context, run, victim, subaccount, index);
        Row row = _rowOf(context, run, market, index);
        _requireUnhealthy(context, health, row, victim, index);
        int256 size = row.size();
        int256 pay = _atMark(row, size);
        uint256 insured = 0;
        if (health.equity >= 0) {
            uint256 notional = RiskMath.abs(pay);
            uint256 fee =
                RiskMath.mulDivCeil(notional, TieredMargin.liquidationFee(row), RiskMath.PPM);
            uint256 share = uint256(health.equity) * _maintenance(row, RiskMath.abs(size))
                / health.maintenance;
            pay -= int256(share < fee ? share : fee);
        } else {
            insured = _deficit(row, health);
            // Between batches nothing of it is spent: the engine may have, and not have settled it yet.
            if (_isFlagged() || insured > Tranche.insuranceOf(market)) {
                context.reject(BatchCodes.INSURANCE_SHORT, index);
            }
            Tranche.debit(market, insured);
        }
        run.cash += pay + int256(insured);
        row.addSize(-size);
        run.store(context);
        _giveToBackstop(context, run, market, size, pay, index);
        if (_isFlagged()) {
            emit IExchangeRisk.FlaggedTakenOver(
                victim,
                subaccount,
                market,
                size,
                pay,
                row.word().mark(),
                row.word().fundingIndex()
            );
        } else {
            emit IExchangeRisk.PositionTakenOver(victim, subaccount, market, size, pay, insured);
        }
    }

    /// @dev The position's share of an account's negative equity, rounded up: ceil(-E * MM / sum of MM).
    function _deficit(Row row, Health memory health) internal pure returns (uint256) {
        uint256 margin = _maintenance(row, RiskMath.abs(row.size()));
        return RiskMath.mulDivCeil(uint256(-health.equity), margin, health.maintenance);
    }

    // Within its own margin and the market's position limit, or not at all.
    function _giveToBackstop(
        Context memory context,
        AccountRun memory run,
        uint256 market,
        int256 size,
        int256 pay,
        uint256 index
    ) private {
        _load(context, run, BACKSTOP, market + 1, index);
        Row row = _rowOf(context, run, market, index);
        row.addSize(size);
        run.cash -= pay;
        Health memory health = _health(run);
        bool isTooLarge = RiskMath.abs(row.size()) > row.limits().maxPositionLots();
        if (isTooLarge || health.equity < int256(health.initial)) {
            context.reject(BatchCodes.BACKSTOP_SHORT, index);
        }
        run.store(context);
    }
}
