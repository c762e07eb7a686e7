// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ExchangeStorage} from "./ExchangeStorage.sol";
import {BatchCodes} from "./libraries/BatchCodes.sol";
import {Context, Row} from "./libraries/Context.sol";
import {Words, allocate, calldataWord, freeMemory, releaseMemory} from "./libraries/Memory.sol";
import {MarketWord} from "./libraries/MarketWord.sol";
import {RiskMath} from "./libraries/RiskMath.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {SlowMark} from "./libraries/SlowMark.sol";
import {TypeHashes} from "./libraries/TypeHashes.sol";

/// @notice Marks of the engine, each within a band of the median of what enough publishers signed.
abstract contract PriceSegment is ExchangeStorage {
    uint256 private constant VECTOR_HEAD_BYTES = 73;
    uint256 private constant MARK_BYTES = 5;
    uint256 private constant PAGE_MARKETS = 32;
    uint256 private constant PAGES = 2;
    uint256 private constant TIME_BITS = 48;
    /// Publishers' clocks may run ahead of the block's by this.
    uint256 internal constant CLOCK_DRIFT_MS = 15_000;
    /// A price may be this much older than the settlement lag: it was observed before its fills.
    uint256 internal constant PRICE_AGE_SLACK_S = 300;

    function _settlePrices(Context memory context, uint256 pos, uint256 end) internal {
        uint256 memoryBefore = freeMemory();
        unchecked {
            if (pos + 1 > end) context.reject(BatchCodes.MALFORMED, 0);
            uint256 vectors = calldataWord(pos) >> 248;
            ++pos;
            Words table = allocate(vectors); // calldata position of the prices << 16 | page << 8 | count
            uint256[PAGES] memory times = publisherTimes;
            uint256 seen = 0;
            for (uint256 i = 0; i < vectors; ++i) {
                if (pos + VECTOR_HEAD_BYTES > end) context.reject(BatchCodes.MALFORMED, i);
                uint256 head = calldataWord(pos);
                uint256 publisher = head >> 248;
                uint256 page = (head >> 240) & 0xFF;
                uint256 count = (head >> 232) & 0xFF;
                uint256 prices = pos + VECTOR_HEAD_BYTES;
                if (prices + count * 4 > end) context.reject(BatchCodes.MALFORMED, i);
                uint8 code = _checkVector(pos, publisher, page, count, times);
                if (code != 0) context.reject(code, i);
                uint256 bit = 1 << (page * PUBLISHERS_MAX + publisher);
                if (seen & bit != 0) context.reject(BatchCodes.DUPLICATE_VECTOR, i);
                seen |= bit;
                table.set(i, (prices << 16) | (page << 8) | count);
                pos = prices + count * 4;
            }
            if (vectors != 0) publisherTimes = times;
            _settleMarks(context, table, vectors, pos, end);
        }
        releaseMemory(memoryBefore);
    }

    function _checkVector(
        uint256 pos,
        uint256 publisher,
        uint256 page,
        uint256 count,
        uint256[PAGES] memory times
    ) private view returns (uint8 code) {
        unchecked {
            if (publisher >= PUBLISHERS_MAX) return BatchCodes.UNKNOWN_PUBLISHER;
            if (page >= PAGES || count > PAGE_MARKETS) return BatchCodes.INVALID_PAGE;
            uint256 timeMs = (calldataWord(pos) >> 184) & type(uint48).max;
            uint256 nowMs = block.timestamp * 1000;
            if (timeMs > nowMs + CLOCK_DRIFT_MS) return BatchCodes.PRICE_IN_FUTURE;
            if (timeMs + (SETTLEMENT_LAG_S + PRICE_AGE_SLACK_S) * 1000 < nowMs) {
                return BatchCodes.PRICE_TOO_OLD;
            }
            uint256 shift = publisher * TIME_BITS;
            uint256 lastMs = (times[page] >> shift) & type(uint48).max;
            if (timeMs < lastMs) return BatchCodes.PRICE_OLDER_THAN_LAST;
            times[page] += (timeMs - lastMs) << shift;

            address signer = Signatures.recover(
                DOMAIN,
                _pricesHash(page, timeMs, pos + VECTOR_HEAD_BYTES, count * 4),
                calldataWord(pos + 9),
                calldataWord(pos + 41)
            );
            if (signer == address(0)) return BatchCodes.INVALID_SIGNATURE;
            if (signer != publishers[publisher]) return BatchCodes.UNKNOWN_PUBLISHER;
        }
    }

    function _pricesHash(uint256 page, uint256 timeMs, uint256 pos, uint256 length)
        private
        pure
        returns (bytes32 hash)
    {
        bytes32 typeHash = TypeHashes.PRICES;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, pos, length)
            let packed := keccak256(free, length)
            mstore(free, typeHash)
            mstore(add(free, 0x20), page)
            mstore(add(free, 0x40), timeMs)
            mstore(add(free, 0x60), packed)
            hash := keccak256(free, 0x80)
        }
    }

    function _settleMarks(
        Context memory context,
        Words table,
        uint256 vectors,
        uint256 pos,
        uint256 end
    ) private {
        unchecked {
            if (pos + 1 > end) context.reject(BatchCodes.MALFORMED, 0);
            uint256 marks = calldataWord(pos) >> 248;
            ++pos;
            if (pos + marks * MARK_BYTES != end) context.reject(BatchCodes.MALFORMED, 0);
            Words quotes = allocate(vectors);
            for (uint256 i = 0; i < marks; ++i) {
                uint256 word = calldataWord(pos);
                uint256 market = word >> 248;
                uint256 mark = (word >> 216) & 0xFFFFFFFF;
                pos += MARK_BYTES;
                Row row = context.row(market, i);
                MarketWord moving = row.word();
                if (moving.hasFixedMark()) context.reject(BatchCodes.FIXED_MARK, i);
                uint256 median = _median(context, table, vectors, quotes, market, i);
                uint256 distance = mark > median ? mark - median : median - mark;
                if (mark == 0 || distance * RiskMath.PPM > median * row.limits().markBandPpm()) {
                    context.reject(BatchCodes.MARK_OUT_OF_BAND, i);
                }
                SlowMark.record(market, moving, MARK_AGE_MAX_S);
                moving = moving.withMark(mark, block.timestamp);
                row.setWord(moving);
                row.noteMark(mark);
                marketWords[market] = MarketWord.unwrap(moving);
            }
        }
    }

    // Lower middle of the prices quoted for one market; zero means "no price".
    function _median(
        Context memory context,
        Words table,
        uint256 vectors,
        Words quotes,
        uint256 market,
        uint256 index
    ) private view returns (uint256) {
        unchecked {
            uint256 count = 0;
            for (uint256 i = 0; i < vectors; ++i) {
                uint256 vector = table.get(i);
                uint256 place = market % PAGE_MARKETS;
                if ((vector >> 8) & 0xFF != market / PAGE_MARKETS || place >= vector & 0xFF) {
                    continue;
                }
                uint256 quote = calldataWord((vector >> 16) + place * 4) >> 224;
                if (quote == 0) continue;
                uint256 j = count++;
                for (; j > 0 && quotes.get(j - 1) > quote; --j) {
                    quotes.set(j, quotes.get(j - 1));
                }
                quotes.set(j, quote);
            }
            if (count == 0 || count < publisherQuorum) {
                context.reject(BatchCodes.TOO_FEW_PRICES, index);
            }
            return quotes.get((count - 1) / 2);
        }
    }
}
