// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {exitState} from "./ExitState.sol";
import {MarketWord} from "./MarketWord.sol";

/// @notice The slow mark of each market: an average of its verified marks, weighted by how long each was valid, over
/// about an hour. What leaves without a batch is valued by it, and a frozen exchange is divided by it.
library SlowMark {
    uint256 internal constant WINDOW_S = 1 hours;
    uint256 private constant FRACTION_BITS = 32;

    /// @notice Lets the mark that stands until now count, before another takes its place.
    function record(uint256 market, MarketWord word, uint256 markAgeMaxS) internal {
        exitState().slowMarks[market] = _at(market, word, block.timestamp, markAgeMaxS);
    }

    /// @notice The slow mark at `time`, ticks, rounded to the nearest; zero before the first verified price. A mark
    /// counts while it is fresh and no longer, so that the last price before an outage is one price among others.
    function valueAt(uint256 market, MarketWord word, uint256 time, uint256 markAgeMaxS)
        internal
        view
        returns (uint256)
    {
        if (word.hasFixedMark()) return word.mark();
        return (_at(market, word, time, markAgeMaxS) + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS;
    }

    function _at(uint256 market, MarketWord word, uint256 time, uint256 markAgeMaxS)
        private
        view
        returns (uint256 slow)
    {
        uint256 mark = word.mark() << FRACTION_BITS;
        slow = exitState().slowMarks[market];
        if (mark == 0) return slow;
        if (slow == 0) return mark;
        uint256 weight = time - word.markTime();
        if (weight > markAgeMaxS) weight = markAgeMaxS;
        if (weight > WINDOW_S) weight = WINDOW_S;
        return (slow * (WINDOW_S - weight) + mark * weight) / WINDOW_S;
    }
}
