// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RiskBase} from "./RiskBase.sol";
import {IMarketRisk} from "./interfaces/IExchangeRisk.sol";
import {AccountRun} from "./libraries/AccountRun.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Context, Row} from "./libraries/Context.sol";
import {holderOf} from "./libraries/ExitState.sol";
import {MarketLimits, MarketWord} from "./libraries/MarketWord.sol";
import {calldataWord} from "./libraries/Memory.sol";
import {RiskMath} from "./libraries/RiskMath.sol";
import {Tranche, Uncredited, riskState} from "./libraries/RiskState.sol";

/// @notice A market ends: its price is fixed once, within the mark's band around a fresh mark, and its positions are
/// closed at it, as many accounts at a time as a batch holds. What an account without any position still owes is the
/// market's insurance's, and beyond it bad debt.
abstract contract DelistingSegment is RiskBase {
    uint256 private constant HEAD_BYTES = 7; // market u8 | price u32 | n u16
    uint256 private constant ACCOUNT_BYTES = 21; // owner 20 | subaccount u8

    function _settleDelisting(
        Context memory context,
        AccountRun memory run,
        uint256 pos,
        uint256 end,
        uint256 index
    ) internal returns (uint256) {
        if (pos + HEAD_BYTES > end) context.reject(BatchCodes.MALFORMED, index);
        uint256 head = calldataWord(pos);
        uint256 market = head >> 248;
        uint256 count = uint16(head >> 200);
        pos += HEAD_BYTES;
        if (pos + count * ACCOUNT_BYTES > end) context.reject(BatchCodes.MALFORMED, index);
        Row row = context.row(market, index);
        _fixPrice(context, row, market, uint32(head >> 216), index);
        for (uint256 i = 0; i < count; ++i) {
            uint256 word = calldataWord(pos);
            _closePosition(context, run, row, market, address(uint160(word >> 96)), uint8(word >> 88), i);
            pos += ACCOUNT_BYTES;
        }
        return pos;
    }

    function _fixPrice(Context memory context, Row row, uint256 market, uint256 price, uint256 index)
        private
    {
        MarketWord word = row.word();
        if (!word.isDelisting()) context.reject(BatchCodes.NOT_DELISTING, index);
        uint256 mark = word.mark();
        bool isFixed = word.hasFixedMark();
        if (!isFixed && (mark == 0 || block.timestamp > word.markTime() + MARK_AGE_MAX_S)) {
            context.reject(BatchCodes.STALE_MARK, index);
        }
        uint256 band = isFixed ? 0 : mark * row.limits().markBandPpm();
        uint256 distance = price > mark ? price - mark : mark - price;
        if (price == 0 || distance * RiskMath.PPM > band) {
            context.reject(BatchCodes.SETTLEMENT_PRICE, index);
        }
        if (word.isSettled()) return;
        word = word.withSettlement(price);
        row.setWord(word);
        marketWords[market] = MarketWord.unwrap(word);
        marketLimits[market] = MarketLimits.unwrap(row.limits().withoutOrders());
        emit IMarketRisk.MarketSettled(uint8(market), price);
    }

    function _closePosition(
        Context memory context,
        AccountRun memory run,
        Row row,
        uint256 market,
        address owner,
        uint8 subaccount,
        uint256 index
    ) private {
        run.load(context, owner, subaccount, index);
        run.settleFunding(row);
        int256 size = row.size();
        if (size == 0) context.reject(BatchCodes.NOT_REDUCING, index);
        run.cash += _atMark(row, size);
        row.addSize(-size);
        // What the engine knew: deposits it had not credited pay no debt of before.
        int256 owed = -run.cash;
        if (uncreditedFrom != 0) owed += int256(Uncredited.sumFrom(holderOf(owner, subaccount), uncreditedFrom));
        if (owed > 0 && _holdsNothing(run)) {
            run.cash += owed;
            uint256 insured = Tranche.insuranceOf(market);
            if (insured > uint256(owed)) insured = uint256(owed);
            Tranche.debit(market, insured);
            uint256 left = uint256(owed) - insured;
            if (left != 0) {
                riskState().badDebt[market] += left;
                emit IMarketRisk.BadDebt(owner, subaccount, uint8(market), left);
            }
        }
        run.store(context);
    }

    function _holdsNothing(AccountRun memory run) private pure returns (bool) {
        for (uint256 i = 0; i < run.count; ++i) {
            if (Row.wrap(run.rows.get(i)).size() != 0) return false;
        }
        return true;
    }
}
