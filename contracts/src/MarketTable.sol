// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeStorage} from "./ExchangeStorage.sol";
import {Context, ROW_BYTES, ROW_WORDS, Row} from "./libraries/Context.sol";
import {exitState} from "./libraries/ExitState.sol";
import {PAUSING} from "./libraries/Phase.sol";
import {Words, allocate} from "./libraries/Memory.sol";

/// @notice The markets in memory for the length of one call: opened before accounts are loaded, stored after the last.
abstract contract MarketTable is ExchangeStorage {
    function _openMarkets(Context memory context) internal view {
        uint256 span = marketSpan;
        context.span = span;
        context.markets = allocate(span * ROW_WORDS);
        uint256 marketSlot;
        uint256 limitsSlot;
        assembly ("memory-safe") {
            marketSlot := marketWords.slot
            limitsSlot := marketLimits.slot
        }
        context.marketSlot = marketSlot;
        context.limitsSlot = limitsSlot;
    }

    // For fills: while new risk is paused, positions may only shrink.
    function _openBatch(Context memory context) internal view {
        _openMarkets(context);
        if (phase & PAUSING == 0) return;
        context.reduceOnly = block.timestamp >= exitState().pauseFrom
            && block.timestamp < exitState().pauseUntil;
    }

    // Fees and the markets' pools, once for the whole call.
    function _storeTotals(Context memory context) internal {
        if (context.fees != 0) feeAccount += uint128(context.fees);
        for (uint256 market = 0; market < context.span; ++market) {
            Row row = Row.wrap(Words.unwrap(context.markets) + market * ROW_BYTES);
            if (row.poolDelta() == 0 && row.interestDelta() == 0) continue;
            uint256 stored = marketPools[market];
            int256 pool = (int256(stored) >> 128) + row.poolDelta();
            int256 interest = int256(stored & type(uint128).max) + row.interestDelta();
            marketPools[market] = (uint256(pool) << 128) | (uint256(interest) & type(uint128).max);
        }
    }
}
