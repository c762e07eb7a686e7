// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeBase} from "../../src/interfaces/IPlumbExchange.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {Batches} from "../base/Batches.sol";
import {ExchangeTest} from "../base/ExchangeTest.sol";

/// @notice The bytes of a batch, and who may send it.
contract FormatTest is ExchangeTest {
    bytes internal good;

    function setUp() public override {
        super.setUp();
        uint256[] memory keys = sortedKeys(2);
        deposit(keys[0], 1e12);
        deposit(keys[1], 1e12);
        good = pair(orderOf(keys[0], 0, MARK, 100), orderOf(keys[1], 1, MARK, 100), 100);
    }

    function test_batch_is_committed() public {
        settle(good);
        (uint32 no, uint64 toSeq, uint64 hashSeq, bytes32 journalHash, uint64 stateHash) =
            exchange.lastBatch();
        assertEq(no, 1, "batch");
        assertEq(toSeq, 1, "toSeq");
        assertEq(hashSeq, 1, "hashSeq");
        assertEq(journalHash, bytes32("journal"), "journal hash");
        assertEq(stateHash, 7, "state hash");
    }

    // 16. Whatever is cut off or appended.
    function testFuzz_calldata_truncated(uint256 length) public {
        bytes memory batch = good;
        length = bound(length, 0, batch.length - 1);
        assembly {
            mstore(batch, length)
        }
        settleRejected(batch, BatchCodes.MALFORMED, 0);
    }

    function testFuzz_calldata_trailing(bytes memory tail) public {
        vm.assume(tail.length > 0);
        settleRejected(bytes.concat(good, tail), BatchCodes.MALFORMED, 0);
    }

    // 16. Any byte changed: refused, or settled to the same sums (fees within the cap, quantities that still match).
    function testFuzz_calldata_malformed(uint256 place, uint8 value) public {
        bytes memory batch = good;
        place = bound(place, 0, batch.length - 1);
        batch[place] = bytes1(value);
        (bool ok, bytes memory answer) =
            address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        if (!ok) {
            assertTrue(bytes4(answer) == BatchCodes.BatchRejected.selector, "unnamed refusal");
        }
        assertTrue(usdc.balanceOf(address(exchange)) == 2e12, "money moved");
    }

    function testFuzz_calldata_random(bytes memory noise) public {
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (noise)));
        assertTrue(!ok, "noise settled");
    }

    // 16. Counts that lie.
    function test_false_counts() public {
        bytes memory batch = good;
        batch[60 + 5 + 1] = 0x03; // three orders where two are
        settleRejected(batch, BatchCodes.MALFORMED, 0);
        batch[60 + 5] = 0xFF; // 2^16 orders
        batch[60 + 5 + 1] = 0xFF;
        settleRejected(batch, BatchCodes.MALFORMED, 0);
        batch = good;
        batch[58] = 0xFF; // more segments than bytes
        settleRejectedAt(batch, BatchCodes.MALFORMED, 1, 0);
    }

    function settleRejectedAt(bytes memory batch, uint8 code, uint256 segment, uint256 index)
        internal
    {
        vm.expectRevert(
            abi.encodeWithSelector(BatchCodes.BatchRejected.selector, code, segment, index)
        );
        exchange.settle(batch);
    }

    function test_version_mode_kind() public {
        bytes memory batch = good;
        batch[0] = 0x02;
        settleRejected(batch, BatchCodes.UNKNOWN_VERSION, 0);
        batch[0] = 0x01;
        batch[1] = 0x02;
        settleRejected(batch, BatchCodes.UNSUPPORTED_MODE, 0);
        batch[1] = 0x00;
        batch[60] = 0x0E;
        settleRejected(batch, BatchCodes.UNKNOWN_SEGMENT, 0);
    }

    // 58. Order of batches: no gap, no repetition, sequence numbers never fall.
    function test_batch_block() public {
        settleRejected(Batches.header(2, 1, 0), BatchCodes.WRONG_BATCH_NO, 0);
        settleRejected(Batches.header(0, 1, 0), BatchCodes.WRONG_BATCH_NO, 0);
        settle(Batches.header(1, 10, 0));
        settleRejected(Batches.header(1, 10, 0), BatchCodes.WRONG_BATCH_NO, 0);
        settleRejected(Batches.header(2, 9, 0), BatchCodes.WRONG_SEQUENCE, 0);
        settle(Batches.header(2, 10, 0));
    }

    // 55, 62. Copied calldata is worth nothing to anybody else.
    function test_only_relayer(address caller) public {
        vm.assume(caller != address(this));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IExchangeBase.NotRelayer.selector, caller));
        exchange.settle(good);
        exchange.setRelayer(address(this), false);
        vm.expectRevert(abi.encodeWithSelector(IExchangeBase.NotRelayer.selector, address(this)));
        exchange.settle(good);
    }
}
