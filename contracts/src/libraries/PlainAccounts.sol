// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BatchCodes} from "./BatchCodes.sol";
import {Context} from "./Context.sol";
import {Words} from "./Memory.sol";
import {FOK_BIT, REDUCE_ONLY_BIT, SESSION_BIT} from "./OrderRecord.sol";

/// @notice The common accounts of a segment: orders in one market, no position in another, no funding due, covered at the
/// end. It accepts only what AccountRun and Settleable would, with the same result. At the first account that is not
/// plain it stops and leaves it to them untouched.
/// @dev Assembly, because this runs for every account and, within it, every order. The layouts are those of AccountWord,
/// MarketWord, MarketLimits, MarketTiers, Context's rows and OrderTable.
library PlainAccounts {
    // Reduce-only, fill-or-kill and session keys have rules of their own.
    uint256 private constant SPECIAL = (REDUCE_ONLY_BIT | FOK_BIT | SESSION_BIT) << 232;

    /// @notice Settles accounts from the table's `entry` to its `end`.
    /// @return Entry of the first that is left, and why its lane refuses the batch, or zero.
    function settle(Context memory context, uint256 entry, uint256 end, uint256 markAgeMaxS)
        internal
        returns (uint256, uint256 code)
    {
        uint256 markets = Words.unwrap(context.markets);
        uint256 special = SPECIAL;
        uint256 laneSpent = BatchCodes.LANE_SPENT;
        uint256 overfilled = BatchCodes.OVERFILLED;
        uint256 placeBits = (uint256(type(uint48).max) << 80) | type(uint8).max;
        assembly ("memory-safe") {
            for {} lt(entry, end) {} {
                let head := mload(entry)
                let next := entry
                let size := 0
                let cash := 0
                // What its orders move. One that is special or unfilled is not plain; nor is a second market, which stands
                // behind the last order of the first. The table ends with an empty entry.
                for {} 1 {} {
                    let fields := mload(add(next, 0x20))
                    let moved := mload(add(next, 0x40))
                    let filled := and(moved, 0xFFFFFFFFFFFFFFFF)
                    if or(and(fields, special), iszero(filled)) {
                        head := 0
                        break
                    }
                    cash := add(cash, sar(64, moved))
                    size := add(size, mul(filled, sub(1, and(shr(231, fields), 2))))
                    next := add(next, 96)
                    if xor(mload(next), head) { break }
                }
                if eq(shr(32, mload(next)), shr(32, head)) { break }
                if iszero(head) { break }

                let row := and(head, 0xFFFFFFFF)
                let market := mload(row)
                let base := shl(88, shr(32, head))
                let account := sload(base)
                // What the word holds beside cash and lane, where there is a position: snapshot and market.
                let place := or(
                    shl(80, and(shr(192, market), 0xFFFFFFFFFFFF)), shr(7, sub(row, markets))
                )
                let before := sar(200, shl(72, account))
                switch before
                case 0 { if and(account, 1) { break } }
                default {
                    if xor(and(account, placeBits), place) { break }
                }
                cash := add(cash, sar(184, account))
                size := add(size, before)
                // Within the position limit, at a fresh mark, equity at least initial margin, cash within its field.
                {
                    let lots := sar(255, size)
                    lots := sub(xor(size, lots), lots)
                    if gt(lots, and(shr(32, mload(add(row, 0x20))), 0xFFFFFFFFFFFFFF)) { break }
                    let mark := and(shr(160, market), 0xFFFFFFFF)
                    if iszero(and(market, 2)) {
                        if iszero(mark) { break }
                        if gt(timestamp(), add(and(shr(128, market), 0xFFFFFFFF), markAgeMaxS)) {
                            break
                        }
                    }
                    mark := mul(mark, and(shr(64, market), 0xFFFFFFFF))
                    lots := mul(lots, mark)
                    if and(market, 4) {
                        if iszero(lt(lots, mul(and(mload(add(row, 0x140)), 0xFFFFFFFF), 1000000))) {
                            break
                        }
                    }
                    if slt(
                        add(cash, mul(size, mark)),
                        div(add(mul(lots, and(shr(112, market), 0xFFFF)), 9999), 10000)
                    ) { break }
                    if xor(signextend(8, cash), cash) { break }
                }
                // From here on the account is good: what a lane refuses, the batch is refused for.
                account := and(shr(8, account), 0xFFFFFFFFFFFFFFFFFF)
                {
                    let slot := 0
                    let lanes := 0
                    for {} lt(entry, next) { entry := add(entry, 96) } {
                        let fields := mload(add(entry, 0x20))
                        let lane := and(shr(128, fields), 0xFFFF)
                        let stored := account
                        let shift := 0
                        if lane {
                            shift := mul(mod(lane, 3), 72)
                            let wanted := or(base, add(shl(80, 1), div(lane, 3)))
                            if xor(wanted, slot) {
                                if slot { sstore(slot, lanes) }
                                slot := wanted
                                lanes := sload(slot)
                            }
                            stored := and(shr(shift, lanes), 0xFFFFFFFFFFFFFFFFFF)
                        }
                        let filled := and(mload(add(entry, 0x40)), 0xFFFFFFFFFFFFFFFF)
                        let seq := and(shr(96, fields), 0xFFFFFFFF)
                        if iszero(gt(seq, shr(40, stored))) {
                            if lt(seq, shr(40, stored)) { code := laneSpent }
                            filled := add(filled, and(stored, 0xFFFFFFFFFF))
                        }
                        if gt(filled, and(shr(152, fields), 0xFFFFFFFFFF)) {
                            if iszero(code) { code := overfilled }
                        }
                        if code { break }
                        filled := or(shl(40, seq), filled)
                        switch lane
                        case 0 { account := filled }
                        default { lanes := xor(lanes, shl(shift, xor(stored, filled))) }
                    }
                    if code { break }
                    if slot { sstore(slot, lanes) }
                }
                {
                    // Long positions make up open interest.
                    let longs := sub(mul(size, sgt(size, 0)), mul(before, sgt(before, 0)))
                    if longs {
                        row := add(row, 0x60)
                        mstore(row, add(mload(row), longs))
                    }
                }
                account := or(shl(184, cash), shl(8, account))
                if size { account := or(account, or(shl(128, and(size, 0xFFFFFFFFFFFFFF)), place)) }
                sstore(base, account)
            }
        }
        return (entry, code);
    }
}
