// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MarketListing} from "../../src/interfaces/IExchangeAdmin.sol";
import {IExchangeExit} from "../../src/interfaces/IExchangeExit.sol";
import {
    Genesis,
    IExchangeBase,
    ISettlement,
    Position
} from "../../src/interfaces/IPlumbExchange.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {Batches, TestFill, TestOrder, TestVector} from "../base/Batches.sol";
import {ITestUsdc} from "../base/ExchangeTest.sol";
import {ExitTest} from "../base/ExitTest.sol";
import {RiskTest} from "../base/RiskTest.sol";

interface ITestUsdcErrors {
    error PermitExpired(uint256 deadline);
    error InsufficientBalance(address owner, uint256 balance, uint256 wanted);
}

/// @notice Outcomes that no story needs but somebody may bring about.
contract EdgesTest is ExitTest {
    uint8 internal constant REDUCE_ONLY = 1;
    uint8 internal constant FOK = 2 << 2;

    // 16. Every kind of segment, cut short or with a count that lies.
    function test_calldata_malformed_segments() public {
        for (uint8 kind = 1; kind <= 13; ++kind) {
            settleRejected(oneSegment(kind, ""), BatchCodes.MALFORMED, 0);
            if (kind == 11) continue;
            if (kind == Batches.KIND_PRICE) {
                settleRejected(oneSegment(kind, hex"0000ff"), BatchCodes.MALFORMED, 0);
                settleRejected(oneSegment(kind, hex"00"), BatchCodes.MALFORMED, 0);
                settleRejected(oneSegment(kind, hex"010000"), BatchCodes.MALFORMED, 0);
                settleRejected(oneSegment(kind, hex"000100"), BatchCodes.MALFORMED, 0);
            } else if (kind == Batches.KIND_FUNDING) {
                settleRejected(oneSegment(kind, hex"01"), BatchCodes.MALFORMED, 0);
                settleRejected(oneSegment(kind, hex"0000"), BatchCodes.MALFORMED, 0);
            } else {
                settleRejected(oneSegment(kind, hex"00"), BatchCodes.MALFORMED, 0);
                settleRejected(oneSegment(kind, hex"0001"), BatchCodes.MALFORMED, 0);
                settleRejected(oneSegment(kind, hex"000000"), BatchCodes.MALFORMED, 0);
                settleRejected(oneSegment(kind, hex"ffff00"), BatchCodes.MALFORMED, 0);
            }
        }
        settleRejected(oneSegment(11, hex"0001"), BatchCodes.MALFORMED, 0);
        settleRejected(oneSegment(11, hex"000100"), BatchCodes.MALFORMED, 0);
    }

    // 23. Cutting an order into single lots never costs less than one fill of the whole, and no rebate grows by it.
    function testFuzz_rounding_farm(uint32 price, uint8 takerFee, int8 makerFee) public {
        price = uint32(bound(price, 1, MARK));
        TestOrder memory buy = orderOf(alice, 0, price, 12);
        TestOrder memory sell = orderOf(bob, 1, price, 12);
        (buy.takerFee, buy.maxFee, sell.maxFee) = (takerFee, 255, 255);
        sell.makerFee = int8(int256(bound(uint8(makerFee), 0, takerFee > 127 ? 127 : takerFee)));
        if (uint8(makerFee) & 1 == 1) sell.makerFee = -sell.makerFee;
        (buy.market, sell.market) = (45, 45);
        MarketListing memory odd = listingWithFixedMark(45, price);
        odd.imBps = 10_000;
        listLate(odd);
        TestOrder[] memory orders = new TestOrder[](2);
        (orders[0], orders[1]) = (buy, sell);
        (int256 taker, int256 maker) = (cashOf(alice), cashOf(bob));
        TestFill[] memory fills = new TestFill[](12);
        for (uint256 i = 0; i < 12; ++i) {
            fills[i] = TestFill(0, 1, 1);
        }
        settle(fillBatch(orders, fills));
        (int256 cutTaker, int256 cutMaker) = (taker - cashOf(alice), maker - cashOf(bob));
        (orders[0].seq, orders[1].seq) = (2, 2);
        (taker, maker) = (cashOf(alice), cashOf(bob));
        fills = new TestFill[](1);
        fills[0] = TestFill(0, 1, 12);
        settle(fillBatch(orders, fills));
        assertTrue(cutTaker >= taker - cashOf(alice), "the taker saved by it");
        assertTrue(cutMaker >= maker - cashOf(bob), "the maker gained by it");
    }

    // 29. Whichever three of five honest quotes the operator takes, its mark lies within the band of them; and an
    // older quote of a publisher is gone once a newer one has settled.
    function testFuzz_price_pick(uint16[5] calldata offsets, uint256 pick, uint32 mark) public {
        uint32 lowest = type(uint32).max;
        uint32 highest = 0;
        TestVector[] memory vectors = new TestVector[](3);
        for (uint256 i = 0; i < 5; ++i) {
            uint32 quote = MARK + offsets[i] % 6_000;
            if (quote < lowest) lowest = quote;
            if (quote > highest) highest = quote;
            uint256 place = (i + pick % 5) % 5;
            if (place < 3) vectors[place] = vectorOf(i, quote);
        }
        mark = uint32(bound(mark, MARK * 9 / 10, MARK * 12 / 10));
        bytes memory batch = priceBatchOf(vectors, mark);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        uint256 low = uint256(lowest) - uint256(lowest) * 30_000 / 1e6;
        uint256 high = uint256(highest) + uint256(highest) * 30_000 / 1e6;
        if (ok) assertTrue(mark >= low && mark <= high, "beyond every honest band");
        if (!ok) return;
        ++nextBatch;
        vectors[0].timestampMs -= 1;
        settleRejected(priceBatchOf(vectors, mark), BatchCodes.PRICE_OLDER_THAN_LAST, 0);
    }

    // 44. Money that backs what is matched stays until it has settled: the request counts for fills for D, longer
    // than any fill may wait, and afterwards pays what is free beside them.
    function test_exit_before_settle() public {
        requestWithdraw(alice, 1_000e6);
        pass(LAG_S);
        open(1_000); // matched before, settled as late as allowed: 6,000 USDC of notional
        assertEq(sizeOf(alice, FIXED), 1_000, "settled");
        pass(DIRECT_DELAY_S - LAG_S);
        assertEq(exchange.claimWithdraw(vm.addr(alice), 0), 400e6, "what is free");
        TestOrder memory taken = orderOf(alice, 0, MARK, 3_000); // 900 with what she holds
        TestOrder memory made = orderOf(bob, 1, MARK, 3_000);
        (taken.lane, made.lane) = (7, 7);
        bytes memory late = bytes.concat(
            Batches.header(nextBatch, nextBatch, 2),
            pairSegment(taken, made, 3_000),
            Batches.segment(
                Batches.KIND_FILLS, hex"00000000" // nothing, but it settles
            )
        );
        late[1] = 0x01;
        vm.expectEmit(address(exchange));
        emit IExchangeBase.PairSkipped(nextBatch, 0, BatchCodes.NOT_SETTLEABLE);
        settle(late);
        assertEq(sizeOf(alice, FIXED), 1_000, "skipped, and nobody else held up");
    }

    // 22. One unit above a whole one is rounded up where it is paid, and down where it is a rebate.
    function test_rounding_direction_by_one() public {
        listLate(listingWithFixedMark(46, 9_091));
        TestOrder memory buy = orderOf(alice, 0, 9_091, 1); // 9,091 x 11 = 100,001
        TestOrder memory sell = orderOf(bob, 1, 9_091, 1);
        (buy.market, sell.market, buy.takerFee, sell.makerFee) = (46, 46, 11, 11);
        (int256 taker, int256 maker) = (cashOf(alice), cashOf(bob));
        settle(pair(buy, sell, 1));
        assertEq(taker - cashOf(alice), 9_091 + 2, "the taker's fee");
        assertEq(maker - cashOf(bob), 2 - 9_091, "the maker's fee");
        (buy.seq, sell.seq, sell.makerFee) = (2, 2, -11);
        maker = cashOf(bob);
        settle(pair(buy, sell, 1));
        assertEq(cashOf(bob) - maker, 9_091 + 1, "the rebate");
    }

    // 27. A vector of another page says nothing about a market.
    function test_price_of_the_other_page() public {
        TestVector[] memory vectors = new TestVector[](3);
        for (uint256 i = 0; i < 3; ++i) {
            vectors[i] = vectorOf(i, MARK);
            if (i == 0) vectors[i].page = 1;
        }
        settleRejected(priceBatchOf(vectors, MARK), BatchCodes.TOO_FEW_PRICES, 0);
    }

    // 13. Fill-or-kill over three segments: the last one makes it whole, or none of the batch settles.
    function test_flag_break_fok_over_segments() public {
        bytes memory batch = fokBatch(2);
        vm.expectRevert(
            abi.encodeWithSelector(
                BatchCodes.BatchRejected.selector, BatchCodes.FOK_NOT_FILLED, 1, 0
            )
        );
        exchange.settle(batch);
        settle(fokBatch(3));
        assertEq(sizeOf(alice, FIXED), 300, "whole");
    }

    function fokBatch(uint16 parts) private view returns (bytes memory batch) {
        batch = Batches.header(nextBatch, nextBatch, parts);
        for (uint16 i = 0; i < parts; ++i) {
            TestOrder memory taken = orderOf(alice, 0, MARK, 300);
            (taken.lane, taken.flags) = (4, FOK);
            TestOrder memory made = orderOf(bob, 1, MARK, 100);
            made.lane = i;
            batch = bytes.concat(batch, pairSegment(taken, made, 100));
        }
    }

    function test_flag_break_fok_best_effort() public {
        bytes memory batch = fokBatch(1);
        batch[1] = 0x01;
        vm.expectEmit(address(exchange));
        emit IExchangeBase.PairSkipped(nextBatch, 0, BatchCodes.FOK_NOT_FILLED);
        settle(batch);
        assertEq(sizeOf(alice, FIXED), 0, "skipped");
    }

    // 42. A segment that fails outside of the rules is skipped with a code of its own.
    function test_poison_pill_unknown_failure() public {
        vm.mockCallRevert(
            address(exchange), abi.encodeWithSelector(ISettlement.settleSegment.selector), "odd"
        );
        bytes memory batch = fokBatch(1);
        batch[1] = 0x01;
        vm.expectEmit(address(exchange));
        emit IExchangeBase.PairSkipped(nextBatch, 0, BatchCodes.SEGMENT_REVERTED);
        settle(batch);
        vm.clearMockedCalls();
    }

    // 5, 11. What the general path refuses: a lane used up, by a reduce-only order.
    function test_replay_reduce_only() public {
        open(100);
        TestOrder memory sell = orderOf(alice, 1, MARK, 40);
        TestOrder memory buy = orderOf(bob, 0, MARK, 40);
        (sell.flags, sell.lane, buy.lane) = (REDUCE_ONLY, 2, 2);
        settle(pair(sell, buy, 40));
        buy.seq = 2;
        settleRejected(pair(sell, buy, 1), BatchCodes.OVERFILLED, 0);
        (sell.seq, buy.seq) = (3, 3);
        settle(pair(sell, buy, 40));
        (sell.seq, buy.seq) = (2, 4);
        settleRejected(pair(sell, buy, 1), BatchCodes.LANE_SPENT, 0);
    }

    // A resting take-profit order makes like any other.
    function test_take_profit_makes() public {
        TestOrder memory made = orderOf(bob, 1, MARK, 10);
        (made.kind, made.trigger) = (2, MARK);
        settle(pair(orderOf(alice, 0, MARK, 10), made, 10));
        assertEq(sizeOf(alice, FIXED), 10, "filled");
    }

    // 6. Several orders of an account in one segment: lanes in the word, in one slot, and in the next.
    function test_lane_monotone_in_one_segment() public {
        settle(laneBatch(1));
        assertEq(sizeOf(alice, FIXED), 60, "all of them");
        for (uint16 lane = 0; lane < 6; ++lane) {
            (uint32 seq, uint64 filled) = exchange.lane(vm.addr(alice), 0, lane);
            assertEq(seq, 1, "seq");
            assertEq(filled, 10, "filled");
        }
        settleRejected(laneBatch(1), BatchCodes.OVERFILLED, 0);
        bytes memory next = laneBatch(2);
        settle(next);
        settleRejected(laneBatch(1), BatchCodes.LANE_SPENT, 0);
        assertEq(sizeOf(alice, FIXED), 120, "once each");
    }

    function laneBatch(uint32 seq) private view returns (bytes memory) {
        TestOrder[] memory orders = new TestOrder[](7);
        TestFill[] memory fills = new TestFill[](6);
        for (uint16 i = 0; i < 6; ++i) {
            orders[i] = orderOf(alice, 0, MARK, 10);
            (orders[i].lane, orders[i].seq) = (i, seq);
            fills[i] = TestFill(i, 6, 10);
        }
        orders[6] = orderOf(bob, 1, MARK, 60);
        orders[6].seq = seq;
        return fillBatch(orders, fills);
    }

    // 5. A lane that is both behind and too small is behind.
    function test_replay_says_spent_first() public {
        TestOrder memory first = orderOf(alice, 0, MARK, 100);
        first.seq = 9;
        settle(pair(first, orderOf(bob, 1, MARK, 100), 100));
        TestOrder memory old = orderOf(alice, 0, MARK, 50);
        TestOrder memory made = orderOf(bob, 1, MARK, 50);
        (old.seq, made.seq) = (8, 2);
        settleRejected(pair(old, made, 50), BatchCodes.LANE_SPENT, 0);
    }

    // 33. Two markets in one segment, the position outside the primary place opened and closed.
    function test_margin_after_two_markets() public {
        setMark(MARK);
        settle(twoMarkets(0, 10));
        assertEq(sizeOf(alice, FIXED), 10, "primary");
        assertEq(sizeOf(alice, OBSERVED), 10, "outside");
        trade(OBSERVED, bob, alice, 10);
        (, Position[] memory positions) = exchange.account(vm.addr(alice), 0);
        assertEq(positions.length, 1, "the second one is gone");
        // Once more, and with a third and fourth far away.
        listLate(listingWithFixedMark(31, 60));
        listLate(listingWithFixedMark(33, 60));
        trade(OBSERVED, alice, bob, 10);
        tradeAt(31, 60, 5);
        tradeAt(33, 60, 5);
        assertEq(sizeOf(alice, 31) + sizeOf(alice, 33), 10, "four at once");
        tradeAt(33, 60, 5);
        assertEq(sizeOf(alice, 33), 10, "and again");
    }

    uint32 private lateSeq = 500;

    function tradeAt(uint8 market, uint32 price, uint40 size) private {
        TestOrder memory buy = orderOf(alice, 0, price, size);
        TestOrder memory sell = orderOf(bob, 1, price, size);
        (buy.market, sell.market, buy.lane, sell.lane) = (market, market, 1, 1);
        (buy.seq, sell.seq) = (lateSeq, lateSeq);
        ++lateSeq;
        (buy.takerFee, sell.makerFee) = (0, 0);
        settle(pair(buy, sell, size));
    }

    function twoMarkets(uint8 side, uint40 size) private view returns (bytes memory) {
        TestOrder[] memory orders = new TestOrder[](4);
        TestFill[] memory fills = new TestFill[](2);
        for (uint16 i = 0; i < 2; ++i) {
            orders[i] = orderOf(alice, side, MARK, size);
            orders[2 + i] = orderOf(bob, 1 - side, MARK, size);
            (orders[i].market, orders[2 + i].market) =
                i == 0 ? (FIXED, FIXED) : (OBSERVED, OBSERVED);
            (orders[i].lane, orders[2 + i].lane) = (i + 1, i + 1);
            (orders[i].takerFee, orders[2 + i].makerFee) = (0, 0);
            fills[i] = TestFill(i, 2 + i, size);
        }
        return fillBatch(orders, fills);
    }

    // 33. Below initial margin a position may shrink while another market nets to nothing in the segment.
    function test_margin_after_netted_market() public {
        setMark(MARK);
        openIn(OBSERVED, 3_000);
        setMark(MARK * 99 / 100);
        setMark(MARK * 98 / 100); // 640 of equity, 882 required
        TestOrder[] memory orders = new TestOrder[](6);
        TestFill[] memory fills = new TestFill[](3);
        for (uint16 i = 0; i < 3; ++i) {
            uint8 side = i == 0 ? 1 : i - 1 == 0 ? 0 : 1;
            orders[i] = orderOf(alice, side, i == 0 ? MARK * 98 / 100 : MARK, 100);
            orders[3 + i] = orderOf(bob, 1 - side, i == 0 ? MARK * 98 / 100 : MARK, 100);
            (orders[i].lane, orders[3 + i].lane) = (i + 1, i + 1);
            (orders[i].takerFee, orders[3 + i].makerFee) = (0, 0);
            fills[i] = TestFill(i, 3 + i, 100);
        }
        (orders[0].market, orders[3].market) = (OBSERVED, OBSERVED);
        settle(fillBatch(orders, fills));
        assertEq(sizeOf(alice, OBSERVED), 2_900, "shrunk");
        assertEq(sizeOf(alice, FIXED), 0, "netted");
    }

    // 24. Cash at the end of its field: nothing wraps, by fill or by deposit.
    function test_packing_cash_overflow() public {
        Genesis memory genesis = genesisOf(address(usdc));
        genesis.maxDeposits = type(uint64).max;
        exchange = deployExchange(genesis, exitTerms());
        domain = exchange.domainSeparator();
        nextBatch = 1;
        exchange.setRelayer(address(this), true);
        MarketListing memory huge = listing(FIXED);
        (huge.fixedMark, huge.markBandPpm) = (MARK, 0);
        (huge.quotePerTickLot, huge.imBps, huge.mmBps) = (2_000_000_000, 1, 1);
        exchange.listMarket(huge);
        usdc.mint(address(this), 1e19);
        usdc.approve(address(exchange), type(uint256).max);
        exchange.depositFor(vm.addr(alice), 0, 4e18);
        exchange.depositFor(vm.addr(bob), 0, 4e18);
        // One lot is worth 1.2e15; 2^71 = 2.361e21.
        uint40 lots = uint40((uint256(1 << 71) - 4e18) / 1.2e15);
        settle(hugePair(lots, 1));
        settleRejected(hugePair(10, 2), BatchCodes.CASH_OVERFLOW, 1);
        int256 cash = cashOf(bob) + 1e18;
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeBase.CashOverflow.selector, vm.addr(bob), 0, cash)
        );
        exchange.depositFor(vm.addr(bob), 0, 1e18);
    }

    function hugePair(uint40 lots, uint32 seq) private view returns (bytes memory) {
        TestOrder[] memory orders = new TestOrder[](2);
        TestFill[] memory fills = new TestFill[](1);
        (orders[0], orders[1]) = (orderOf(alice, 0, MARK, lots), orderOf(bob, 1, MARK, lots));
        (orders[0].takerFee, orders[1].makerFee) = (0, 0);
        (orders[0].seq, orders[1].seq) = (seq, seq);
        fills[0] = TestFill(0, 1, lots);
        return oneSegment(
            Batches.KIND_FILLS, Batches.fills(domain, TICK_E8, LOT_E8, orders, fills)
        );
    }

    // 5. A cancel that comes into force after a later order has used the lane changes nothing.
    function test_replay_cancel_behind_the_lane() public {
        vm.prank(vm.addr(alice));
        exchange.requestCancel(0, 0, 1);
        TestOrder memory buy = orderOf(alice, 0, MARK, 10);
        buy.seq = 2;
        settle(pair(buy, orderOf(bob, 1, MARK, 10), 10));
        pass(DIRECT_DELAY_S);
        exchange.applyCancel(vm.addr(alice), 0, 0);
        (uint32 seq, uint64 filled) = exchange.lane(vm.addr(alice), 0, 0);
        assertEq(seq, 2, "seq");
        assertEq(filled, 10, "filled");
    }

    function test_reads_of_the_deployment() public view {
        assertTrue(exchange.isRelayer(address(this)), "relayer");
        assertTrue(!exchange.isRelayer(vm.addr(bob)), "not everybody");
        assertEq(exchange.token(), address(usdc), "token");
    }

    // 40. Where initial margin is more than a tenth, it is what stays inside.
    function test_withdraw_under_position_of_high_margin() public {
        MarketListing memory risky = listingWithFixedMark(40, 1_000);
        (risky.imBps, risky.mmBps) = (5_000, 2_500);
        listLate(risky);
        tradeAt(40, 1_000, 1_000_000); // 1,000 USDC of notional, 500 required
        vm.prank(vm.addr(alice));
        exchange.requestWithdraw(0, 900e6);
        pass(DIRECT_DELAY_S);
        assertEq(exchange.claimWithdraw(vm.addr(alice), 0), 500e6, "the rest of it");
    }

    // 45. A reduction pays what has become free: nothing, or all that was asked for.
    function test_force_drain_pays_what_is_free() public {
        open(3_000);
        forceReduce(alice, FIXED, 1_000, 5e6);
        pass(FORCE_DELAY_S);
        (, uint256 paid) = execute(alice, FIXED);
        assertEq(paid, 0, "a tenth of 12,000 is more than there is");
        forceReduce(alice, FIXED, 1_900, 5e6);
        pass(FORCE_DELAY_S);
        (, paid) = execute(alice, FIXED);
        assertEq(paid, 5e6, "as asked");
    }

    // 40. What is free beside a reduction has paid the funding still due in other markets.
    function test_withdraw_under_position_with_funding_due() public {
        setMark(MARK);
        open(1_000);
        openIn(OBSERVED, 100);
        pass(FORCE_DELAY_S);
        settle(fundingBatch(OBSERVED, 1_000_000_000)); // 100 lots owe 0.1 USDC
        forceReduce(alice, FIXED, 1_000, 1_000e6);
        pass(FORCE_DELAY_S);
        setMark(MARK);
        (, uint256 paid) = execute(alice, FIXED);
        // 1,000 less the fee of half a percent of 6,000, the funding, and a tenth of 600.
        assertEq(paid, 1_000e6 - 30e6 - 100_000 - 60e6, "free");
    }

    // 26. A request is not served from what nobody has deposited.
    function test_donation_serves_no_request() public {
        uint64 total = uint64(exchange.totals().deposits);
        usdc.transfer(address(exchange), 1e13);
        setMark(MARK);
        trade(OBSERVED, bob, carol, 1e6);
        for (uint32 mark = MARK; mark < 900_000; mark = mark * 103 / 100) {
            setMark(mark);
        }
        setMark(900_000); // bob is up 3,000,000 USDC; nobody has that much
        requestWithdraw(bob, total + 1);
        bytes memory body = abi.encodePacked(
            uint16(1), vm.addr(bob), uint8(0), uint8(255), uint56(0), total + 1
        );
        settleRejected(oneSegment(13, body), BatchCodes.CUSTODY_SHORT, 0);
    }

    // 48. Who comes late when everything is claimed gets nothing.
    function test_claim_fair_nothing_left() public {
        uint256 dave = traderKey(90);
        deposit(dave, 1_000e6);
        setMark(MARK);
        openIn(OBSERVED, 3_000);
        for (uint32 mark = MARK * 98 / 100; mark > 510_000; mark = mark * 98 / 100) {
            pass(60);
            setMark(mark);
        }
        pass(FREEZE_DELAY_S);
        exchange.freeze();
        exchange.claim(vm.addr(bob), 0);
        exchange.claim(vm.addr(carol), 0);
        exchange.claim(vm.addr(backstopKey()), 0);
        pass(CLAIM_PERIOD_S);
        vm.expectRevert(
            abi.encodeWithSelector(
                IExchangeExit.NothingToClaim.selector, vm.addr(dave), int256(1_000e6)
            )
        );
        exchange.claim(vm.addr(dave), 0);
    }

    // 47. Frozen, no flag is executed.
    function test_credit_frozen_flag() public {
        pass(FREEZE_DELAY_S);
        exchange.freeze();
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.Frozen.selector));
        exchange.executeFlagged(vm.addr(alice), 0, OBSERVED);
    }

    // 53. The limit of a day holds where those of its hours have not.
    function test_outflow_limit_of_a_day() public {
        deposit(bob, 4e13);
        uint256 hourly = 1_100_000e6;
        uint256 owed = 0;
        for (uint32 i = 1; i <= 30; ++i) {
            settle(withdrawBatch(numbered(bob, uint64(hourly), i)));
            owed = exchange.totals().owed;
            pass(1 hours);
        }
        // 24 hours let out 1,000,000 each, a day no more than 10,000,000.
        assertTrue(owed > 0, "deferred");
        assertEq(usdc.balanceOf(vm.addr(bob)) + owed, 30 * hourly, "paid or owed");
    }

    // 28. A mark that is valid for longer than the window counts whole.
    function test_price_stale_long_window() public {
        Genesis memory genesis = genesisOf(address(usdc));
        genesis.markAgeMaxS = 2 * MARK_AGE_MAX_S;
        exchange = deployExchange(genesis, exitTerms());
        domain = exchange.domainSeparator();
        nextBatch = 1;
        exchange.setRelayer(address(this), true);
        address[] memory publishers = new address[](3);
        for (uint256 i = 0; i < 3; ++i) {
            publishers[i] = vm.addr(publisherKey(i));
        }
        exchange.setPublishers(publishers, 3);
        exchange.listMarket(listing(OBSERVED));
        setMark(MARK);
        pass(60);
        setMark(MARK * 101 / 100);
        pass(2 * MARK_AGE_MAX_S - 60);
        assertEq(exchange.slowMark(OBSERVED), MARK * 101 / 100, "the last one");
    }

    function test_test_money_refuses() public {
        vm.expectRevert(
            abi.encodeWithSelector(ITestUsdcErrors.PermitExpired.selector, block.timestamp - 1)
        );
        IPermitLike(address(usdc)).permit(
            vm.addr(bob), address(this), 1, block.timestamp - 1, 27, bytes32(0), bytes32(0)
        );
        vm.prank(vm.addr(bob));
        vm.expectRevert(
            abi.encodeWithSelector(
                ITestUsdcErrors.InsufficientBalance.selector, vm.addr(bob), 0, 1
            )
        );
        usdc.transfer(address(this), 1);
    }

    function pairSegment(TestOrder memory taken, TestOrder memory made, uint40 quantity)
        private
        view
        returns (bytes memory)
    {
        TestOrder[] memory orders = new TestOrder[](2);
        TestFill[] memory fills = new TestFill[](1);
        (orders[0], orders[1]) = (taken, made);
        fills[0] = TestFill(0, 1, quantity);
        return Batches.segment(
            Batches.KIND_FILLS, Batches.fills(domain, TICK_E8, LOT_E8, orders, fills)
        );
    }
}

