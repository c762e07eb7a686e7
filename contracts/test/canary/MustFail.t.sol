// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "../base/Test.sol";

/// @notice Fails on purpose: bin/canary.mjs runs it alone and wants a non-zero exit code. The npm launcher of forge
/// once reported success for failing tests.
contract MustFailCanary is Test {
    function test_must_fail() public pure {
        assertTrue(false, "a failing test is seen");
    }
}
