// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BatchCodes} from "./BatchCodes.sol";
import {Words, loadSlot} from "./Memory.sol";
import {MarketLimits, MarketWord} from "./MarketWord.sol";

/// @notice What one batch carries along: the markets it has read and what it owes to the totals.
/// `markets` has a row of ROW_WORDS words for each listed id, see the ROW constants.
struct Context {
    uint256 segment;
    uint256 span;
    uint256 touched; // markets whose pool or open interest moved
    uint256 fees;
    Words markets;
    uint256 marketSlot; // storage base of the market words
    uint256 limitsSlot;
}

uint256 constant ROW_WORDS = 8;
uint256 constant ROW_MARKET = 0; // MarketWord
uint256 constant ROW_LIMITS = 1; // MarketLimits
uint256 constant ROW_POOL = 2; // int: funding paid into the market's pool by this batch
uint256 constant ROW_INTEREST = 3; // int: change of the sum of long positions
uint256 constant ROW_BEFORE = 4; // int: the account's position when its run began
uint256 constant ROW_SIZE = 5; // int: the account's position now
uint256 constant ROW_SNAPSHOT = 6; // int: the account's funding snapshot

using ContextLibrary for Context global;

library ContextLibrary {
    /// @notice Refuses the whole batch.
    function reject(Context memory context, uint8 code, uint256 index) internal pure {
        revert BatchCodes.BatchRejected(code, context.segment, index);
    }

    /// @notice The market's row, read from storage at its first use in the batch; `index` names it in a refusal.
    function row(Context memory context, uint256 market, uint256 index)
        internal
        view
        returns (Words found)
    {
        if (market >= context.span) context.reject(BatchCodes.UNKNOWN_MARKET, index);
        unchecked {
            found = Words.wrap(Words.unwrap(context.markets) + market * (ROW_WORDS * 32));
            if (found.get(ROW_MARKET) == 0) {
                uint256 word = loadSlot(context.marketSlot + market);
                if (word == 0) context.reject(BatchCodes.UNKNOWN_MARKET, index);
                found.set(ROW_MARKET, word);
                found.set(ROW_LIMITS, loadSlot(context.limitsSlot + market));
            }
        }
    }

    /// @notice Row of a market that an account holds, hence is listed.
    function heldRow(Context memory context, uint256 market) internal view returns (Words) {
        return context.row(market, 0);
    }
}

function marketOf(Words row) pure returns (MarketWord) {
    return MarketWord.wrap(row.get(ROW_MARKET));
}

function limitsOf(Words row) pure returns (MarketLimits) {
    return MarketLimits.wrap(row.get(ROW_LIMITS));
}
