// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {Batches, TestOrder} from "../base/Batches.sol";
import {RiskTest} from "../base/RiskTest.sol";

/// @notice Liquidation into the book: the victim signs nothing, and loses no more than the rules of risk.md 1.9 say.
contract LiquidationTest is RiskTest {
    // 580,000: limit = 580,000 - 1.5 x (435 - 400) USDC / 0.03 USDC a tick = 578,250.
    uint32 private constant LIMIT = 578_250;

    function test_liquidation_into_the_book() public {
        setMark(SICK_MARK);
        settle(liquidation(alice, bid(carol, 579_000, 3_000), 3_000));
        // 17,370 USDC received; bankruptcy 17,000; the fee is 1.5 % = 260.55, less than the 370 between.
        assertEq(cashOf(alice), -17_000e6 + 17_370e6 - 260_550_000, "victim");
        assertEq(sizeOf(alice, OBSERVED), 0, "closed");
        assertEq(sizeOf(carol, OBSERVED), 3_000, "maker");
        assertEq(insurance(), 260_550_000, "fee to the insurance");
        assertConserved();
    }

    // 36. Near the bankruptcy price the fee is what is left above it: the victim never pays with what it does not have.
    function testFuzz_liquidator_abuse_fee(uint40 lots, uint32 price) public {
        setMark(SICK_MARK);
        lots = uint40(bound(lots, 1, 3_000));
        price = uint32(bound(price, LIMIT, SICK_MARK + 20_000));
        (int256 before, uint256 needed,,) = exchange.health(vm.addr(alice), 0);
        settle(liquidation(alice, bid(carol, price, lots), lots));
        (int256 equity, uint256 still,,) = exchange.health(vm.addr(alice), 0);
        // Its equity shrinks at most in the proportion in which the requirement does.
        assertTrue(equity * int256(needed) >= before * int256(still) - int256(needed), "ratio");
        assertTrue(insurance() * 1e6 <= uint256(price) * lots * 10 * 15_000 + 1e6, "at most 1.5 %");
        assertConserved();
    }

    // 34, 42. The engine decides on what it has credited; a deposit that came meanwhile must not undo a batch. Half an
    // hour later it counts whatever the engine says.
    function test_deposit_after_the_decision() public {
        setMark(SICK_MARK);
        uint48 next = uint48(lastDepositId()) + 1;
        bytes memory body = liquidationOf(alice, bid(carol, SICK_MARK, 100), 100);
        uint256 unaware = vm.snapshotState();
        settle(oneSegment(KIND_LIQUIDATIONS, body));
        (int256 cash, uint256 insured) = (cashOf(alice), insurance());
        vm.revertToState(unaware);
        deposit(alice, 500_000e6);
        deposit(alice, 1e6);
        settleRejected(oneSegment(KIND_LIQUIDATIONS, body), BatchCodes.HEALTHY, 0);
        settleRejectedAt(creditedThen(next + 2, body), BatchCodes.HEALTHY, 1);
        settleRejectedAt(creditedThen(next + 1, body), BatchCodes.HEALTHY, 1);
        uint256 topped = vm.snapshotState();
        settle(creditedThen(next, body));
        assertEq(cashOf(alice), cash + 500_001e6, "as without the deposits");
        assertEq(insurance(), insured, "as without the deposits");
        // Only in its own batch.
        settleRejected(
            oneSegment(KIND_LIQUIDATIONS, liquidationOf(alice, bid(carol, SICK_MARK, 1), 1)),
            BatchCodes.HEALTHY,
            0
        );
        vm.revertToState(topped);
        pass(30 minutes);
        setMark(SICK_MARK);
        body = liquidationOf(alice, bid(carol, SICK_MARK, 100), 100);
        settleRejectedAt(creditedThen(next, body), BatchCodes.HEALTHY, 1);
    }

    function creditedThen(uint48 next, bytes memory body) private view returns (bytes memory) {
        return bytes.concat(
            Batches.header(nextBatch, nextBatch, 2),
            Batches.segment(KIND_CREDITED, abi.encodePacked(uint16(1), next)),
            Batches.segment(KIND_LIQUIDATIONS, body)
        );
    }

    function lastDepositId() private view returns (uint64 id) {
        (id,) = exchange.lastDeposit();
    }

    function settleRejectedAt(bytes memory batch, uint8 code, uint256 segment) private {
        vm.expectRevert(abi.encodeWithSelector(BatchCodes.BatchRejected.selector, code, segment, 0));
        exchange.settle(batch);
    }

    // 36. A healthy victim, too much, the wrong side, past the limit, its own order, below what the book may serve.
    function test_liquidator_abuse() public {
        settleRejected(liquidation(alice, bid(carol, MARK, 10), 10), BatchCodes.HEALTHY, 0);
        setMark(SICK_MARK);
        TestOrder memory maker = bid(carol, LIMIT, 5_000);
        settleRejected(liquidation(alice, maker, 3_001), BatchCodes.NOT_REDUCING, 0);
        settleRejected(liquidation(alice, maker, 0), BatchCodes.ZERO_QUANTITY, 0);
        maker.price = LIMIT - 1;
        settleRejected(
            liquidation(alice, maker, 10), BatchCodes.PAST_LIQUIDATION_LIMIT, 0
        );
        maker.side = 1;
        settleRejected(liquidation(alice, maker, 10), BatchCodes.SAME_SIDE, 0);
        settleRejected(
            liquidation(alice, bid(alice, LIMIT, 10), 10), BatchCodes.SAME_ACCOUNT, 0
        );
        maker = bid(carol, MARK, 10);
        maker.market = FIXED;
        settleRejected(liquidation(alice, maker, 10), BatchCodes.MARKET_MISMATCH, 0);
        settleRejected(
            oneSegment(KIND_LIQUIDATIONS, liquidationHead(alice, OBSERVED, 0)),
            BatchCodes.ZERO_QUANTITY,
            0
        );
        // A market in which it holds nothing.
        maker = bid(carol, MARK, 10);
        maker.market = FIXED;
        bytes memory body = bytes.concat(
            liquidationHead(alice, FIXED, 1),
            Batches.order(domain, TICK_E8, LOT_E8, maker),
            abi.encodePacked(uint40(10))
        );
        settleRejected(oneSegment(KIND_LIQUIDATIONS, body), BatchCodes.NOT_REDUCING, 0);
    }

    // Where less than two thirds of the requirement are left the limit is the bankruptcy price: equity 250 of 431.25 at
    // 0.03 USDC a tick carries 8,333 ticks.
    function test_liquidation_down_to_the_bankruptcy_price() public {
        setMark(WORSE_MARK);
        uint32 limit = WORSE_MARK - 8_333;
        settleRejected(
            liquidation(alice, bid(carol, limit - 1, 3_000), 3_000),
            BatchCodes.PAST_LIQUIDATION_LIMIT,
            0
        );
        settle(liquidation(alice, bid(carol, limit, 3_000), 3_000));
        assertEq(sizeOf(alice, OBSERVED), 0, "closed");
        assertEq(cashOf(alice), 0, "10,000 micro-USDC above the bankruptcy price, all of it the fee");
        assertEq(insurance(), 10_000, "fee to the insurance");
        assertConserved();
    }

    // Below zero the limit is the mark, and the insurance pays what is missing to the bankruptcy price, or no fill is.
    function test_liquidation_below_zero() public {
        setMark(BROKE_MARK);
        settleRejected(
            liquidation(alice, bid(carol, BROKE_MARK - 1, 3_000), 3_000),
            BatchCodes.PAST_LIQUIDATION_LIMIT,
            0
        );
        insure(200e6 - 1);
        TestOrder memory maker = bid(carol, BROKE_MARK, 3_000);
        settleRejected(liquidation(alice, maker, 3_000), BatchCodes.INSURANCE_SHORT, 0);
        insure(1);
        settle(liquidation(alice, maker, 3_000));
        assertEq(cashOf(alice), 0, "made whole");
        assertEq(insurance(), 0, "spent");
        assertConserved();
    }

    // A maker's rebate would come out of a taker fee, and there is none: the rate is zero.
    function test_liquidation_pays_no_rebate() public {
        setMark(SICK_MARK);
        TestOrder memory maker = bid(carol, SICK_MARK, 1_000);
        maker.makerFee = -20;
        int256 before = cashOf(carol);
        uint256 fees = exchange.totals().fees;
        settle(liquidation(alice, maker, 1_000));
        assertEq(cashOf(carol), before - 5_800e6, "the price alone");
        assertEq(exchange.totals().fees, fees, "no fee");
        assertConserved();
    }

    // 36. Liquidation ends where health begins: the fill after that is refused.
    function test_liquidator_abuse_stops_when_healthy() public {
        setMark(SICK_MARK);
        TestOrder memory first = bid(carol, SICK_MARK, 1_000);
        TestOrder memory second = bid(carol, SICK_MARK, 10);
        second.lane = 6;
        bytes memory body = bytes.concat(
            liquidationHead(alice, OBSERVED, 2),
            Batches.order(domain, TICK_E8, LOT_E8, first),
            abi.encodePacked(uint40(1_000)),
            Batches.order(domain, TICK_E8, LOT_E8, second),
            abi.encodePacked(uint40(10))
        );
        settleRejected(oneSegment(KIND_LIQUIDATIONS, body), BatchCodes.HEALTHY, 0);
        settle(liquidation(alice, first, 1_000));
        (int256 equity, uint256 maintenance,,) = exchange.health(vm.addr(alice), 0);
        assertTrue(equity >= int256(maintenance), "healthy");
    }

    // The maker's order is judged like any other: signature, lane, limits, margin.
    function test_liquidation_maker_rules() public {
        setMark(SICK_MARK);
        TestOrder memory maker = bid(carol, SICK_MARK, 100);
        settle(liquidation(alice, maker, 60));
        settleRejected(liquidation(alice, maker, 41), BatchCodes.OVERFILLED, 0);
        settle(liquidation(alice, maker, 40));
        maker = bid(carol, SICK_MARK, 100);
        maker.flags = 1; // reduce-only, but carol is long
        settleRejected(liquidation(alice, maker, 10), BatchCodes.REDUCE_ONLY, 0);
        maker.flags = 8; // fill-or-kill
        settleRejected(liquidation(alice, maker, 10), BatchCodes.FOK_NOT_FILLED, 0);
        maker.flags = 0;
        maker.expiry = uint32(nowS - 1);
        settleRejected(liquidation(alice, maker, 10), BatchCodes.EXPIRED, 0);
        uint256 pauper = traderKey(77);
        settleRejected(
            liquidation(alice, bid(pauper, SICK_MARK, 10), 10), BatchCodes.NOT_SETTLEABLE, 0
        );
        bytes memory batch = liquidation(alice, bid(carol, SICK_MARK, 10), 10);
        for (uint256 i = 0; i < 64; ++i) {
            batch[60 + 5 + 2 + 24 + i] = 0xFF;
        }
        settleRejected(batch, BatchCodes.INVALID_SIGNATURE, 0);
        // Bob's short shrinks: a reduce-only bid of his may.
        maker = bid(bob, SICK_MARK, 10);
        maker.flags = 1;
        settle(liquidation(alice, maker, 10));
        assertConserved();
    }

    // Repricing and conditional makers: the price of the fill between the limits, the trigger reached.
    function test_liquidation_maker_kinds() public {
        setMark(SICK_MARK);
        TestOrder memory maker = bid(carol, SICK_MARK, 100);
        maker.kind = 3;
        bytes memory body = liquidationOf(alice, maker, 10);
        settleRejected(
            oneSegment(KIND_LIQUIDATIONS, abi.encodePacked(body, SICK_MARK + 1)),
            BatchCodes.PRICE_OUTSIDE_LIMITS,
            0
        );
        settleRejected(
            oneSegment(KIND_LIQUIDATIONS, abi.encodePacked(body, LIMIT - 1)),
            BatchCodes.PAST_LIQUIDATION_LIMIT,
            0
        );
        settleRejected(oneSegment(KIND_LIQUIDATIONS, body), BatchCodes.MALFORMED, 0);
        settle(oneSegment(KIND_LIQUIDATIONS, abi.encodePacked(body, LIMIT)));
        maker = bid(carol, SICK_MARK, 100);
        (maker.kind, maker.trigger) = (2, SICK_MARK - 1);
        settleRejected(liquidation(alice, maker, 10), BatchCodes.NOT_TRIGGERED, 0);
        maker.trigger = 0;
        settleRejected(liquidation(alice, maker, 10), BatchCodes.INVALID_TRIGGER, 0);
        maker.trigger = SICK_MARK;
        settle(liquidation(alice, maker, 10));
    }

    // A short is bought back under the mirrored limit.
    function test_liquidation_of_a_short() public {
        uint256 dave = traderKey(50);
        deposit(dave, 1_000e6);
        open(dave, 1, bob, 3_000, MARK);
        setMark(619_000); // equity 430, needs 464.25: limit 619,000 + 1.5 x 34.25 / 0.03 = 620,712
        TestOrder memory maker = bid(carol, 620_713, 3_000);
        maker.side = 1;
        settleRejected(liquidation(dave, maker, 3_000), BatchCodes.PAST_LIQUIDATION_LIMIT, 0);
        maker.price = 620_712;
        settle(liquidation(dave, maker, 3_000));
        assertEq(sizeOf(dave, OBSERVED), 0, "closed");
        (int256 equity,,,) = exchange.health(vm.addr(dave), 0);
        assertTrue(equity >= 0, "not below zero");
    }

    // 28, 38. At a stale mark nobody is liquidated.
    function test_price_stale_liquidation() public {
        setMark(SICK_MARK);
        pass(MARK_AGE_MAX_S + 1);
        settleRejected(
            liquidation(alice, bid(carol, SICK_MARK, 10), 10), BatchCodes.STALE_MARK, 0
        );
        settleRejected(takeover(vm.addr(alice), OBSERVED), BatchCodes.STALE_MARK, 0);
        settleRejected(deleveragingOf(alice, bob, 10, 0), BatchCodes.STALE_MARK, 0);
    }

    // 38. Dust liquidates like anything else.
    function test_liq_blocked_by_dust() public {
        setMark(SICK_MARK);
        settle(liquidation(alice, bid(carol, SICK_MARK, 1), 1));
        assertEq(sizeOf(alice, OBSERVED), 2_999, "one lot");
    }

    // 39. The backstop is no victim.
    function test_fund_as_victim_liquidation() public {
        address backstop = vm.addr(backstopKey());
        exchange.depositFor(backstop, 0, 1_000e6);
        open(backstopKey(), 0, bob, 3_000, MARK);
        setMark(SICK_MARK);
        settleRejected(
            liquidation(backstopKey(), bid(carol, SICK_MARK, 10), 10),
            BatchCodes.BACKSTOP_PARTY,
            0
        );
        settleRejected(takeover(backstop, OBSERVED), BatchCodes.BACKSTOP_PARTY, 0);
    }

    // 30, 40. Funding that is due decides whether an account is healthy, and is paid once.
    function test_liquidation_settles_funding_once() public {
        setMark(585_000); // equity 550, needs 438.75
        settleRejected(liquidation(alice, bid(carol, 585_000, 10), 10), BatchCodes.HEALTHY, 0);
        pass(3600);
        settle(fundingBatch(OBSERVED, 50_000_000_000)); // 3,000 lots pay 150 USDC
        settle(liquidation(alice, bid(carol, 585_000, 1_000), 1_000));
        assertEq(exchange.market(OBSERVED).fundingPool, 150e6, "alice's payment, once");
        assertConserved();
    }

    // 16. Counts that lie and records that are cut off.
    function testFuzz_calldata_malformed_liquidation(uint256 length) public {
        setMark(SICK_MARK);
        bytes memory body = liquidationOf(alice, bid(carol, SICK_MARK, 100), 10);
        length = bound(length, 0, body.length - 1);
        assembly ("memory-safe") {
            mstore(body, length)
        }
        bytes memory batch = oneSegment(KIND_LIQUIDATIONS, body);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        assertTrue(!ok, "cut off");
    }
}
