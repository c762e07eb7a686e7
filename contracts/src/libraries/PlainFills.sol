// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Context} from "./Context.sol";
import {KIND_TAKE_PROFIT, MARKET_BITS, POST_ONLY_BIT, SIDE_BIT} from "./OrderRecord.sol";
import {OrderTable} from "./OrderTable.sol";

/// @notice The common fills of a segment: those that hold, at their makers' limits. At the first that is not it stops, and
/// leaves it to FillSegment: whatever would be refused, and makers of kinds 2 and 3.
/// @dev Assembly, because this runs for every fill. Memory: the table's entries.
library PlainFills {
    /// @notice Applies the fills that stand in calldata from `pos` to `until` to the table between `table` and `end`.
    /// @return Where the first stands that is not applied.
    function fill(Context memory context, OrderTable table, uint256 end, uint256 pos, uint256 until)
        internal
        pure
        returns (uint256)
    {
        uint256 pairBits = MARKET_BITS | SIDE_BIT;
        uint256 sideBit = SIDE_BIT;
        uint256 postOnly = POST_ONLY_BIT << 232;
        // Of kind 2, but also of kind 3, which fills at a price of its own.
        uint256 special = KIND_TAKE_PROFIT << 224;
        assembly ("memory-safe") {
            for {} lt(pos, until) {} {
                let quantity := calldataload(pos)
                let taker := add(table, mul(shr(240, quantity), 96))
                let maker := add(table, mul(and(shr(224, quantity), 0xFFFF), 96))
                if iszero(and(lt(taker, end), lt(maker, end))) { break }
                quantity := and(shr(184, quantity), 0xFFFFFFFFFF)
                let taken := mload(add(taker, 0x20))
                let made := mload(add(maker, 0x20))
                let price := and(shr(192, made), 0xFFFFFFFF)
                // 1 where the taker sells, -1 where it buys: the sign of its cash.
                let sign := sub(and(shr(231, taken), 2), 1)
                // The same market and the other side; a taker that may take; limits that cross.
                let refused := xor(and(xor(taken, made), pairBits), sideBit)
                refused := or(refused, or(and(taken, postOnly), and(made, special)))
                refused := or(refused, iszero(quantity))
                refused := or(
                    refused, sgt(mul(sub(and(shr(192, taken), 0xFFFFFFFF), price), sign), 0)
                )
                if refused { break }
                let notional := and(shr(64, mload(and(mload(maker), 0xFFFFFFFF))), 0xFFFFFFFF)
                notional := mul(mul(price, quantity), notional)
                // Debits round up, a rebate toward zero.
                let fee := div(add(mul(notional, byte(24, taken)), 99999), 100000)
                made := mul(notional, signextend(0, byte(25, made)))
                made := sdiv(add(made, mul(99999, sgt(made, 0))), 100000)
                if slt(add(fee, made), 0) { break }
                let fees := add(context, 0x40)
                mstore(fees, add(mload(fees), add(fee, made)))
                notional := mul(notional, sign)
                taker := add(taker, 0x40)
                maker := add(maker, 0x40)
                mstore(taker, add(mload(taker), add(shl(64, sub(notional, fee)), quantity)))
                mstore(maker, add(mload(maker), sub(quantity, shl(64, add(notional, made)))))
                pos := add(pos, 9)
            }
        }
        return pos;
    }
}
