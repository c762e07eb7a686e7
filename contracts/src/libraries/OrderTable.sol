// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// The table of a segment's orders in memory: four words each.
uint256 constant HOLDER = 0; // owner << 40 | subaccount << 32 | market's row
uint256 constant FIELDS = 1; // OrderFields
uint256 constant FILLED = 2; // lots filled in this segment
uint256 constant CASH = 3; // int: micro-USDC moved by its fills and fees
uint256 constant STRIDE = 4;
uint256 constant ROW_BITS = 32;
uint256 constant ROW_MASK = type(uint32).max;
