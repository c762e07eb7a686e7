// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeStorage} from "./ExchangeStorage.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Context, Row} from "./libraries/Context.sol";
import {calldataWord} from "./libraries/Memory.sol";
import {MarketWord} from "./libraries/MarketWord.sol";
import {RiskMath} from "./libraries/RiskMath.sol";
import {Tranche} from "./libraries/RiskState.sol";

/// @notice New cumulative funding indices, bounded by block time: each market earns an allowance of
/// LEVEL_PPM_PER_HOUR of mark, and an update uses it up. Where nobody holds a position an index moves freely.
abstract contract FundingSegment is ExchangeStorage {
    uint256 private constant RECORD_BYTES = 9;
    uint256 private constant INDEX_BITS = 48; // as in the account word
    /// Level clamp (risk.md 1.4): 4 % an hour.
    uint256 internal constant LEVEL_PPM_PER_HOUR = 40_000;
    /// Unused allowance lapses after this, so that a quiet market cannot be charged for its past at once.
    uint256 internal constant ALLOWANCE_MAX_S = 4 hours;

    function _settleFunding(Context memory context, uint256 pos, uint256 end) internal {
        unchecked {
            if (pos + 1 > end) context.reject(BatchCodes.MALFORMED, 0);
            uint256 count = calldataWord(pos) >> 248;
            ++pos;
            if (pos + count * RECORD_BYTES != end) context.reject(BatchCodes.MALFORMED, 0);
            for (uint256 i = 0; i < count; ++i) {
                uint256 word = calldataWord(pos);
                pos += RECORD_BYTES;
                _updateIndex(context, word >> 248, int256(word << 8) >> 192, i);
            }
        }
    }

    function _updateIndex(Context memory context, uint256 market, int256 index, uint256 place)
        private
    {
        unchecked {
            Row row = context.row(market, place);
            MarketWord word = row.word();
            if (!RiskMath.signedFits(index, INDEX_BITS)) {
                context.reject(BatchCodes.FUNDING_OVERFLOW, place);
            }
            (int256 pool, int256 held) = _poolAndInterest(market, row);
            // Where nobody holds a position nobody pays.
            uint256 move = held == 0 ? 0 : RiskMath.abs(index - word.fundingIndex());
            // Index per second of allowance, times 3600: one lot is worth mark x quote x 1e6 in index units.
            uint256 hourly = word.mark() * word.quotePerTickLot() * LEVEL_PPM_PER_HOUR;
            uint256 from = word.fundingCreditTime();
            if (from + ALLOWANCE_MAX_S < block.timestamp) from = block.timestamp - ALLOWANCE_MAX_S;
            uint256 used = hourly == 0 ? 0 : (move * 3600 + hourly - 1) / hourly;
            if ((hourly == 0 && move != 0) || from + used > block.timestamp) {
                context.reject(BatchCodes.FUNDING_CLAMP, place);
            }
            word = word.withFunding(index, from + used);
            row.setWord(word);
            marketWords[market] = MarketWord.unwrap(word);
            if (held == 0 && pool > 0) {
                // Nobody holds a position: what rounding left in the pool is nobody's, and so the insurance's.
                row.addPool(-pool);
                Tranche.credit(market, uint256(pool));
            }
        }
    }

    // As they stand at this place of the batch.
    function _poolAndInterest(uint256 market, Row row) private view returns (int256, int256) {
        uint256 stored = marketPools[market];
        return (
            (int256(stored) >> 128) + row.poolDelta(),
            int256(stored & type(uint128).max) + row.interestDelta()
        );
    }
}
