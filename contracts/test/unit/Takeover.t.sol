// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeRisk} from "../../src/interfaces/IExchangeRisk.sol";
import {Position} from "../../src/interfaces/IPlumbExchange.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {TestOrder} from "../base/Batches.sol";
import {RiskTest} from "../base/RiskTest.sol";

/// @notice The loss ladder: backstop, insurance, deleveraging, and what nobody can bear; in a batch, or by anybody.
contract TakeoverTest is RiskTest {
    // 1.9 step 2: 1.5 % of 17,250 is 258.75, more than the equity of 250: the bankruptcy price.
    function test_takeover_at_the_bankruptcy_price() public {
        backstopCapital(OBSERVED, 10_000e6);
        setMark(WORSE_MARK);
        settle(takeover(vm.addr(alice), OBSERVED));
        assertEq(cashOf(alice), 0, "nothing is left");
        assertEq(sizeOf(alice, OBSERVED), 0, "closed");
        (int256 cash,) = exchange.account(vm.addr(backstopKey()), OBSERVED + 1);
        assertEq(cash, 10_000e6 - 17_000e6, "the backstop pays the bankruptcy quote");
        assertConserved();
    }

    // Where the fee leaves the user more than bankruptcy would, it keeps the rest.
    function test_takeover_leaves_the_rest() public {
        backstopCapital(OBSERVED, 10_000e6);
        setMark(SICK_MARK); // 1.5 % of 17,400 = 261
        settle(takeover(vm.addr(alice), OBSERVED));
        assertEq(cashOf(alice), 400e6 - 261e6, "equity less the fee");
        assertConserved();
    }

    // 45. Within its own margin and the position limit only; each market's capital is its own.
    function test_backstop_limits() public {
        setMark(WORSE_MARK);
        backstopCapital(FIXED, 1e12);
        settleRejected(takeover(vm.addr(alice), OBSERVED), BatchCodes.BACKSTOP_SHORT, 0);
        // Equity of the position gained 250; initial margin is 862.50.
        backstopCapital(OBSERVED, 612_499_999);
        settleRejected(takeover(vm.addr(alice), OBSERVED), BatchCodes.BACKSTOP_SHORT, 0);
        backstopCapital(OBSERVED, 1e6);
        settle(takeover(vm.addr(alice), OBSERVED));
    }

    function test_takeover_refused() public {
        backstopCapital(OBSERVED, 1e12);
        settleRejected(takeover(vm.addr(alice), OBSERVED), BatchCodes.HEALTHY, 0);
        setMark(WORSE_MARK);
        settleRejected(takeover(vm.addr(alice), FIXED), BatchCodes.NOT_REDUCING, 0);
        settleRejected(takeover(vm.addr(alice), 9), BatchCodes.UNKNOWN_MARKET, 0);
        bytes memory cut = abi.encodePacked(uint16(1), vm.addr(alice), uint8(0));
        settleRejected(oneSegment(KIND_TAKEOVERS, cut), BatchCodes.MALFORMED, 0);
        settleRejected(oneSegment(KIND_TAKEOVERS, hex"00"), BatchCodes.MALFORMED, 0);
        settleRejected(oneSegment(KIND_TAKEOVERS, hex"000000"), BatchCodes.MALFORMED, 0);
    }

    // 51. Negative equity: the insurance pays it whole, or the ladder goes on.
    function test_loss_ladder_insurance() public {
        backstopCapital(OBSERVED, 10_000e6);
        insure(199_999_999);
        setMark(BROKE_MARK);
        settleRejected(takeover(vm.addr(alice), OBSERVED), BatchCodes.INSURANCE_SHORT, 0);
        insure(1);
        settle(takeover(vm.addr(alice), OBSERVED));
        assertEq(cashOf(alice), 0, "made whole");
        assertEq(insurance(), 0, "spent");
        assertConserved();
    }

    // 51. Insurance first, then the counterparties at mark with the exact share of the rest.
    function test_loss_ladder_deleveraging() public {
        insure(50e6);
        setMark(BROKE_MARK); // deficit 200, 50 insured
        settleRejected(deleveragingOf(alice, bob, 3_000, 150e6 - 1), BatchCodes.WRONG_SHARE, 0);
        settleRejected(deleveragingOf(alice, bob, 3_000, 150e6 + 1), BatchCodes.WRONG_SHARE, 0);
        int256 before = cashOf(bob);
        settle(deleveragingOf(alice, bob, 3_000, 150e6));
        assertEq(cashOf(alice), 0, "made whole");
        assertEq(cashOf(bob), before - 16_800e6 - 150e6, "mark value and the share");
        assertEq(sizeOf(bob, OBSERVED), 0, "closed");
        assertEq(insurance(), 0, "spent first");
        assertEq(exchange.market(OBSERVED).openInterest, 0, "interest");
        assertConserved();
    }

    // 51. Of what the insurance has for the whole position a partial close takes its part, rounded down.
    function test_loss_ladder_partial_insurance() public {
        insure(50e6 + 1);
        setMark(BROKE_MARK); // deficit 200, of which the counterparties bear 149.999999
        uint64 share = 50e6; // a third of it, rounded up
        settleRejected(deleveragingOf(alice, bob, 1_000, share - 1), BatchCodes.WRONG_SHARE, 0);
        settle(deleveragingOf(alice, bob, 1_000, share));
        assertEq(insurance(), 50e6 + 1 - 16_666_667, "a third of it");
        (int256 equity,,,) = exchange.health(vm.addr(alice), 0);
        assertEq(equity, -200e6 + int256(uint256(share)) + 16_666_667, "made whole by its part");
        assertConserved();
    }

    // 51. Shares are the same for each lot, to the unit, and sum up to the deficit.
    function testFuzz_loss_ladder_shares(uint40 part, uint32 mark) public {
        uint40 lots = uint40(bound(part, 1, 2_999));
        open(carol, 1, bob, lots, MARK); // bob buys some of it back from carol
        setMark(uint32(bound(mark, 540_000, 566_000)));
        (int256 equity,,,) = exchange.health(vm.addr(alice), 0);
        uint256 deficit = uint256(-equity);
        Counterparty[] memory parties = new Counterparty[](2);
        uint256 first = deficit * (3_000 - lots) / 3_000;
        parties[0] = Counterparty(bob, 3_000 - lots, uint64(first));
        parties[1] = Counterparty(carol, lots, uint64(deficit - first));
        settle(deleveraging(alice, parties));
        assertEq(cashOf(alice), 0, "whole");
        assertConserved();
    }

    // 36. Counterparties: opposite, solvent, no more than they hold, each once, in order; never the backstop.
    function test_deleveraging_counterparties() public {
        setMark(BROKE_MARK);
        settleRejected(deleveragingOf(alice, carol, 10, 666_667), BatchCodes.WRONG_COUNTERPARTY, 0);
        settleRejected(deleveragingOf(alice, bob, 3_001, 0), BatchCodes.NOT_REDUCING, 0);
        settleRejected(deleveragingOf(alice, bob, 0, 0), BatchCodes.NOT_REDUCING, 0);
        open(carol, 1, bob, 1_000, BROKE_MARK);
        settleRejected(
            deleveragingOf(alice, bob, 2_500, 166_666_667), BatchCodes.WRONG_COUNTERPARTY, 0
        );
        Counterparty[] memory parties = new Counterparty[](2);
        parties[0] = Counterparty(bob, 500, 33_333_333);
        parties[1] = Counterparty(bob, 500, 33_333_334);
        settleRejected(deleveraging(alice, parties), BatchCodes.ORDERS_NOT_SORTED, 0);
        address backstop = vm.addr(backstopKey());
        exchange.depositFor(backstop, 0, 1e10);
        open(backstopKey(), 1, carol, 100, BROKE_MARK);
        settleRejected(
            deleveragingOf(alice, backstopKey(), 100, 6_666_667), BatchCodes.BACKSTOP_PARTY, 0
        );
        bytes memory body = abi.encodePacked(liquidationHead(alice, OBSERVED, 2), vm.addr(bob));
        settleRejected(oneSegment(KIND_DELEVERAGINGS, body), BatchCodes.MALFORMED, 0);
        body = abi.encodePacked(uint16(1), vm.addr(alice));
        settleRejected(oneSegment(KIND_DELEVERAGINGS, body), BatchCodes.MALFORMED, 0);
    }

    // A share that exceeds what is left of a counterparty's equity is possible, an insolvent counterparty is not.
    function test_deleveraging_needs_a_solvent_counterparty() public {
        uint256 dave = traderKey(60);
        deposit(dave, 1_000e6);
        open(dave, 1, carol, 3_000, BROKE_MARK + 40_000);
        setMark(BROKE_MARK + 81_000); // dave is short and broke, alice is well
        uint256 erin = traderKey(61);
        deposit(erin, 1_000e6);
        settleRejected(deleveragingOf(alice, dave, 10, 0), BatchCodes.HEALTHY, 0);
        open(erin, 0, bob, 3_000, BROKE_MARK + 81_000);
        setMark(BROKE_MARK + 45_000); // erin -80 - broke; dave has 850 again
        (int256 equity,,,) = exchange.health(vm.addr(erin), 0);
        assertTrue(equity < 0, "erin is broke");
        settle(deleveragingOf(erin, dave, 30, share(erin, 30)));
    }

    function share(uint256 victim, uint256 lots) private view returns (uint64) {
        (int256 equity,,,) = exchange.health(vm.addr(victim), 0);
        return uint64((uint256(-equity) * lots + 2_999) / 3_000);
    }

    // With equity left nobody bears anything: both close at mark.
    function test_deleveraging_at_mark() public {
        setMark(WORSE_MARK);
        settle(deleveragingOf(alice, bob, 1_000, 0));
        (int256 equity,,,) = exchange.health(vm.addr(alice), 0);
        assertEq(equity, 250e6, "unchanged");
        assertEq(sizeOf(alice, OBSERVED), 2_000, "a part");
        assertConserved();
    }

    // 51. The share of the last position is the whole deficit, a debt of funding included: nobody is left flat with one.
    function test_loss_ladder_leaves_no_debt() public {
        // 600 USDC of funding that alice never had.
        pass(3600);
        settle(fundingBatch(OBSERVED, 200_000_000_000));
        setMark(BROKE_MARK);
        (int256 equity, uint256 maintenance,,) = exchange.health(vm.addr(alice), 0);
        assertEq(equity, -800e6, "below zero");
        assertTrue(maintenance > 0, "held");
        settle(deleveragingOf(alice, bob, 3_000, 800e6));
        assertEq(cashOf(alice), 0, "the share covers the whole deficit");
        assertConserved();
    }

    // 37. Anybody may flag, wait and execute; the price is the batch's.
    function test_liq_unpausable_flagged() public {
        backstopCapital(OBSERVED, 10_000e6);
        address owner = vm.addr(alice);
        vm.expectRevert(
            abi.encodeWithSelector(
                IExchangeRisk.AccountHealthy.selector, owner, int256(1_000e6), uint256(450e6)
            )
        );
        exchange.flag(owner, 0);
        setMark(WORSE_MARK);
        exchange.flag(owner, 0);
        uint256 from = nowS + 30 minutes;
        pass(30 minutes - 1);
        vm.expectRevert(notDue(owner, from));
        exchange.executeFlagged(owner, 0, OBSERVED);
        vm.expectRevert(
            abi.encodeWithSelector(
                IExchangeRisk.FlagNotDue.selector, owner, nowS, 0, from + 30 minutes
            )
        );
        exchange.flag(owner, 0);
        pass(1);
        exchange.executeFlagged(owner, 0, OBSERVED);
        assertEq(cashOf(alice), 0, "bankruptcy price");
        assertEq(sizeOf(alice, OBSERVED), 0, "closed");
        assertConserved();
    }

    // The engine learns of it later: of the funding only this market's is settled, as in a fill, and all numbers are told.
    function test_flagged_settles_one_market() public {
        backstopCapital(OBSERVED, 10_000e6);
        TestOrder memory taken = orderOf(alice, 0, MARK, 1);
        TestOrder memory made = orderOf(bob, 1, MARK, 1);
        (taken.seq, made.seq, taken.takerFee, made.makerFee) = (nextSeq, nextSeq, 0, 0);
        ++nextSeq;
        settle(pair(taken, made, 1));
        setMark(WORSE_MARK);
        exchange.flag(vm.addr(alice), 0);
        pass(30 minutes);
        settle(fundingBatch(FIXED, 1_000_000));
        settle(fundingBatch(OBSERVED, 2_000));
        (int256 equity, uint256 maintenance,,) = exchange.health(vm.addr(alice), 0);
        assertEq(equity, 250e6 - 6 - 1, "what is due counts");
        int256 part = equity * 431_250_000 / int256(maintenance);
        vm.expectEmit(address(exchange));
        emit IExchangeRisk.FlaggedTakenOver(
            vm.addr(alice), 0, OBSERVED, 3_000, 17_250e6 - part, WORSE_MARK, 2_000
        );
        exchange.executeFlagged(vm.addr(alice), 0, OBSERVED);
        (, Position[] memory left) = exchange.account(vm.addr(alice), 0);
        assertEq(left.length, 1, "one position");
        assertEq(left[0].fundingSnapshot, 0, "its funding is not settled");
        (, Position[] memory taker) = exchange.account(vm.addr(backstopKey()), OBSERVED + 1);
        assertEq(taker[0].fundingSnapshot, 2_000, "the market's is");
        assertConserved();
    }

    // 51. Insurance is spent by batches alone: what one on its way has counted on is still there.
    function test_loss_ladder_flagged() public {
        backstopCapital(OBSERVED, 10_000e6);
        insure(200e6);
        setMark(BROKE_MARK); // 200 below zero
        exchange.flag(vm.addr(alice), 0);
        pass(30 minutes);
        setMark(BROKE_MARK);
        vm.expectRevert(
            abi.encodeWithSelector(
                BatchCodes.BatchRejected.selector, BatchCodes.INSURANCE_SHORT, uint256(0), uint256(0)
            )
        );
        exchange.executeFlagged(vm.addr(alice), 0, OBSERVED);
        settle(takeover(vm.addr(alice), OBSERVED));
        assertEq(insurance(), 0, "spent by the batch");
        assertConserved();
    }

    function notDue(address owner, uint256 from) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IExchangeRisk.FlagNotDue.selector, owner, nowS, from, from + 30 minutes
        );
    }

    // 36, 50. A flag lapses, is taken off by health, and does not help against the healthy.
    function test_delay_exact_flag() public {
        backstopCapital(OBSERVED, 10_000e6);
        address owner = vm.addr(alice);
        vm.expectRevert(notDue(owner, 30 minutes));
        exchange.executeFlagged(owner, 0, OBSERVED);
        setMark(WORSE_MARK);
        exchange.flag(owner, 0);
        uint256 from = nowS + 30 minutes;
        vm.expectRevert(
            abi.encodeWithSelector(
                IExchangeRisk.AccountUnhealthy.selector, owner, int256(250e6), uint256(431_250_000)
            )
        );
        exchange.clearFlag(owner, 0);
        pass(60 minutes + 1);
        vm.expectRevert(notDue(owner, from));
        exchange.executeFlagged(owner, 0, OBSERVED);
        setMark(WORSE_MARK);
        exchange.flag(owner, 0);
        pass(40 minutes);
        deposit(alice, 1_000e6);
        vm.expectRevert(
            abi.encodeWithSelector(
                BatchCodes.BatchRejected.selector, BatchCodes.HEALTHY, uint256(0), uint256(0)
            )
        );
        exchange.executeFlagged(owner, 0, OBSERVED);
        exchange.clearFlag(owner, 0);
        vm.expectRevert(notDue(owner, 30 minutes));
        exchange.executeFlagged(owner, 0, OBSERVED);
    }

    // 28. No flag at a stale mark, in either direction.
    function test_price_stale_flag() public {
        setMark(WORSE_MARK);
        pass(MARK_AGE_MAX_S + 1);
        vm.expectRevert(abi.encodeWithSelector(IExchangeRisk.MarkMissing.selector, vm.addr(alice)));
        exchange.flag(vm.addr(alice), 0);
        vm.expectRevert(abi.encodeWithSelector(IExchangeRisk.MarkMissing.selector, vm.addr(alice)));
        exchange.clearFlag(vm.addr(alice), 0);
    }

    // 55. The extension's entry for batches is closed to everybody, also through the exchange's fallback.
    function testFuzz_access_matrix_risk_segments(address caller) public {
        bytes memory call = abi.encodeWithSignature(
            "settleRiskSegment(uint256,uint256,bytes)", uint256(9), uint256(0), hex"0000"
        );
        vm.prank(caller);
        (bool ok, bytes memory reason) = address(exchange).call(call);
        assertTrue(!ok, "closed");
        assertEq(uint32(bytes4(reason)), uint32(IExchangeRisk.OnlyWithinSettlement.selector), "said");
        (ok,) = address(exchange).call(call); // a relayer, but no batch
        assertTrue(!ok, "closed to relayers");
        (ok,) = address(exchange).call(
            abi.encodeCall(exchange.settleSegment, (9, 0, hex"0000"))
        );
        assertTrue(!ok, "segments are the exchange's own");
    }
}
