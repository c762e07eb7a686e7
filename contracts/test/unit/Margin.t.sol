// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Position} from "../../src/interfaces/IPlumbExchange.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {TestFill, TestOrder} from "../base/Batches.sol";
import {ExchangeTest} from "../base/ExchangeTest.sol";

/// @notice The margin rule: covered at the marks, or only reduced and no worse.
contract MarginTest is ExchangeTest {
    uint256 internal alice;
    uint256 internal bob;
    uint256 internal carol;

    function setUp() public override {
        super.setUp();
        uint256[] memory keys = sortedKeys(3);
        (alice, bob, carol) = (keys[0], keys[1], keys[2]);
        deposit(bob, 1e13);
        deposit(carol, 1e13);
        setMark(MARK);
    }

    function trade(uint256 taker, uint8 side, uint32 price, uint40 size, uint32 seq)
        internal
        view
        returns (bytes memory)
    {
        TestOrder memory taken = orderOf(taker, side, price, size);
        TestOrder memory made = orderOf(bob, 1 - side, price, size);
        (taken.market, made.market) = (OBSERVED, OBSERVED);
        (taken.seq, made.seq) = (seq, seq);
        (taken.takerFee, made.makerFee) = (0, 0);
        return pair(taken, made, size);
    }

    // 33. Exactly initial margin settles, one micro-USDC less does not.
    function testFuzz_margin_after(uint40 size, uint8 side) public {
        size = uint40(bound(size, 1, 100_000));
        side = side & 1;
        uint256 margin = (uint256(MARK) * size * QUOTE * 500 + 9_999) / 10_000;
        if (margin < USDC) size = 100;
        margin = (uint256(MARK) * size * QUOTE * 500 + 9_999) / 10_000;
        exchange.depositFor(vm.addr(alice), 0, margin - 1);
        settleRejected(trade(alice, side, MARK, size, 1), BatchCodes.NOT_SETTLEABLE, 0);
        deposit(alice, USDC);
        settle(trade(alice, side, MARK, size, 1));
    }

    // 33. Below margin an account may shrink what it has, not flip it, not grow it, not pay more than its ratio.
    function test_reduced_and_no_worse() public {
        deposit(alice, 1_000e6);
        settle(trade(alice, 0, MARK, 3_000, 1)); // 18,000 USDC long, margin 900
        setMark(590_000); // equity 700, margin 885
        settleRejected(trade(alice, 0, 590_000, 1, 2), BatchCodes.NOT_SETTLEABLE, 0);
        settleRejected(trade(alice, 1, 590_000, 6_500, 2), BatchCodes.NOT_SETTLEABLE, 0);
        // Selling far below the mark eats equity faster than margin.
        settleRejected(trade(alice, 1, 500_000, 100, 2), BatchCodes.NOT_SETTLEABLE, 0);
        settle(trade(alice, 1, 590_000, 100, 2));
        assertEq(sizeOf(alice, OBSERVED), 2_900, "reduced");
    }

    // 33. Below zero every smaller position is a worse ratio: such an account is the liquidation's, not the trader's.
    function test_below_zero_cannot_trade() public {
        deposit(alice, 1_000e6);
        settle(trade(alice, 0, MARK, 3_000, 1));
        setMark(560_000); // equity -200
        settleRejected(trade(alice, 1, 560_000, 3_000, 2), BatchCodes.NOT_SETTLEABLE, 0);
        settleRejected(trade(alice, 1, 560_000, 1_000, 2), BatchCodes.NOT_SETTLEABLE, 0);
        // A price better than the mark by more than the debt makes it whole.
        settle(trade(alice, 1, 570_000, 3_000, 2));
        assertEq(cashOf(alice), 100e6, "what is left");
    }

    // 33. Profit and loss of one market carry another; each market counts by itself in the margin.
    function test_cross_margin_over_markets() public {
        deposit(alice, 1_000e6);
        settle(trade(alice, 0, MARK, 3_000, 1));
        TestOrder memory taken = orderOf(alice, 1, MARK, 300);
        TestOrder memory made = orderOf(bob, 0, MARK, 300);
        (taken.lane, made.lane, taken.takerFee, made.makerFee) = (1, 1, 0, 0);
        settle(pair(taken, made, 300)); // fixed market: 1,800 USDC short, margin 90 of the 100 free
        (, Position[] memory positions) = exchange.account(vm.addr(alice), 0);
        assertEq(positions.length, 2, "two markets");
        taken.seq = 2;
        made.seq = 2;
        settleRejected(pair(taken, made, 40), BatchCodes.NOT_SETTLEABLE, 0);
        settle(pair(taken, made, 33));
        // Closing the first market frees the primary place; the second stays where it is.
        settle(trade(alice, 1, MARK, 3_000, 3));
        (, positions) = exchange.account(vm.addr(alice), 0);
        assertEq(positions.length, 1, "one market");
        assertEq(positions[0].size, -333, "the short");
        assertEq(cashOf(alice), 1_000e6 + 333 * int256(uint256(MARK)) * 10, "cash");
    }

    function test_no_mark() public {
        listLate(listing(1));
        deposit(alice, 1e12);
        TestOrder memory taken = orderOf(alice, 0, MARK, 1);
        TestOrder memory made = orderOf(bob, 1, MARK, 1);
        (taken.market, made.market) = (1, 1);
        settleRejected(pair(taken, made, 1), BatchCodes.NO_MARK, 0);
    }

    // 28. At a stale mark positions only shrink.
    function test_price_stale() public {
        deposit(alice, 1e12);
        settle(trade(alice, 0, MARK, 100, 1));
        pass(MARK_AGE_MAX_S);
        settle(trade(alice, 0, MARK, 1, 2));
        pass(1);
        settleRejected(trade(alice, 0, MARK, 1, 3), BatchCodes.NOT_SETTLEABLE, 0);
        // Bob is short: he shrinks together with alice.
        settle(trade(alice, 1, MARK, 50, 3));
        setMark(MARK);
        settle(trade(alice, 0, MARK, 1, 4));
    }

    // 21. A partial close realises the part, to the unit: cash carries the cost.
    function testFuzz_pnl_partial(uint32 entry, uint32 exit, uint16 opened, uint16 closed) public {
        deposit(alice, 1e13);
        entry = uint32(bound(entry, 500_000, 700_000));
        exit = uint32(bound(exit, 500_000, 700_000));
        uint40 size = uint40(bound(opened, 1, 10_000));
        uint40 part = uint40(bound(closed, 1, size));
        settle(trade(alice, 0, entry, size, 1));
        settle(trade(alice, 1, exit, part, 2));
        int256 moved = int256(uint256(exit)) * int40(part) - int256(uint256(entry)) * int40(size);
        assertEq(cashOf(alice), 1e13 + moved * 10, "cash");
        assertEq(sizeOf(alice, OBSERVED), int40(size - part), "left");
    }

    // 24. Neighbouring fields of the account word do not touch each other at the edges.
    function test_packing_extremes() public {
        exchange.depositFor(vm.addr(alice), 255, 4e15);
        exchange.depositFor(vm.addr(carol), 254, 4e15);
        TestOrder[] memory orders = new TestOrder[](2);
        TestFill[] memory fills = new TestFill[](1);
        orders[0] = orderOf(alice, 0, 1, 1e11);
        orders[1] = orderOf(carol, 1, 1, 1e11);
        (orders[0].subaccount, orders[1].subaccount) = (255, 254);
        (orders[0].seq, orders[1].seq) = (type(uint32).max, type(uint32).max);
        (orders[0].takerFee, orders[1].makerFee) = (0, 0);
        fills[0] = TestFill(0, 1, 1e11);
        listLate(listingWithFixedMark(63, 1));
        (orders[0].market, orders[1].market) = (63, 63);
        settle(fillBatch(orders, fills));
        (int256 cash, Position[] memory positions) = exchange.account(vm.addr(carol), 254);
        assertEq(cash, 4e15 + 1e11, "cash");
        assertEq(positions[0].market, 63, "market");
        assertEq(positions[0].size, -1e11, "size");
        (uint32 seq, uint64 filled) = exchange.lane(vm.addr(carol), 254, 0);
        assertEq(seq, type(uint32).max, "seq");
        assertEq(filled, 1e11, "filled");
        (cash,) = exchange.account(vm.addr(carol), 253);
        assertEq(cash, 0, "neighbour");
    }
}
