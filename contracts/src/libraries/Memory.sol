// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A zeroed array of words in memory without bounds checks: the caller proves every index.
type Words is uint256;

using {get, set, addSigned} for Words global;

function allocate(uint256 count) pure returns (Words words) {
    assembly ("memory-safe") {
        words := mload(0x40)
        mstore(0x40, add(words, shl(5, count)))
        // Memory above the free pointer may be dirty; copying from past the calldata zeroes it.
        calldatacopy(words, calldatasize(), shl(5, count))
    }
}

function get(Words words, uint256 index) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := mload(add(words, shl(5, index)))
    }
}

function set(Words words, uint256 index, uint256 value) pure {
    assembly ("memory-safe") {
        mstore(add(words, shl(5, index)), value)
    }
}

function addSigned(Words words, uint256 index, int256 value) pure {
    assembly ("memory-safe") {
        let pos := add(words, shl(5, index))
        mstore(pos, add(mload(pos), value))
    }
}

/// @notice Free memory pointer, to give a segment's tables back once nothing refers to them.
function freeMemory() pure returns (uint256 pointer) {
    assembly ("memory-safe") {
        pointer := mload(0x40)
    }
}

function releaseMemory(uint256 pointer) pure {
    assembly ("memory-safe") {
        mstore(0x40, pointer)
    }
}

/// @notice 32 bytes of calldata; beyond its end they read as zero, so lengths are checked by the caller.
function calldataWord(uint256 pos) pure returns (uint256 value) {
    assembly ("memory-safe") {
        value := calldataload(pos)
    }
}

/// @notice Raw storage: account slots are derived from the address, so no mapping is hashed.
function loadSlot(uint256 slot) view returns (uint256 value) {
    assembly ("memory-safe") {
        value := sload(slot)
    }
}

function storeSlot(uint256 slot, uint256 value) {
    assembly ("memory-safe") {
        sstore(slot, value)
    }
}
