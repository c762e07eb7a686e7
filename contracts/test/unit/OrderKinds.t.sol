// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {Batches, TestOrder, TestVector} from "../base/Batches.sol";
import {ExchangeTest} from "../base/ExchangeTest.sol";

/// @notice Stop and take-profit orders fill only once the mark has reached their trigger; repricing orders fill at a
/// price of the fill's own inside both limits.
contract OrderKindsTest is ExchangeTest {
    uint8 private constant STOP = 1;
    uint8 private constant TAKE_PROFIT = 2;
    uint8 private constant REPRICING = 3;

    uint256 internal alice;
    uint256 internal bob;

    function setUp() public override {
        super.setUp();
        uint256[] memory keys = sortedKeys(2);
        (alice, bob) = (keys[0], keys[1]);
        exchange.listMarket(listing(1));
        deposit(alice, 1e13);
        deposit(bob, 1e13);
        setMark(MARK);
    }

    // A conditional order of alice against a plain one of bob.
    function conditional(uint8 kind, uint8 side, uint32 trigger, uint32 seq)
        private
        view
        returns (TestOrder memory taken, TestOrder memory made)
    {
        taken = orderOf(alice, side, MARK, 100);
        made = orderOf(bob, 1 - side, MARK, 100);
        (taken.market, made.market) = (OBSERVED, OBSERVED);
        (taken.kind, taken.trigger, taken.seq, made.seq) = (kind, trigger, seq, seq);
    }

    function fillOf(TestOrder memory taken, TestOrder memory made, uint40 quantity)
        private
        view
        returns (bytes memory)
    {
        TestOrder[] memory orders = new TestOrder[](2);
        (orders[0], orders[1]) = (taken, made);
        return bytes.concat(
            abi.encodePacked(uint16(2)),
            Batches.order(domain, TICK_E8, LOT_E8, taken),
            Batches.order(domain, TICK_E8, LOT_E8, made),
            abi.encodePacked(uint16(1), uint16(0), uint16(1), quantity)
        );
    }

    function pricesOf(uint32 mark) private view returns (bytes memory body) {
        body = abi.encodePacked(uint8(3));
        for (uint256 i = 0; i < 3; ++i) {
            TestVector memory vector = vectorOf(i, mark);
            body = bytes.concat(body, Batches.vector(domain, vector));
        }
        body = abi.encodePacked(body, uint8(1), OBSERVED, mark);
    }

    // Stop buy and take-profit sell wait for mark >= trigger; stop sell and take-profit buy for mark <= trigger.
    function testFuzz_trigger_direction(uint8 kind, uint8 side, uint16 away) public {
        kind = kind & 1 == 0 ? STOP : TAKE_PROFIT;
        side = side & 1;
        bool rising = (kind == STOP) == (side == 0);
        uint32 reached = rising ? MARK - away : MARK + away;
        uint32 missed = rising ? MARK + 1 + away : MARK - 1 - away;
        (TestOrder memory taken, TestOrder memory made) = conditional(kind, side, missed, 1);
        settleRejected(pair(taken, made, 100), BatchCodes.NOT_TRIGGERED, 0);
        (taken, made) = conditional(kind, side, reached, 1);
        settle(pair(taken, made, 100));
        assertEq(sizeOf(alice, OBSERVED), side == 0 ? int256(100) : -100, "filled");
    }

    // A mark that an earlier price segment of the batch carried is proof enough, also when it has gone back since.
    function test_trigger_by_an_earlier_mark_of_the_batch() public {
        (TestOrder memory taken, TestOrder memory made) = conditional(STOP, 0, 610_000, 1);
        bytes memory fills = fillOf(taken, made, 100);
        bytes memory last = Batches.segment(Batches.KIND_FILLS, fills);
        bytes memory high = Batches.segment(Batches.KIND_PRICE, pricesOf(610_000));
        bytes memory back = Batches.segment(Batches.KIND_PRICE, pricesOf(MARK));
        // In another batch before, it is not.
        settle(bytes.concat(Batches.header(nextBatch, nextBatch, 2), high, back));
        vm.expectRevert(
            abi.encodeWithSelector(
                BatchCodes.BatchRejected.selector, BatchCodes.NOT_TRIGGERED, 1, 0
            )
        );
        exchange.settle(bytes.concat(Batches.header(nextBatch, nextBatch, 2), back, last));
        settle(bytes.concat(Batches.header(nextBatch, nextBatch, 3), high, back, last));
        assertEq(sizeOf(alice, OBSERVED), 100, "filled");
    }

    // The same below the mark.
    function test_trigger_by_an_earlier_low() public {
        (TestOrder memory taken, TestOrder memory made) = conditional(TAKE_PROFIT, 0, 590_000, 1);
        bytes memory batch = bytes.concat(
            Batches.header(nextBatch, nextBatch, 3),
            Batches.segment(Batches.KIND_PRICE, pricesOf(590_000)),
            Batches.segment(Batches.KIND_PRICE, pricesOf(MARK)),
            Batches.segment(Batches.KIND_FILLS, fillOf(taken, made, 100))
        );
        settle(batch);
        assertEq(sizeOf(alice, OBSERVED), 100, "filled");
    }

    // What has filled once is proven for good; the next order of the lane is not.
    function test_trigger_by_the_lane() public {
        for (uint16 lane = 0; lane < 2; ++lane) {
            (TestOrder memory taken, TestOrder memory made) = conditional(STOP, 0, 610_000, 1);
            (taken.lane, made.lane, made.price, taken.price) = (lane, lane, 600_000, 620_000);
            setMark(610_000);
            settle(pair(taken, made, 40));
            setMark(MARK);
            settle(pair(taken, made, 60));
            (taken.seq, made.seq) = (2, 2);
            settleRejected(pair(taken, made, 1), BatchCodes.NOT_TRIGGERED, 0);
        }
    }

    // 28. An old mark triggers nothing; a market that never had one neither.
    function test_trigger_needs_a_fresh_mark() public {
        (TestOrder memory taken, TestOrder memory made) = conditional(STOP, 0, MARK, 1);
        pass(MARK_AGE_MAX_S + 1);
        (taken.expiry, made.expiry) = (uint32(nowS + 10), uint32(nowS + 10));
        settleRejected(pair(taken, made, 100), BatchCodes.NOT_TRIGGERED, 0);
        (taken.market, made.market, taken.kind) = (1, 1, TAKE_PROFIT);
        settleRejected(pair(taken, made, 100), BatchCodes.NOT_TRIGGERED, 0);
        (taken.market, made.market) = (FIXED, FIXED);
        settle(pair(taken, made, 100));
    }

    // 9. Trigger and kind are signed.
    function test_field_tamper_trigger() public {
        (TestOrder memory taken, TestOrder memory made) = conditional(STOP, 0, MARK - 5, 1);
        bytes memory batch = pair(taken, made, 100);
        batch[60 + 5 + 2 + 90 + 3] ^= 0x01;
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        assertTrue(!ok, "another trigger");
        batch[60 + 5 + 2 + 90 + 3] ^= 0x01;
        batch[60 + 5 + 2 + 64 + 3] = 0x02;
        (ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        assertTrue(!ok, "another kind");
        batch[60 + 5 + 2 + 64 + 3] = 0x01;
        settle(batch);
    }

    function test_kind_without_trigger_and_unknown_kind() public {
        (TestOrder memory taken, TestOrder memory made) = conditional(STOP, 0, 0, 1);
        settleRejected(pair(taken, made, 100), BatchCodes.INVALID_TRIGGER, 0);
        taken.kind = 4;
        settleRejected(pair(taken, made, 100), BatchCodes.UNSUPPORTED_KIND, 0);
        // A conditional order as the last of a table whose trigger is cut off.
        (taken, made) = conditional(STOP, 0, MARK, 1);
        bytes memory order = Batches.order(domain, TICK_E8, LOT_E8, taken);
        bytes memory cut = bytes.concat(abi.encodePacked(uint16(1)), order);
        bytes memory body = bytes.concat(cut, abi.encodePacked(uint16(0)));
        assembly ("memory-safe") {
            mstore(body, sub(mload(body), 4))
        }
        settleRejected(oneSegment(Batches.KIND_FILLS, body), BatchCodes.MALFORMED, 0);
    }

    // An invalid signature stays one, whatever the trigger.
    function test_sig_zero_conditional() public {
        (TestOrder memory taken, TestOrder memory made) = conditional(STOP, 0, 700_000, 1);
        bytes memory batch = pair(taken, made, 100);
        for (uint256 i = 0; i < 64; ++i) {
            batch[60 + 5 + 2 + i] = 0xFF;
        }
        settleRejected(batch, BatchCodes.INVALID_SIGNATURE, 0);
    }

    function repriced(uint8 takerSide, uint32 takerLimit, uint32 makerLimit, uint32 price)
        private
        view
        returns (bytes memory)
    {
        TestOrder memory taken = orderOf(alice, takerSide, takerLimit, 100);
        TestOrder memory made = orderOf(bob, 1 - takerSide, makerLimit, 100);
        (made.kind, taken.takerFee, made.makerFee) = (REPRICING, 0, 0);
        bytes memory body = bytes.concat(fillOf(taken, made, 100), abi.encodePacked(price));
        return oneSegment(Batches.KIND_FILLS, body);
    }

    // 8. One tick outside either limit is refused, everything between settles at the price of the fill.
    function testFuzz_limit_by_one_repricing(uint8 side, uint16 gap, uint16 place) public {
        side = side & 1;
        uint32 low = MARK;
        uint32 high = MARK + gap;
        (uint32 takerLimit, uint32 makerLimit) = side == 0 ? (high, low) : (low, high);
        settleRejected(
            repriced(side, takerLimit, makerLimit, low - 1), BatchCodes.PRICE_OUTSIDE_LIMITS, 0
        );
        settleRejected(
            repriced(side, takerLimit, makerLimit, high + 1), BatchCodes.PRICE_OUTSIDE_LIMITS, 0
        );
        uint32 price = uint32(bound(place, low, high));
        settle(repriced(side, takerLimit, makerLimit, price));
        int256 paid = int256(uint256(price)) * 100 * 10;
        assertEq(cashOf(alice), 1e13 - (side == 0 ? paid : -paid), "cash");
    }

    // 16. The price of a repriced fill is part of the length.
    function test_calldata_malformed_repricing() public {
        TestOrder memory taken = orderOf(alice, 0, MARK, 100);
        TestOrder memory made = orderOf(bob, 1, MARK, 100);
        made.kind = REPRICING;
        bytes memory body = fillOf(taken, made, 100);
        bytes memory batch = oneSegment(Batches.KIND_FILLS, body);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        assertTrue(!ok, "no price");
        body = abi.encodePacked(body, MARK, uint8(0));
        settleRejected(oneSegment(Batches.KIND_FILLS, body), BatchCodes.MALFORMED, 0);
        // As a taker it fills at the maker's limit, without a price of its own.
        (taken.kind, made.kind) = (REPRICING, 0);
        settle(oneSegment(Batches.KIND_FILLS, fillOf(taken, made, 100)));
    }

    // 13. A repricing order that is post-only never takes.
    function test_flag_break_repricing() public {
        TestOrder memory taken = orderOf(alice, 0, MARK, 100);
        TestOrder memory made = orderOf(bob, 1, MARK, 100);
        (taken.kind, taken.flags) = (REPRICING, 2);
        settleRejected(
            oneSegment(Batches.KIND_FILLS, fillOf(taken, made, 100)), BatchCodes.POST_ONLY_TAKER, 0
        );
    }
}