interface IPermitLike {
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;
}

contract RiskEdgesTest is RiskTest {
    // 51. Insurance that pays the whole deficit: the counterparty bears nothing.
    function test_loss_ladder_insured_deleveraging() public {
        insure(300e6);
        setMark(BROKE_MARK);
        settle(deleveragingOf(alice, bob, 3_000, 0));
        assertEq(insurance(), 100e6, "paid 200");
        assertEq(cashOf(alice), 0, "whole");
        assertConserved();
    }

    // 51. A short victim, and a counterparty that owes funding in another market.
    function test_loss_ladder_short_victim() public {
        uint256 dave = traderKey(70);
        deposit(dave, 1_000e6);
        TestOrder memory buy = orderOf(carol, 0, MARK, 100);
        TestOrder memory sell = orderOf(bob, 1, MARK, 100);
        (buy.lane, sell.lane) = (3, 3);
        settle(pair(buy, sell, 100));
        open(dave, 1, carol, 3_000, MARK);
        pass(3600);
        settle(fundingBatch(FIXED, 1_000_000));
        setMark(617_000);
        setMark(634_000);
        setMark(640_000); // dave has lost 1,200
        (int256 before,,,) = exchange.health(vm.addr(carol), 0);
        settle(deleveragingOf(dave, carol, 3_000, 200e6));
        (int256 equity,,,) = exchange.health(vm.addr(carol), 0);
        assertEq(equity, before - 200e6, "the share and nothing else");
        assertEq(sizeOf(dave, OBSERVED), 0, "closed");
        assertEq(cashOf(dave), 0, "whole");
    }

    // 11. A reduce-only seller makes for a short that is liquidated.
    function test_reduce_only_maker_of_a_short() public {
        uint256 dave = traderKey(71);
        deposit(dave, 1_000e6);
        open(dave, 1, carol, 3_000, MARK);
        setMark(619_000);
        TestOrder memory maker = bid(carol, 619_000, 3_000);
        (maker.side, maker.flags) = (1, 1);
        settle(liquidation(dave, maker, 1_000));
        assertEq(sizeOf(carol, OBSERVED), 2_000, "reduced");
    }

    // A market whose liquidations cost nothing gives its insurance nothing.
    function test_liquidation_without_fee() public {
        uint32[3] memory none;
        governed(abi.encodeCall(exchange.setMarketTiers, (OBSERVED, none, none, uint32(0))));
        setMark(SICK_MARK);
        settle(liquidation(alice, bid(carol, SICK_MARK, 1_000), 1_000));
        assertEq(sizeOf(alice, OBSERVED), 2_000, "reduced");
        assertEq(insurance(), 0, "no fee");
    }

    // 52. The batch that ends a market fills nothing in it afterwards.
    function test_delist_ends_trading_at_once() public {
        governed(abi.encodeCall(exchange.delistMarket, (OBSERVED)));
        bytes memory batch = bytes.concat(
            Batches.header(nextBatch, nextBatch, 3),
            fillIn(20),
            Batches.segment(12, abi.encodePacked(uint16(1), OBSERVED, MARK, uint16(0))),
            fillIn(21)
        );
        vm.expectRevert(
            abi.encodeWithSelector(
                BatchCodes.BatchRejected.selector, BatchCodes.INVALID_SIZE, 2, 0
            )
        );
        exchange.settle(batch);
    }

    function fillIn(uint32 seq) private view returns (bytes memory) {
        TestOrder[] memory orders = new TestOrder[](2);
        TestFill[] memory fills = new TestFill[](1);
        (orders[0], orders[1]) = (orderOf(bob, 0, MARK, 1), orderOf(carol, 1, MARK, 1));
        for (uint256 i = 0; i < 2; ++i) {
            (orders[i].market, orders[i].lane, orders[i].seq) = (OBSERVED, 8, seq);
        }
        fills[0] = TestFill(0, 1, 1);
        return Batches.segment(
            Batches.KIND_FILLS, Batches.fills(domain, TICK_E8, LOT_E8, orders, fills)
        );
    }

    // 16. A trigger that is cut off.
    function test_calldata_malformed_trigger() public {
        setMark(SICK_MARK);
        TestOrder memory maker = bid(carol, SICK_MARK, 10);
        (maker.kind, maker.trigger) = (2, SICK_MARK);
        bytes memory order = Batches.order(domain, TICK_E8, LOT_E8, maker);
        bytes memory body =
            abi.encodePacked(liquidationHead(alice, OBSERVED, 1), order, uint40(10));
        assembly {
            mstore(body, sub(mload(body), 7))
        }
        settleRejected(oneSegment(KIND_LIQUIDATIONS, body), BatchCodes.MALFORMED, 0);
    }
}
