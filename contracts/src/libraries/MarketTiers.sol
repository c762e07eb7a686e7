// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Row} from "./Context.sol";
import {MarketWord} from "./MarketWord.sol";
import {loadSlot} from "./Memory.sol";
import {RiskMath} from "./RiskMath.sol";

/// @notice The size tiers of a market's margin in a slot of their own, read only when the market's word says so:
/// three times (bound u32, whole USDC | imf u32, ppm), then liquidationFeePpm u32, from the lowest bit up.
/// Tier 0 stands in the market word; a bound of zero ends the list; maintenance is half of initial margin.
type MarketTiers is uint256;

using {bound, imfPpm, liquidationFeePpm} for MarketTiers global;

uint256 constant TIERS_MAX = 3;
uint256 constant LIQUIDATION_FEE_PPM = 15_000; // where none is set
// One slot a market from here on; below every account's slots and far above ordinary storage.
uint256 constant TIERS_SLOT = 1 << 66;

/// @notice Notional from which tier `n` holds, whole USDC; `n` from 0 for the first tier above the market's own.
function bound(MarketTiers tiers, uint256 n) pure returns (uint256) {
    return (MarketTiers.unwrap(tiers) >> (n * 64)) & type(uint32).max;
}

/// @notice Initial margin fraction above the bound, ppm.
function imfPpm(MarketTiers tiers, uint256 n) pure returns (uint256) {
    return (MarketTiers.unwrap(tiers) >> (n * 64 + 32)) & type(uint32).max;
}

/// @notice What a liquidation may cost at most, ppm of the notional closed; of a market with tiers.
function liquidationFeePpm(MarketTiers tiers) pure returns (uint256) {
    return (MarketTiers.unwrap(tiers) >> 192) & type(uint32).max;
}

function loadTiers(uint256 market) view returns (MarketTiers) {
    return MarketTiers.wrap(loadSlot(TIERS_SLOT + market));
}

/// @notice Margin that a notional requires, with the formulas of risk.md 1.5: ce(N imf / 1e6) - D, continuous at every
/// bound, since D collects L (imf - imf of the tier before).
library TieredMargin {
    uint256 private constant USDC = 1e6;

    function initial(Row row, uint256 notional) internal pure returns (uint256) {
        MarketWord word = row.word();
        if (!word.hasTiers()) return RiskMath.initialMargin(notional, word.imBps());
        return _margin(row.tiers(), notional, word.imBps() * 100, 1);
    }

    function maintenance(Row row, uint256 notional) internal pure returns (uint256) {
        MarketWord word = row.word();
        if (!word.hasTiers()) return RiskMath.initialMargin(notional, word.mmBps());
        return _margin(row.tiers(), notional, word.mmBps() * 100, 2);
    }

    function liquidationFee(Row row) internal pure returns (uint256) {
        return row.word().hasTiers() ? row.tiers().liquidationFeePpm() : LIQUIDATION_FEE_PPM;
    }

    function _margin(MarketTiers tiers, uint256 notional, uint256 ppm, uint256 divisor)
        private
        pure
        returns (uint256)
    {
        unchecked {
            uint256 deduction = 0;
            for (uint256 n = 0; n < TIERS_MAX; ++n) {
                uint256 from = tiers.bound(n);
                if (from == 0 || notional < from * USDC) break;
                uint256 next = tiers.imfPpm(n) / divisor;
                deduction += from * (next - ppm); // whole USDC times ppm: micro-USDC
                ppm = next;
            }
            return (notional * ppm + (RiskMath.PPM - 1)) / RiskMath.PPM - deduction;
        }
    }
}
