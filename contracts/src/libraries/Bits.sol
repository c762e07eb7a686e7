// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

library Bits {
    /// @notice Position of the lowest set bit of a non-zero 64-bit map.
    function lowest(uint256 map) internal pure returns (uint256 index) {
        unchecked {
            map &= ~map + 1;
            if (map & 0xFFFFFFFF == 0) index = 32;
            if (map & 0xFFFF0000FFFF0000 != 0) index += 16;
            if (map & 0xFF00FF00FF00FF00 != 0) index += 8;
            if (map & 0xF0F0F0F0F0F0F0F0 != 0) index += 4;
            if (map & 0xCCCCCCCCCCCCCCCC != 0) index += 2;
            if (map & 0xAAAAAAAAAAAAAAAA != 0) index += 1;
        }
    }
}
