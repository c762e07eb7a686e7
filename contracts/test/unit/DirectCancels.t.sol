// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeExit} from "../../src/interfaces/IExchangeExit.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {LaneCancel} from "../../src/libraries/ExitState.sol";
import {TestOrder} from "../base/Batches.sol";
import {ExitTest} from "../base/ExitTest.sol";

/// @notice Cancels that need no operator: none of them undoes a fill matched before, all of them bind the operator later.
contract DirectCancelsTest is ExitTest {
    // 5, 50. The order fills until D has passed, and never again.
    function testFuzz_lane_cancel(uint16 lane, uint32 seq) public {
        lane = uint16(bound(lane, 0, 1023));
        seq = uint32(bound(seq, 1, type(uint32).max - 1));
        settle(pair(order(lane, seq), other(1, 1), 5));
        vm.prank(vm.addr(alice));
        exchange.requestCancel(0, lane, seq);
        LaneCancel memory cancel = exchange.laneCancel(vm.addr(alice), 0, lane);
        assertEq(cancel.effectiveAt, nowS + DIRECT_DELAY_S, "in force");
        pass(DIRECT_DELAY_S - 1);
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.TooEarly.selector, nowS, nowS + 1));
        exchange.applyCancel(vm.addr(alice), 0, lane);
        settle(pair(order(lane, seq), other(1, 2), 1)); // R1: what was matched before still settles
        pass(1);
        exchange.applyCancel(vm.addr(alice), 0, lane);
        settleRejected(pair(order(lane, seq), other(1, 3), 1), BatchCodes.OVERFILLED, 0);
        settle(pair(order(lane, seq + 1), other(1, 3), 1));
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeExit.NothingRequested.selector, vm.addr(alice))
        );
        exchange.applyCancel(vm.addr(alice), 0, lane);
    }

    // 6. A cancel of an older number changes nothing: the pair only rises.
    function testFuzz_lane_never_falls(uint16 lane) public {
        lane = uint16(bound(lane, 0, 1023));
        vm.prank(vm.addr(alice));
        exchange.requestCancel(0, lane, 4);
        settle(pair(order(lane, 5), other(1, 1), 3));
        pass(DIRECT_DELAY_S);
        exchange.applyCancel(vm.addr(alice), 0, lane);
        (uint32 seq, uint64 filled) = exchange.lane(vm.addr(alice), 0, lane);
        assertEq(seq, 5, "seq");
        assertEq(filled, 3, "filled");
        settle(pair(order(lane, 5), other(1, 2), 3));
    }

    function test_cancel_of_nonsense() public {
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.InvalidLane.selector, 1024, 1));
        exchange.requestCancel(0, 1024, 1);
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.InvalidLane.selector, 1, 0));
        exchange.requestCancel(0, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.InvalidLane.selector, 0, 0));
        exchange.requestCancelAll(0, 0);
    }

    // 5, 50. Cancel-all comes into force by itself, in every lane, and only ever rises.
    function test_cancel_all() public {
        settle(pair(order(3, 7), other(1, 1), 1));
        vm.prank(vm.addr(alice));
        exchange.requestCancelAll(0, 9);
        (uint32 inForce, uint32 pending, uint64 effectiveAt) = exchange.minSeq(vm.addr(alice), 0);
        assertEq(inForce, 0, "not yet");
        assertEq(pending, 9, "pending");
        assertEq(effectiveAt, nowS + DIRECT_DELAY_S, "time");
        pass(DIRECT_DELAY_S - 1);
        settle(pair(order(3, 7), other(1, 2), 1));
        settle(pair(order(0, 8), other(1, 3), 1));
        pass(1);
        settleRejected(pair(order(3, 8), other(1, 4), 1), BatchCodes.LANE_SPENT, 0);
        settleRejected(pair(order(0, 8), other(1, 4), 1), BatchCodes.LANE_SPENT, 0);
        settleRejected(pair(order(700, 1), other(1, 4), 1), BatchCodes.LANE_SPENT, 0);
        settle(pair(order(3, 9), other(1, 4), 1));
        (inForce, pending, effectiveAt) = exchange.minSeq(vm.addr(alice), 0);
        assertEq(inForce, 9, "in force");
        assertEq(pending + effectiveAt, 0, "nothing pending");
        // A second request keeps the first in force meanwhile.
        vm.prank(vm.addr(alice));
        exchange.requestCancelAll(0, 20);
        settleRejected(pair(order(4, 8), other(1, 5), 1), BatchCodes.LANE_SPENT, 0);
        settle(pair(order(4, 19), other(1, 5), 1));
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.InvalidLane.selector, 0, 9));
        vm.prank(vm.addr(alice));
        exchange.requestCancelAll(0, 9);
        // Another subaccount, and another trader, are none of its business.
        exchange.depositFor(vm.addr(alice), 1, 1_000e6);
        TestOrder memory elsewhere = order(3, 1);
        elsewhere.subaccount = 1;
        settle(pair(elsewhere, other(1, 6), 1));
    }

    // The general way of settling an account keeps what stands beside the map of its positions.
    function test_cancel_all_survives_further_positions() public {
        setMark(MARK);
        vm.prank(vm.addr(alice));
        exchange.requestCancelAll(0, 9);
        settle(pair(order(1, 10), other(1, 1), 1));
        openIn(OBSERVED, 100);
        pass(DIRECT_DELAY_S);
        setMark(MARK);
        (uint32 inForce,,) = exchange.minSeq(vm.addr(alice), 0);
        assertEq(inForce, 9, "still there");
        assertEq(sizeOf(alice, OBSERVED), 100, "position");
        assertEq(sizeOf(alice, FIXED), 1, "position");
        settleRejected(pair(order(2, 8), other(1, 2), 1), BatchCodes.LANE_SPENT, 0);
        // A withdrawal obeys it as well.
        settleRejected(withdrawBatch(withdrawalOf(alice, 1e6)), BatchCodes.LANE_SPENT, 0);
    }

    function order(uint16 lane, uint32 seq) internal view returns (TestOrder memory made) {
        made = orderOf(alice, 0, MARK, 10);
        (made.lane, made.seq, made.expiry) = (lane, seq, type(uint32).max);
    }

    function other(uint16 lane, uint32 seq) internal view returns (TestOrder memory made) {
        made = orderOf(bob, 1, MARK, 10);
        (made.lane, made.seq, made.expiry) = (lane, seq, type(uint32).max);
    }
}
