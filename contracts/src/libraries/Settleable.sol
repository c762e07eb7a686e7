// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountRun, REDUCE_BUYS, REDUCE_SELLS} from "./AccountRun.sol";
import {BatchCodes} from "./BatchCodes.sol";
import {Context, Row} from "./Context.sol";
import {TieredMargin} from "./MarketTiers.sol";
import {MarketWord} from "./MarketWord.sol";
import {Words} from "./Memory.sol";
import {RiskMath} from "./RiskMath.sol";

// What one look at an account's positions tells, as bits: a struct in memory costs 150 gas an account more.
uint256 constant UNMARKED = 1; // a market without a mark
uint256 constant STALE = 2; // a mark older than allowed
uint256 constant GROWN = 4; // a touched position grew, or changed its sign
uint256 constant SHRUNK = 8; // a touched position is strictly smaller
uint256 constant ABOVE_LIMIT = 16; // one that grew is above the market's position limit
uint256 constant BROKEN = 32; // a reduce-only order did not reduce

/// @notice The one admission predicate, bit-identical with TypeScript: equity covers initial margin at the current
/// marks, or every touched position only shrank and the ratio of the two is no worse.
library Settleable {
    /// @notice Judges an account after its fills. `markAgeMaxS`: at marks older than this, positions may only shrink.
    /// @dev Reduce-only is judged on the position over the whole segment; the relayer cuts segments so that this agrees
    /// with the engine's order-by-order judgement.
    function check(AccountRun memory run, Context memory context, uint256 markAgeMaxS)
        internal
        view
    {
        (int256 equity, uint256 margin, uint256 found) = _judge(run, markAgeMaxS);
        // A pause of new risk is to fills what a stale mark is: positions may only shrink.
        if (context.reduceOnly) found |= STALE;
        if (found & ~(GROWN | SHRUNK) == 0 && equity >= int256(margin)) return;
        if (found & BROKEN != 0) context.reject(BatchCodes.REDUCE_ONLY, run.index);
        if (found & ABOVE_LIMIT != 0) context.reject(BatchCodes.POSITION_LIMIT, run.index);
        if (found & UNMARKED != 0) context.reject(BatchCodes.NO_MARK, run.index);
        if (found & (GROWN | SHRUNK) != SHRUNK || !_ratioHolds(run, equity, margin)) {
            context.reject(BatchCodes.NOT_SETTLEABLE, run.index);
        }
    }

    /// @notice The first branch alone: what a withdrawal needs.
    function checkCovered(AccountRun memory run, Context memory context, uint256 markAgeMaxS)
        internal
        view
    {
        (int256 equity, uint256 margin, uint256 found) = _judge(run, markAgeMaxS);
        if (found & UNMARKED != 0) context.reject(BatchCodes.NO_MARK, run.index);
        if (found & STALE != 0 || equity < int256(margin)) {
            context.reject(BatchCodes.NOT_SETTLEABLE, run.index);
        }
    }

    /// @notice Whether a position lies between zero and what it was.
    function isWithin(int256 size, int256 before) internal pure returns (bool) {
        unchecked {
            // A value of the other sign turns into a huge unsigned one.
            return
                before >= 0 ? uint256(size) <= uint256(before) : uint256(-size) <= uint256(-before);
        }
    }

    function _judge(AccountRun memory run, uint256 markAgeMaxS)
        private
        view
        returns (int256 equity, uint256 margin, uint256 found)
    {
        unchecked {
            equity = run.cash;
            Words rows = run.rows;
            uint256 count = run.count;
            for (uint256 i = 0; i < count; ++i) {
                Row row = Row.wrap(rows.get(i));
                int256 size = row.size();
                int256 before = row.sizeBefore();
                if (row.state() & (REDUCE_BUYS | REDUCE_SELLS) != 0) found |= _judgeReduce(row);
                if (size != before) {
                    found |= isWithin(size, before) ? SHRUNK : _judgeGrowth(row, size, before);
                }
                if (size == 0) continue;
                MarketWord word = row.word();
                if (!word.hasFixedMark()) {
                    if (word.mark() == 0) found |= UNMARKED;
                    if (block.timestamp > word.markTime() + markAgeMaxS) found |= STALE;
                }
                (int256 value, uint256 required) = _value(row, word, size);
                equity += value;
                margin += required;
            }
        }
    }

    function _judgeGrowth(Row row, int256 size, int256 before) private pure returns (uint256) {
        uint256 lots = RiskMath.abs(size);
        if (lots <= row.limits().maxPositionLots() || lots <= RiskMath.abs(before)) return GROWN;
        return GROWN | ABOVE_LIMIT;
    }

    function _judgeReduce(Row row) private pure returns (uint256) {
        uint256 state = row.state();
        int256 before = row.sizeBefore();
        bool opposite =
            (state & REDUCE_BUYS == 0 || before < 0) && (state & REDUCE_SELLS == 0 || before > 0);
        return opposite && isWithin(row.size(), before) ? 0 : BROKEN;
    }

    // Cash less what the fills moved: funding stays settled, so both points differ by the fills only.
    function _ratioHolds(AccountRun memory run, int256 equity, uint256 margin)
        private
        pure
        returns (bool)
    {
        unchecked {
            int256 equityBefore = run.cash - run.moved;
            uint256 marginBefore = 0;
            for (uint256 i = 0; i < run.count; ++i) {
                Row row = Row.wrap(run.rows.get(i));
                if (row.sizeBefore() == 0) continue;
                (int256 value, uint256 required) = _value(row, row.word(), row.sizeBefore());
                equityBefore += value;
                marginBefore += required;
            }
            // Both products stay below 2^254: sizes are 2^53 lots, marks and quotes 2^32, markets 64.
            return equity * int256(marginBefore) >= equityBefore * int256(margin);
        }
    }

    // Value at mark less funding still due (nothing is due where this run has settled it), and initial margin.
    function _value(Row row, MarketWord word, int256 size)
        private
        pure
        returns (int256 value, uint256 required)
    {
        unchecked {
            value = size * int256(word.mark() * word.quotePerTickLot());
            required = TieredMargin.initial(row, RiskMath.abs(value));
            int256 delta = word.fundingIndex() - row.snapshot();
            if (delta != 0) value -= RiskMath.funding(size, delta);
        }
    }
}
