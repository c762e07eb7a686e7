// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeBase} from "../../src/interfaces/IPlumbExchange.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {Batches, TestOrder} from "../base/Batches.sol";
import {RiskTest} from "../base/RiskTest.sol";

/// @notice Transfers between own subaccounts, gifts to insurance, activations, and batches that settle what they can.
contract TransfersTest is RiskTest {
    function transfer(uint256 key, uint8 from, uint8 to, uint64 amount, uint32 seq)
        private
        view
        returns (bytes memory)
    {
        return oneSegment(KIND_TRANSFERS, moneyBody(false, key, from, to, amount, seq));
    }

    // Free collateral moves to another subaccount of the same owner, once.
    function test_transfer() public {
        settle(transfer(alice, 0, 1, 100e6, 1)); // needs 900 of 1,000
        (int256 cash,) = exchange.account(vm.addr(alice), 1);
        assertEq(cash, 100e6, "arrived");
        settleRejected(transfer(alice, 0, 1, 100e6, 1), BatchCodes.LANE_SPENT, 0);
        settleRejected(transfer(alice, 0, 1, 1, 2), BatchCodes.NOT_SETTLEABLE, 0);
        settle(transfer(alice, 1, 2, 40e6, 1));
        settle(transfer(alice, 2, 0, 40e6, 1));
        assertConserved();
    }

    // 41. Every signed field counts: the money reaches no other account and no other amount.
    function testFuzz_withdraw_redirect_transfer(uint256 bit) public {
        bytes memory batch = transfer(carol, 0, 1, 100e6, 1);
        bit = bound(bit, 0, 83 * 8);
        uint256 place = 60 + 5 + 2 + bit / 8;
        batch[place] = bytes1(uint8(batch[place]) ^ uint8(1 << (bit % 8)));
        int256 before = cashOf(carol);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        assertTrue(!ok, "tampered");
        assertEq(cashOf(carol), before, "unmoved");
    }

    function test_invalid_transfers() public {
        settleRejected(transfer(carol, 0, 0, 1, 1), BatchCodes.SAME_ACCOUNT, 0);
        settleRejected(transfer(carol, 0, 1, 0, 1), BatchCodes.ZERO_AMOUNT, 0);
        settleRejected(transfer(carol, 0, 1, 1, 0), BatchCodes.INVALID_LANE, 0);
        bytes memory batch = transfer(carol, 0, 1, 1, 1);
        pass(1001);
        settleRejected(batch, BatchCodes.EXPIRED, 0);
        batch = transfer(carol, 0, 1, 1, 1);
        for (uint256 i = 0; i < 64; ++i) {
            batch[60 + 5 + 2 + i] = 0xFF;
        }
        settleRejected(batch, BatchCodes.INVALID_SIGNATURE, 0);
        bytes memory body = abi.encodePacked(uint16(1), bytes32(0));
        settleRejected(oneSegment(KIND_TRANSFERS, body), BatchCodes.MALFORMED, 0);
        exchange.depositFor(vm.addr(backstopKey()), 0, 1e9);
        settleRejected(transfer(backstopKey(), 0, 1, 1, 1), BatchCodes.BACKSTOP_LOCKED, 0);
        body = moneyBody(true, carol, 0, 9, 1e6, 1);
        settleRejected(oneSegment(KIND_INSURANCE, body), BatchCodes.UNKNOWN_MARKET, 0);
        // A gift is no transfer: another type is signed.
        body = moneyBody(true, carol, 0, 1, 1e6, 1);
        (bool ok,) = address(exchange).call(
            abi.encodeCall(exchange.settle, (oneSegment(KIND_TRANSFERS, body)))
        );
        assertTrue(!ok, "another message");
    }

    // 5. One lane rule for orders, withdrawals and transfers.
    function test_replay_transfer_against_orders() public {
        TestOrder memory taken = orderOf(carol, 0, MARK, 10);
        TestOrder memory made = orderOf(bob, 1, MARK, 10);
        (taken.lane, made.lane, taken.seq) = (7, 7, 4);
        settle(pair(taken, made, 5));
        settleRejected(transfer(carol, 0, 1, 1e6, 4), BatchCodes.LANE_SPENT, 0);
        settle(transfer(carol, 0, 1, 1e6, 5));
        (taken.seq, made.seq) = (5, 2);
        settleRejected(
            pair(taken, made, 5), BatchCodes.OVERFILLED, vm.addr(carol) < vm.addr(bob) ? 0 : 1
        );
    }

    // A triggered order that rests: its lane carries the proof into later batches, once the mark was there.
    function test_activation() public {
        TestOrder memory order = bid(carol, 620_000, 100);
        (order.kind, order.trigger, order.seq) = (1, 610_000, 1);
        settleRejected(activation(order), BatchCodes.NOT_TRIGGERED, 0);
        setMark(610_000);
        settle(activation(order));
        (uint32 seq, uint64 filled) = exchange.lane(vm.addr(carol), 0, 5);
        assertEq(uint256(seq) << 40 | filled, 1 << 40, "noted, nothing filled");
        setMark(MARK);
        TestOrder memory made = orderOf(bob, 1, 620_000, 100);
        (made.market, made.seq, made.lane) = (OBSERVED, 1, 5);
        settle(pair(order, made, 60));
        settle(activationAt(order, 610_000)); // again: nothing new
        (, filled) = exchange.lane(vm.addr(carol), 0, 5);
        assertEq(filled, 60, "kept");
        order.seq = 0;
        settleRejected(activation(order), BatchCodes.INVALID_LANE, 0);
        order = bid(carol, 620_000, 100);
        settleRejected(activation(order), BatchCodes.UNSUPPORTED_KIND, 0);
        // An older number of the lane is dead.
        order.seq = 9;
        settle(pair(order, sellOf(bob), 1));
        (order.kind, order.trigger, order.seq) = (1, MARK, 8);
        settleRejected(activation(order), BatchCodes.LANE_SPENT, 0);
    }

    function sellOf(uint256 key) private returns (TestOrder memory order) {
        order = orderOf(key, 1, MARK, 1);
        (order.market, order.lane, order.seq) = (OBSERVED, 6, nextSeq++);
    }

    function activation(TestOrder memory order) private view returns (bytes memory) {
        return oneSegment(
            KIND_ACTIVATIONS,
            bytes.concat(abi.encodePacked(uint16(1)), Batches.order(domain, TICK_E8, LOT_E8, order))
        );
    }

    function activationAt(TestOrder memory order, uint32 mark) private returns (bytes memory) {
        setMark(mark);
        return activation(order);
    }

    // 42, 58. Best effort: what is refused is skipped with its code, the rest settles; formats still revert whole.
    function test_poison_pill_best_effort() public {
        bytes memory good = Batches.segment(
            KIND_TRANSFERS, moneyBody(false, carol, 0, 1, 5e6, 1)
        );
        bytes memory bad = Batches.segment(
            KIND_TRANSFERS, moneyBody(false, alice, 0, 1, 900e6, 1)
        );
        bytes memory batch =
            bytes.concat(Batches.header(nextBatch, nextBatch, 3), bad, good, bad);
        batch[1] = 0x01;
        vm.expectEmit(address(exchange));
        emit IExchangeBase.PairSkipped(nextBatch, 0, BatchCodes.NOT_SETTLEABLE);
        vm.expectEmit(address(exchange));
        emit IExchangeBase.PairSkipped(nextBatch, 2, BatchCodes.NOT_SETTLEABLE);
        settle(batch);
        (int256 cash,) = exchange.account(vm.addr(carol), 1);
        assertEq(cash, 5e6, "the good one");
        (cash,) = exchange.account(vm.addr(alice), 1);
        assertEq(cash, 0, "the bad one");
        assertConserved();
        // Fast mode never skips.
        batch = bytes.concat(Batches.header(nextBatch, nextBatch, 2), good, bad);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        assertTrue(!ok, "whole");
        batch = bytes.concat(Batches.header(nextBatch, nextBatch, 2), good, hex"02");
        batch[1] = 0x01;
        (ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        assertTrue(!ok, "format");
    }

    // 42. A pair is skipped whole: neither side, no fee, no lane moves; its neighbours settle.
    function test_poison_pill_pair() public {
        uint256 pauper = traderKey(80);
        bytes memory bad = fillSegment(pauper, 1_000, 1);
        bytes memory good = fillSegment(carol, 10, 2);
        int256 before = cashOf(bob);
        bytes memory batch = bytes.concat(Batches.header(nextBatch, nextBatch, 2), bad, good);
        batch[1] = 0x01;
        vm.expectEmit(address(exchange));
        emit IExchangeBase.PairSkipped(nextBatch, 0, BatchCodes.NOT_SETTLEABLE);
        settle(batch);
        assertEq(sizeOf(carol, FIXED), 10, "the good pair");
        assertEq(sizeOf(bob, FIXED), -10, "its maker");
        assertTrue(cashOf(bob) > before, "one fill");
        (uint32 seq,) = exchange.lane(vm.addr(bob), 0, 1);
        assertEq(uint256(seq), 0, "the skipped pair's lane");
        assertConserved();
    }

    function fillSegment(uint256 taker, uint40 size, uint16 lane)
        private
        view
        returns (bytes memory)
    {
        TestOrder memory taken = orderOf(taker, 0, MARK, size);
        TestOrder memory made = orderOf(bob, 1, MARK, size);
        (taken.lane, made.lane) = (lane, lane);
        bool ordered = vm.addr(taker) < vm.addr(bob);
        bytes memory first = Batches.order(domain, TICK_E8, LOT_E8, ordered ? taken : made);
        bytes memory second = Batches.order(domain, TICK_E8, LOT_E8, ordered ? made : taken);
        bytes memory body = bytes.concat(
            abi.encodePacked(uint16(2)),
            first,
            second,
            abi.encodePacked(
                uint16(1), uint16(ordered ? 0 : 1), uint16(ordered ? 1 : 0), size
            )
        );
        return Batches.segment(Batches.KIND_FILLS, body);
    }

    // 42. However little gas a relayer sends: what is good settles, or everything reverts; nothing is skipped for it.
    function testFuzz_poison_pill_gas(uint256 gasGiven) public {
        bytes memory good = Batches.segment(
            KIND_TRANSFERS, moneyBody(false, carol, 0, 1, 5e6, 1)
        );
        bytes memory batch = bytes.concat(Batches.header(nextBatch, nextBatch, 1), good);
        batch[1] = 0x01;
        (bool ok,) = address(exchange).call{gas: bound(gasGiven, 50_000, 1_200_000)}(
            abi.encodeCall(exchange.settle, (batch))
        );
        (int256 cash,) = exchange.account(vm.addr(carol), 1);
        assertEq(cash, ok ? int256(5e6) : int256(0), "settled or nothing");
    }
}
