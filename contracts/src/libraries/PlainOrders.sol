// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Context} from "./Context.sol";
import {Words, allocate} from "./Memory.sol";
import {
    FLAGS_UNUSED,
    KIND_BITS,
    LANES_UNUSED,
    PRICE_BITS,
    SEQ_BITS,
    SESSION_BIT,
    TIF_SHIFT
} from "./OrderRecord.sol";
import {Signatures} from "./Signatures.sol";
import {TypeHashes} from "./TypeHashes.sol";

/// @notice The common orders of a segment: good limit orders of markets already read, signed by their owners, in order.
/// At the first that is not, it stops; FillSegment reads or refuses that one.
/// @dev Assembly, because this runs for every order. Memory: the buffer, and the table's entries.
library PlainOrders {
    /// Above every key of owner zero, which is what an invalid signature recovers to.
    uint256 internal constant NO_OWNER = type(uint56).max;
    // Kinds other than 0, session keys, and everything unused or unknown.
    uint256 private constant SPECIAL =
        FLAGS_UNUSED | KIND_BITS | LANES_UNUSED | (SESSION_BIT << 232);
    uint256 private constant TIF_LOW = 1 << (232 + TIF_SHIFT);
    uint256 private constant BUFFER_WORDS = 20;

    /// @notice Memory that `read` hashes in: the struct (13 words) with type hash and trigger 0, then 0x1901 at the end of
    /// a word, domain and struct hash, then digest, v, r and s.
    function buffer(bytes32 domain) internal pure returns (Words words) {
        words = allocate(BUFFER_WORDS);
        words.set(0, uint256(TypeHashes.ORDER));
        words.set(13, 0x1901);
        words.set(14, uint256(domain));
    }

    /// @notice Reads orders from `entry` of the table on, at calldata position `pos`.
    /// @param key Of the order before: owner << 56 | subaccount << 48 | lane << 32 | seq; NO_OWNER before the first.
    /// @return The same three, behind what was read.
    function read(Context memory context, Words words, uint256 entry, uint256 end, uint256 pos, uint256 key)
        internal
        view
        returns (uint256, uint256, uint256)
    {
        uint256 markets = Words.unwrap(context.markets);
        uint256 span = context.span;
        uint256 special = SPECIAL;
        uint256 tifLow = TIF_LOW;
        uint256 priceBits = PRICE_BITS;
        uint256 seqBits = SEQ_BITS;
        uint256 sMax = Signatures.S_MAX;
        assembly ("memory-safe") {
            // Carried from round to round, or the optimizer reads it again at each use.
            let fields := calldataload(add(pos, 64))
            for {} lt(entry, end) {} {
                let row := byte(0, fields)
                mstore(add(words, 0x020), row)
                let refused := iszero(lt(row, span))
                row := add(markets, shl(9, row))
                let maxFee := byte(13, fields)
                mstore(add(words, 0x120), maxFee)
                refused := or(refused, gt(byte(24, fields), maxFee))
                refused := or(refused, sgt(signextend(0, byte(25, fields)), maxFee))
                refused := or(refused, and(fields, special))
                refused := or(refused, and(and(fields, shr(1, fields)), tifLow))
                refused := or(refused, iszero(and(fields, priceBits)))
                refused := or(refused, iszero(and(fields, seqBits)))
                {
                    let expiry := and(shr(64, fields), 0xFFFFFFFF)
                    mstore(add(words, 0x180), expiry)
                    refused := or(refused, gt(timestamp(), expiry))
                    let limits := mload(add(row, 0x20))
                    mstore(
                        add(words, 0x0c0), mul(and(shr(192, fields), 0xFFFFFFFF), shr(192, limits))
                    )
                    let size := and(shr(152, fields), 0xFFFFFFFFFF)
                    // Zero wraps around; a market not read yet allows no size.
                    refused := or(
                        refused, iszero(lt(sub(size, 1), and(shr(88, limits), 0xFFFFFFFFFF)))
                    )
                    mstore(add(words, 0x0e0), mul(size, and(shr(128, limits), 0xFFFFFFFFFFFFFFFF)))
                    let vs := calldataload(add(pos, 32))
                    mstore(add(words, 0x220), add(27, shr(255, vs)))
                    let s := shr(1, shl(1, vs))
                    refused := or(refused, gt(s, sMax))
                    mstore(add(words, 0x260), s)
                }
                if refused { break }
                mstore(add(words, 0x040), byte(1, fields))
                mstore(add(words, 0x060), and(shr(232, fields), 1))
                mstore(add(words, 0x080), shr(1, byte(2, fields)))
                mstore(add(words, 0x140), and(shr(128, fields), 0xFFFF))
                mstore(add(words, 0x160), and(shr(96, fields), 0xFFFFFFFF))
                mstore(add(words, 0x1e0), keccak256(words, 0x1a0))
                mstore(add(words, 0x200), keccak256(add(words, 0x1be), 0x42))
                mstore(add(words, 0x240), calldataload(pos))
                // A failed recovery returns no data and leaves the zero, which is below every key.
                mstore(0x00, 0)
                pop(staticcall(gas(), 1, add(words, 0x200), 0x80, 0x00, 0x20))
                let holder := or(shl(8, mload(0x00)), byte(1, fields))
                let found := or(shl(48, holder), and(shr(96, fields), 0xFFFFFFFFFFFF))
                if iszero(gt(found, key)) { break }
                key := found
                mstore(entry, or(shl(32, holder), row))
                mstore(add(entry, 0x20), fields)
                entry := add(entry, 96)
                pos := add(pos, 90)
                fields := calldataload(add(pos, 64))
            }
        }
        return (entry, pos, key);
    }
}
