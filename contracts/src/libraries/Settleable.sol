// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountRun} from "./AccountRun.sol";
import {BatchCodes} from "./BatchCodes.sol";
import {Bits} from "./Bits.sol";
import {Context, ROW_BEFORE, ROW_SIZE, ROW_SNAPSHOT, limitsOf, marketOf} from "./Context.sol";
import {MarketWord} from "./MarketWord.sol";
import {Words} from "./Memory.sol";
import {RiskMath} from "./RiskMath.sol";

/// @notice The one admission predicate, bit-identical with TypeScript: equity covers initial margin at the current
/// marks, or every touched position only shrank and the ratio of the two is no worse.
library Settleable {
    /// @dev `markAgeMaxS`: at marks older than this, positions may only shrink.
    function check(AccountRun memory run, Context memory context, uint256 markAgeMaxS)
        internal
        view
    {
        (int256 equity, uint256 margin, bool stale) = _after(run, context, markAgeMaxS);
        if (!stale && equity >= int256(margin)) return;
        if (_reduced(run, context)) {
            (int256 equityBefore, uint256 marginBefore) = _before(run, context);
            // Both products stay below 2^254: sizes are 2^52 lots, marks and quotes 2^32, markets 64.
            if (equity * int256(marginBefore) >= equityBefore * int256(margin)) return;
        }
        context.reject(BatchCodes.NOT_SETTLEABLE, run.index);
    }

    /// @notice The first branch alone: what a withdrawal needs.
    function checkCovered(AccountRun memory run, Context memory context, uint256 markAgeMaxS)
        internal
        view
    {
        (int256 equity, uint256 margin, bool stale) = _after(run, context, markAgeMaxS);
        if (stale || equity < int256(margin)) {
            context.reject(BatchCodes.NOT_SETTLEABLE, run.index);
        }
    }

    function _after(AccountRun memory run, Context memory context, uint256 markAgeMaxS)
        private
        view
        returns (int256 equity, uint256 margin, bool stale)
    {
        unchecked {
            equity = run.cash;
            uint256 map = run.loaded;
            while (map != 0) {
                uint256 market = Bits.lowest(map);
                map &= map - 1;
                Words row = context.heldRow(market);
                int256 size = int256(row.get(ROW_SIZE));
                if (size == 0) continue;
                MarketWord word = marketOf(row);
                uint256 mark = word.mark();
                if (mark == 0) context.reject(BatchCodes.NO_MARK, run.index);
                if (!word.hasFixedMark() && block.timestamp > word.markTime() + markAgeMaxS) {
                    stale = true;
                }
                (int256 value, uint256 required) = _value(row, word, size);
                equity += value;
                margin += required;
            }
        }
    }

    // Cash less what the fills moved: funding stays settled, so both points differ by the fills only.
    function _before(AccountRun memory run, Context memory context)
        private
        view
        returns (int256 equity, uint256 margin)
    {
        unchecked {
            equity = run.cash - run.moved;
            uint256 map = run.loaded;
            while (map != 0) {
                uint256 market = Bits.lowest(map);
                map &= map - 1;
                Words row = context.heldRow(market);
                int256 size = int256(row.get(ROW_BEFORE));
                if (size == 0) continue;
                (int256 value, uint256 required) = _value(row, marketOf(row), size);
                equity += value;
                margin += required;
            }
        }
    }

    // Value at mark less funding still due (nothing is due where this run has settled it), and initial margin.
    function _value(Words row, MarketWord word, int256 size)
        private
        pure
        returns (int256 value, uint256 required)
    {
        unchecked {
            value = size * int256(word.mark() * word.quotePerTickLot());
            required = RiskMath.initialMargin(RiskMath.abs(value), word.imBps());
            int256 delta = word.fundingIndex() - int256(row.get(ROW_SNAPSHOT));
            if (delta != 0) value -= RiskMath.funding(size, delta);
        }
    }

    function _reduced(AccountRun memory run, Context memory context)
        private
        view
        returns (bool strictly)
    {
        uint256 map = run.settled;
        while (map != 0) {
            uint256 market = Bits.lowest(map);
            map &= map - 1;
            Words row = context.heldRow(market);
            int256 before = int256(row.get(ROW_BEFORE));
            int256 size = int256(row.get(ROW_SIZE));
            if (!isWithin(size, before)) return false;
            if (size != before) strictly = true;
        }
    }

    /// @notice Whether a position lies between zero and what it was.
    function isWithin(int256 size, int256 before) internal pure returns (bool) {
        return before >= 0 ? size >= 0 && size <= before : size <= 0 && size >= before;
    }
}
