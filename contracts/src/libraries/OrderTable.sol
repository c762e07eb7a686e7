// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Row} from "./Context.sol";
import {Words, allocate} from "./Memory.sol";
import {OrderFields} from "./OrderRecord.sol";

/// @notice The orders of a segment in memory, three words each and an empty entry behind the last:
/// holder (owner << 40 | subaccount << 32 | market's row) | fields | sum (int192 cash << 64 | u64 lots filled).
/// @dev Cash and lots move together with every fill, so they share a word. Lots: 2^16 fills of 2^40 stay below 2^56;
/// cash: 2^16 fills of 2^104 below 2^120.
type OrderTable is uint256;

using {entryAt, indexAt, entryOf, holderOf, rowOf, fieldsOf, filledOf, cashOf} for OrderTable global;

uint256 constant ENTRY_BYTES = 96;
uint256 constant ENTRY_WORDS = 3;
uint256 constant ROW_BITS = 32;
uint256 constant ROW_MASK = type(uint32).max;
uint256 constant FILLED_BITS = 64;
uint256 constant FILLED_MASK = type(uint64).max;

function allocateOrders(uint256 orders) pure returns (OrderTable) {
    unchecked {
        return OrderTable.wrap(Words.unwrap(allocate((orders + 1) * ENTRY_WORDS)));
    }
}

/// @notice Memory position of an entry.
function entryAt(OrderTable table, uint256 index) pure returns (uint256) {
    unchecked {
        return OrderTable.unwrap(table) + index * ENTRY_BYTES;
    }
}

/// @notice Of an entry's memory position.
function indexAt(OrderTable table, uint256 entry) pure returns (uint256) {
    unchecked {
        return (entry - OrderTable.unwrap(table)) / ENTRY_BYTES;
    }
}

/// @notice Where the three words of an order stand.
function entryOf(OrderTable table, uint256 index) pure returns (Words) {
    return Words.wrap(table.entryAt(index));
}

/// @notice owner << 8 | subaccount.
function holderOf(OrderTable table, uint256 index) pure returns (uint256) {
    return table.entryOf(index).get(0) >> ROW_BITS;
}

function rowOf(OrderTable table, uint256 index) pure returns (Row) {
    return Row.wrap(table.entryOf(index).get(0) & ROW_MASK);
}

function fieldsOf(OrderTable table, uint256 index) pure returns (OrderFields) {
    return OrderFields.wrap(table.entryOf(index).get(1));
}

/// @notice Lots filled in this segment.
function filledOf(OrderTable table, uint256 index) pure returns (uint256) {
    return table.entryOf(index).get(2) & FILLED_MASK;
}

/// @notice Micro-USDC moved by the order's fills and fees.
function cashOf(OrderTable table, uint256 index) pure returns (int256) {
    return int256(table.entryOf(index).get(2)) >> FILLED_BITS;
}
