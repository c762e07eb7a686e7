// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeBase, IPlumbExchange} from "../../src/interfaces/IPlumbExchange.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {TypeHashes} from "../../src/libraries/TypeHashes.sol";
import {Batches, TestFill, TestOrder} from "../base/Batches.sol";
import {ExchangeTest} from "../base/ExchangeTest.sol";

/// @notice What an order is refused for; alice has the lower address and takes, so her order stands first.
contract OrdersTest is ExchangeTest {
    uint256 internal alice;
    uint256 internal bob;

    uint256 private constant SECP256K1_N =
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function setUp() public override {
        super.setUp();
        uint256[] memory keys = sortedKeys(2);
        (alice, bob) = (keys[0], keys[1]);
        deposit(alice, 1e12);
        deposit(bob, 1e12);
    }

    function buy() internal view returns (TestOrder memory) {
        return orderOf(alice, 0, MARK, 100);
    }

    function sell() internal view returns (TestOrder memory) {
        return orderOf(bob, 1, MARK, 100);
    }

    function test_fill_moves_cash_and_positions() public {
        settle(pair(buy(), sell(), 100));
        // 600,000 ticks x 100 lots x 10 micro-USDC = 600 USDC; 450 ppm and 150 ppm of it.
        assertEq(cashOf(alice), 1e12 - 600e6 - 270_000, "taker cash");
        assertEq(cashOf(bob), 1e12 + 600e6 - 90_000, "maker cash");
        assertEq(sizeOf(alice, FIXED), 100, "long");
        assertEq(sizeOf(bob, FIXED), -100, "short");
        assertEq(exchange.totals().fees, 360_000, "fees");
        assertEq(exchange.market(FIXED).openInterest, 100, "open interest");
    }

    // 1. A signature credits its signer alone: signed by a third key, the fill is the third account's.
    function test_sig_other_account() public {
        TestOrder memory forged = buy();
        bytes memory batch = pair(forged, sell(), 100);
        // Another signature over the same fields: eve has no money, and alice is untouched.
        forged.key = traderKey(77);
        (bytes32 r, bytes32 vs) =
            vm.signCompact(forged.key, Batches.orderDigest(domain, TICK_E8, LOT_E8, forged));
        uint256 place = 60 + 5 + 2;
        for (uint256 i = 0; i < 32; ++i) {
            batch[place + i] = r[i];
            batch[place + 32 + i] = vs[i];
        }
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        assertTrue(!ok, "an account without money got a fill");
        assertEq(sizeOf(alice, FIXED), 0, "alice's position");
    }

    // 2. A signature that recovers to nobody.
    function test_sig_zero() public {
        bytes memory batch = pair(buy(), sell(), 100);
        for (uint256 i = 0; i < 64; ++i) {
            batch[67 + i] = 0;
        }
        settleRejected(batch, BatchCodes.INVALID_SIGNATURE, 0);
    }

    // 3. Another deployment's signature, and another chain's.
    function test_sig_domain() public {
        bytes32 own = domain;
        IPlumbExchange other = deployExchange(address(usdc));
        domain = other.domainSeparator();
        assertTrue(domain != own, "two deployments share a domain");
        (bool ok,) =
            address(exchange).call(abi.encodeCall(exchange.settle, (pair(buy(), sell(), 100))));
        assertTrue(!ok, "other deployment's orders settled");
        domain = own;
        bytes memory batch = pair(buy(), sell(), 100);
        vm.chainId(1338);
        vm.expectRevert(abi.encodeWithSelector(IExchangeBase.WrongChain.selector, 1338));
        exchange.settle(batch);
    }

    // 4. The compact form has no room for most second signatures (s above 2^255); the rest is refused.
    function testFuzz_sig_malleable(uint256 seed) public {
        bytes memory batch = pair(buy(), sell(), 100);
        uint256 s = bound(seed, SECP256K1_N / 2 + 1, type(uint256).max >> 1);
        uint256 vs = s | (seed << 255);
        for (uint256 i = 0; i < 32; ++i) {
            batch[99 + i] = bytes32(vs)[i];
        }
        settleRejected(batch, BatchCodes.INVALID_SIGNATURE, 0);
    }

    // 5. Nothing fills twice: same batch again, a filled order, a superseded one, the last sequence number.
    function test_replay() public {
        bytes memory batch = pair(buy(), sell(), 100);
        settle(batch);
        settleRejected(batch, BatchCodes.WRONG_BATCH_NO, 0);
        settleRejected(pair(buy(), sell(), 1), BatchCodes.OVERFILLED, 0);
        TestOrder memory newer = buy();
        TestOrder memory otherSell = sell();
        (newer.seq, otherSell.seq) = (5, 5);
        settle(pair(newer, otherSell, 10));
        TestOrder memory superseded = buy();
        superseded.seq = 4;
        settleRejected(pair(superseded, otherSell, 10), BatchCodes.LANE_SPENT, 0);
        (newer.seq, otherSell.seq) = (type(uint32).max, type(uint32).max);
        settle(pair(newer, otherSell, 100));
        settleRejected(pair(newer, otherSell, 1), BatchCodes.OVERFILLED, 0);
    }

    // 5, 6. Partial fills add up to the size and no further, whatever the cut.
    function testFuzz_lane_monotone(uint256 seed, uint16 lane) public {
        lane = uint16(bound(lane, 0, 1023));
        TestOrder memory taker = buy();
        taker.lane = lane;
        uint256 left = 100;
        uint256 filled = 0;
        for (uint32 i = 1; left > 0; ++i) {
            uint40 part = uint40(bound(uint256(keccak256(abi.encode(seed, i))), 1, left));
            TestOrder memory maker = sell();
            (maker.seq, maker.lane) = (i, 3);
            settle(pair(taker, maker, part));
            left -= part;
            filled += part;
            (uint32 seq, uint64 stored) = exchange.lane(vm.addr(alice), 0, lane);
            assertEq(seq, 1, "seq");
            assertEq(stored, filled, "filled");
        }
        TestOrder memory last = sell();
        (last.seq, last.lane) = (999, 3);
        settleRejected(pair(taker, last, 1), BatchCodes.OVERFILLED, 0);
    }

    // 6. Neighbouring lanes share a slot and nothing else.
    function test_lanes_are_apart() public {
        for (uint16 lane = 0; lane < 9; ++lane) {
            TestOrder memory taker = buy();
            TestOrder memory maker = sell();
            (taker.lane, maker.lane) = (lane, lane);
            (taker.seq, maker.seq) = (lane + 1, lane + 1);
            settle(pair(taker, maker, lane + 1));
        }
        for (uint16 lane = 0; lane < 9; ++lane) {
            (uint32 seq, uint64 filled) = exchange.lane(vm.addr(alice), 0, lane);
            assertEq(seq, lane + 1, "seq");
            assertEq(filled, lane + 1, "filled");
        }
    }

    // 7. An order settles up to its expiry and not a second later.
    function test_expiry_edge() public {
        TestOrder memory taker = buy();
        taker.expiry = uint32(nowS);
        settle(pair(taker, sell(), 1));
        pass(1);
        taker.seq = 2;
        settleRejected(pair(taker, sell(), 1), BatchCodes.EXPIRED, 0);
    }

    // 8. One tick beyond either limit.
    function testFuzz_limit_by_one(uint32 limit, uint8 side) public {
        limit = uint32(bound(limit, 2, 4e9));
        side = side & 1;
        TestOrder memory taker = orderOf(alice, side, limit, 1);
        TestOrder memory maker = orderOf(bob, 1 - side, side == 0 ? limit + 1 : limit - 1, 1);
        settleRejected(pair(taker, maker, 1), BatchCodes.NOT_CROSSING, 0);
    }

    // 9. Any signed bit changed makes it somebody else's order, or none.
    function testFuzz_field_tamper(uint256 bit) public {
        // The 24 signed bytes after r and vs; the fees that follow are the operator's, below the signed cap.
        bit = bound(bit, 0, 24 * 8 - 1);
        bytes memory batch = pair(buy(), sell(), 100);
        uint256 place = 60 + 5 + 2 + 64 + bit / 8;
        batch[place] = bytes1(uint8(batch[place]) ^ uint8(1 << (bit % 8)));
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        assertTrue(!ok, "a tampered order settled");
    }

    // 9. The hash is the struct's as the type string says.
    function test_typehash_equals_struct() public pure {
        assertEq(
            TypeHashes.ORDER,
            keccak256(
                "Order(uint32 market,uint8 subaccount,uint8 side,uint8 flags,uint8 kind,uint64 price,uint64 size,uint64 trigger,uint16 maxFee,uint16 lane,uint32 seq,uint32 expiry)"
            ),
            "type hash"
        );
    }

    // 10. Pairs that are none.
    function test_bad_pair() public {
        TestOrder memory taker = buy();
        taker.market = OBSERVED;
        settleRejected(pair(taker, sell(), 1), BatchCodes.MARKET_MISMATCH, 0);
        TestOrder memory sameSide = sell();
        sameSide.side = 0;
        settleRejected(pair(buy(), sameSide, 1), BatchCodes.SAME_SIDE, 0);
        settleRejected(pair(buy(), sell(), 0), BatchCodes.ZERO_QUANTITY, 0);
    }

    // 10. A trade with oneself costs both fees and nothing else.
    function test_self_trade_nets_to_fees() public {
        TestOrder[] memory orders = new TestOrder[](2);
        TestFill[] memory fills = new TestFill[](1);
        orders[0] = buy();
        orders[1] = buy();
        (orders[1].side, orders[1].lane) = (1, 1);
        fills[0] = TestFill(0, 1, 100);
        settle(fillBatch(orders, fills));
        assertEq(cashOf(alice), 1e12 - 360_000, "cash");
        assertEq(sizeOf(alice, FIXED), 0, "position");
        assertEq(exchange.market(FIXED).openInterest, 0, "open interest");
    }

    // 12. Fees up to the signed cap, rebates up to the taker's fee.
    function test_fee_cap() public {
        TestOrder memory taker = buy();
        taker.takerFee = 51;
        settleRejected(pair(taker, sell(), 1), BatchCodes.FEE_ABOVE_MAX, 0);
        TestOrder memory maker = sell();
        maker.makerFee = 51;
        settleRejected(pair(buy(), maker, 1), BatchCodes.FEE_ABOVE_MAX, 1);
        maker.makerFee = -46;
        settleRejected(pair(buy(), maker, 100), BatchCodes.REBATE_ABOVE_FEE, 0);
        maker.makerFee = -45;
        settle(pair(buy(), maker, 100));
        assertEq(exchange.totals().fees, 0, "the rebate took the whole fee");
    }

    // 12, 22. A debit rounds up and a rebate down, on one lot as on many.
    function testFuzz_fee_rounding(uint32 price, uint40 size, uint8 rate, uint8 rebate) public {
        price = uint32(bound(price, 1, 3_000_000));
        size = uint40(bound(size, 1, 5_000));
        rate = uint8(bound(rate, 0, 50));
        rebate = uint8(bound(rebate, 0, rate));
        TestOrder memory taker = orderOf(alice, 0, price, size);
        TestOrder memory maker = orderOf(bob, 1, price, size);
        taker.takerFee = rate;
        maker.makerFee = -int8(rebate);
        settle(pair(taker, maker, size));
        uint256 notional = uint256(price) * size * QUOTE;
        uint256 debit = (notional * rate + 99_999) / 100_000;
        uint256 credit = notional * rebate / 100_000;
        assertEq(cashOf(alice), 1e12 - int256(notional + debit), "taker");
        assertEq(cashOf(bob), 1e12 + int256(notional + credit), "maker");
        assertEq(exchange.totals().fees, debit - credit, "fees");
    }

    // 13. Promises the operator cannot break.
    function test_flag_break() public {
        TestOrder memory taker = buy();
        taker.flags = 2;
        settleRejected(pair(taker, sell(), 1), BatchCodes.POST_ONLY_TAKER, 0);
        taker.flags = 2 << 2;
        settleRejected(pair(taker, sell(), 99), BatchCodes.FOK_NOT_FILLED, 0);
        settle(pair(taker, sell(), 100));
        taker.flags = 3 << 2;
        settleRejected(pair(taker, sell(), 1), BatchCodes.INVALID_FLAGS, 0);
        taker.flags = 32;
        settleRejected(pair(taker, sell(), 1), BatchCodes.INVALID_FLAGS, 0);
    }

    function test_invalid_fields() public {
        TestOrder memory taker = buy();
        taker.kind = 4;
        settleRejected(pair(taker, sell(), 1), BatchCodes.UNSUPPORTED_KIND, 0);
        taker = buy();
        taker.price = 0;
        settleRejected(pair(taker, sell(), 1), BatchCodes.INVALID_PRICE, 0);
        taker = buy();
        taker.size = 0;
        settleRejected(pair(taker, sell(), 1), BatchCodes.INVALID_SIZE, 0);
        taker.size = 1e11 + 1;
        settleRejected(pair(taker, sell(), 1), BatchCodes.INVALID_SIZE, 0);
        taker = buy();
        taker.lane = 1024;
        settleRejected(pair(taker, sell(), 1), BatchCodes.INVALID_LANE, 0);
        taker = buy();
        taker.seq = 0;
        settleRejected(pair(taker, sell(), 1), BatchCodes.INVALID_LANE, 0);
        taker = buy();
        taker.market = 1;
        settleRejected(pair(taker, sell(), 1), BatchCodes.UNKNOWN_MARKET, 0);
    }

    // 11. Reduce-only neither grows nor flips, and not by way of another order of the segment.
    function test_reduce_only() public {
        TestOrder memory reduce = buy();
        (reduce.flags, reduce.lane) = (1, 1);
        settleRejected(pair(reduce, sell(), 10), BatchCodes.REDUCE_ONLY, 0);
        TestOrder memory opened = orderOf(alice, 1, MARK, 100);
        TestOrder memory against = orderOf(bob, 0, MARK, 100);
        settle(pair(opened, against, 50));
        settleRejected(pair(reduce, sell(), 51), BatchCodes.REDUCE_ONLY, 0);
        TestOrder memory closing = sell();
        closing.lane = 1;
        settle(pair(reduce, closing, 50));
        assertEq(sizeOf(alice, FIXED), 0, "closed");
    }

    function testFuzz_reduce_only_by_reordering(uint8 plain, uint8 reducing) public {
        settle(pair(orderOf(alice, 0, MARK, 100), orderOf(bob, 1, MARK, 100), 20));
        uint40 sold = uint40(bound(plain, 1, 40));
        uint40 reduced = uint40(bound(reducing, 1, 40));
        TestOrder[] memory orders = new TestOrder[](3);
        TestFill[] memory fills = new TestFill[](2);
        orders[0] = orderOf(alice, 1, MARK, 40);
        orders[0].lane = 1;
        orders[1] = orderOf(alice, 1, MARK, 40);
        (orders[1].lane, orders[1].flags) = (2, 1);
        orders[2] = orderOf(bob, 0, MARK, 100);
        orders[2].lane = 1;
        fills[0] = TestFill(0, 2, sold);
        fills[1] = TestFill(1, 2, reduced);
        bytes memory batch = fillBatch(orders, fills);
        if (sold + reduced > 20) settleRejected(batch, BatchCodes.REDUCE_ONLY, 0);
        else settle(batch);
    }

    function test_position_limit() public {
        deposit(alice, 8e15);
        TestOrder memory taker = buy();
        TestOrder memory maker = sell();
        (taker.price, maker.price) = (1, 1);
        (taker.size, maker.size) = (1e11, 1e11);
        // Ten orders of the greatest size reach the limit of 1e12 lots; no margin is asked at this stage of the check.
        TestOrder[] memory orders = new TestOrder[](22);
        TestFill[] memory fills = new TestFill[](11);
        for (uint16 i = 0; i < 11; ++i) {
            orders[i] = orderOf(alice, 0, 1, 1e11);
            orders[i].lane = i;
            orders[11 + i] = orderOf(bob, 1, 1, 1e11);
            orders[11 + i].lane = i;
            fills[i] = TestFill(i, 11 + i, 1e11);
        }
        settleRejected(fillBatch(orders, fills), BatchCodes.POSITION_LIMIT, 0);
    }

    function test_unused_and_unsorted_orders() public {
        TestOrder[] memory orders = new TestOrder[](3);
        TestFill[] memory fills = new TestFill[](1);
        orders[0] = buy();
        orders[1] = buy();
        orders[1].lane = 1;
        orders[2] = sell();
        fills[0] = TestFill(0, 2, 1);
        settleRejected(fillBatch(orders, fills), BatchCodes.ORDER_UNUSED, 1);
        (orders[0], orders[1]) = (orders[1], orders[0]);
        settleRejected(fillBatch(orders, fills), BatchCodes.ORDERS_NOT_SORTED, 1);
        orders[1] = orders[0];
        settleRejected(fillBatch(orders, fills), BatchCodes.ORDERS_NOT_SORTED, 1);
        fills[0] = TestFill(0, 3, 1);
        orders[1] = sell();
        orders[1].lane = 0;
        orders[2] = sell();
        orders[2].lane = 1;
        settleRejected(fillBatch(orders, fills), BatchCodes.INVALID_ORDER_INDEX, 0);
    }

    // An amended order and its successor may both have filled in one segment: the lane ends at the higher one.
    function test_amend_within_a_segment() public {
        TestOrder[] memory orders = new TestOrder[](3);
        TestFill[] memory fills = new TestFill[](2);
        orders[0] = buy();
        orders[1] = buy();
        (orders[1].seq, orders[1].size) = (2, 30);
        orders[2] = sell();
        fills[0] = TestFill(0, 2, 60);
        fills[1] = TestFill(1, 2, 30);
        settle(fillBatch(orders, fills));
        (uint32 seq, uint64 filled) = exchange.lane(vm.addr(alice), 0, 0);
        assertEq(seq, 2, "seq");
        assertEq(filled, 30, "filled of the successor");
    }
}
