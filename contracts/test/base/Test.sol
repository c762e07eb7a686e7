// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// @notice Assertions with both values in the failure.
abstract contract Test {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    bool public constant IS_TEST = true;

    error NotEqual(string what, int256 found, int256 wanted);
    error NotTrue(string what);

    function assertEq(uint256 found, uint256 wanted, string memory what) internal pure {
        if (found != wanted) revert NotEqual(what, int256(found), int256(wanted));
    }

    function assertEq(int256 found, int256 wanted, string memory what) internal pure {
        if (found != wanted) revert NotEqual(what, found, wanted);
    }

    function assertEq(bytes32 found, bytes32 wanted, string memory what) internal pure {
        if (found != wanted) {
            revert NotEqual(what, int256(uint256(found)), int256(uint256(wanted)));
        }
    }

    function assertEq(address found, address wanted, string memory what) internal pure {
        assertEq(uint256(uint160(found)), uint256(uint160(wanted)), what);
    }

    function assertTrue(bool condition, string memory what) internal pure {
        if (!condition) revert NotTrue(what);
    }

    /// @notice A value in [from, to], spread over the whole range of `seed`.
    function bound(uint256 seed, uint256 from, uint256 to) internal pure returns (uint256) {
        return from + (to - from == type(uint256).max ? seed : seed % (to - from + 1));
    }
}
