// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BatchCodes} from "./BatchCodes.sol";
import {MarketLimits, MarketWord} from "./MarketWord.sol";
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
}

/// @notice A market in memory: its two storage words, this batch's totals, and the position of the account at hand.
type Row is uint256;

uint256 constant ROW_BYTES = 256;
uint256 constant ROW_WORDS = 8;

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
    hold
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
            }
        }
    }

    /// @notice Id of a row.
    function marketOf(Context memory context, Row found) internal pure returns (uint256) {
        unchecked {
            return (Row.unwrap(found) - Words.unwrap(context.markets)) / ROW_BYTES;
        }
    }
}
