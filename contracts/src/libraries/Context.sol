// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BatchCodes} from "./BatchCodes.sol";
import {MarketTiers, loadTiers} from "./MarketTiers.sol";
import {MarketLimits, MarketWord, TIERS_FLAG} from "./MarketWord.sol";
import {Words, loadSlot} from "./Memory.sol";

/// @notice What one batch carries along: the markets it has read, and in their rows what it owes to their pools.
struct Context {
    uint256 segment; // for refusals
    uint256 span; // listed ids lie below
    uint256 fees; // charged by this batch
    uint256 runs; // accounts loaded so far, stamps their rows
    Words markets; // one Row for each id
    uint256 marketSlot; // storage base of the market words
    uint256 limitsSlot;
    bool reduceOnly; // new risk is paused
    uint256 openFoks; // fill-or-kill orders filled in part so far: none may be left at the end
    uint256 fills; // of the segment at hand
    Words signers; // of the segment's orders signed by session keys, by place; zero: there is none
}

/// @notice A market in memory: its two storage words, this batch's totals, and the position of the account at hand.
type Row is uint256;

uint256 constant ROW_BYTES = 512;
uint256 constant ROW_WORDS = 16;

using {
    word,
    limits,
    setWord,
    poolDelta,
    addPool,
    interestDelta,
    addInterest,
    sizeBefore,
    size,
    addSize,
    snapshot,
    setSnapshot,
    state,
    setState,
    hold,
    tiers,
    noteMark,
    hasReached
} for Row global;
using ContextLibrary for Context global;

function word(Row row) pure returns (MarketWord) {
    return MarketWord.wrap(Words.wrap(Row.unwrap(row)).get(0));
}

function setWord(Row row, MarketWord value) pure {
    Words.wrap(Row.unwrap(row)).set(0, MarketWord.unwrap(value));
}

function limits(Row row) pure returns (MarketLimits) {
    return MarketLimits.wrap(Words.wrap(Row.unwrap(row)).get(1));
}

/// @notice Funding paid into the market's pool by this batch.
function poolDelta(Row row) pure returns (int256) {
    return int256(Words.wrap(Row.unwrap(row)).get(2));
}

function addPool(Row row, int256 value) pure {
    Words.wrap(Row.unwrap(row)).addSigned(2, value);
}

/// @notice Change of the sum of long positions by this batch.
function interestDelta(Row row) pure returns (int256) {
    return int256(Words.wrap(Row.unwrap(row)).get(3));
}

function addInterest(Row row, int256 value) pure {
    Words.wrap(Row.unwrap(row)).addSigned(3, value);
}

/// @notice The account's position when its run began.
function sizeBefore(Row row) pure returns (int256) {
    return int256(Words.wrap(Row.unwrap(row)).get(4));
}

function size(Row row) pure returns (int256) {
    return int256(Words.wrap(Row.unwrap(row)).get(5));
}

function addSize(Row row, int256 value) pure {
    Words.wrap(Row.unwrap(row)).addSigned(5, value);
}

function snapshot(Row row) pure returns (int256) {
    return int256(Words.wrap(Row.unwrap(row)).get(6));
}

function setSnapshot(Row row, int256 value) pure {
    Words.wrap(Row.unwrap(row)).set(6, uint256(value));
}

/// @notice Whose position the row holds and what has happened to it, see AccountRun.
function state(Row row) pure returns (uint256) {
    return Words.wrap(Row.unwrap(row)).get(7);
}

function setState(Row row, uint256 value) pure {
    Words.wrap(Row.unwrap(row)).set(7, value);
}

/// @notice Puts an account's position into the row.
function hold(Row row, int256 size_, int256 snapshot_, uint256 state_) pure {
    Words words = Words.wrap(Row.unwrap(row));
    words.set(4, uint256(size_));
    words.set(5, uint256(size_));
    words.set(6, uint256(snapshot_));
    words.set(7, state_);
}

/// @notice Zero where the market has none.
function tiers(Row row) pure returns (MarketTiers) {
    return MarketTiers.wrap(Words.wrap(Row.unwrap(row)).get(10));
}

/// @notice Remembers a mark accepted in this batch, for the orders it triggers.
function noteMark(Row row, uint256 mark) pure {
    Words words = Words.wrap(Row.unwrap(row));
    if (mark > words.get(8)) words.set(8, mark);
    // Kept as its complement, so that the zero of a fresh row stands for "none".
    uint256 low = type(uint256).max - mark;
    if (low > words.get(9)) words.set(9, low);
}

/// @notice Whether a mark accepted earlier in this batch was at `trigger`, or beyond it in the direction asked for.
function hasReached(Row row, uint256 trigger, bool rising) pure returns (bool) {
    Words words = Words.wrap(Row.unwrap(row));
    return rising ? words.get(8) >= trigger : words.get(9) >= type(uint256).max - trigger;
}

library ContextLibrary {
    /// @notice Refuses the whole batch.
    function reject(Context memory context, uint8 code, uint256 index) internal pure {
        revert BatchCodes.BatchRejected(code, context.segment, index);
    }

    /// @notice The market's row, read from storage at its first use in the batch; `index` names it in a refusal.
    function row(Context memory context, uint256 market, uint256 index)
        internal
        view
        returns (Row found)
    {
        if (market >= context.span) context.reject(BatchCodes.UNKNOWN_MARKET, index);
        unchecked {
            Words words = Words.wrap(Words.unwrap(context.markets) + market * ROW_BYTES);
            found = Row.wrap(Words.unwrap(words));
            if (words.get(0) == 0) {
                uint256 stored = loadSlot(context.marketSlot + market);
                if (stored == 0) context.reject(BatchCodes.UNKNOWN_MARKET, index);
                words.set(0, stored);
                words.set(1, loadSlot(context.limitsSlot + market));
                if (stored & TIERS_FLAG != 0) words.set(10, MarketTiers.unwrap(loadTiers(market)));
            }
        }
    }

    function hasRead(Context memory context, uint256 market) internal pure returns (bool) {
        unchecked {
            Words words = Words.wrap(Words.unwrap(context.markets) + market * ROW_BYTES);
            return market < context.span && words.get(0) != 0;
        }
    }

    /// @notice Reads the rows' storage words anew, after another call has changed them.
    function refresh(Context memory context) internal view {
        for (uint256 market = 0; market < context.span; ++market) {
            Words words = Words.wrap(Words.unwrap(context.markets) + market * ROW_BYTES);
            if (words.get(0) == 0) continue;
            words.set(0, loadSlot(context.marketSlot + market));
            words.set(1, loadSlot(context.limitsSlot + market));
        }
    }

    /// @notice Id of a row.
    function marketOf(Context memory context, Row found) internal pure returns (uint256) {
        unchecked {
            return (Row.unwrap(found) - Words.unwrap(context.markets)) / ROW_BYTES;
        }
    }
}
