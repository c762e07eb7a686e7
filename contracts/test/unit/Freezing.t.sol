// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeExit} from "../../src/interfaces/IExchangeExit.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {Claim, Freeze} from "../../src/libraries/ExitState.sol";
import {ExitTest} from "../base/ExitTest.sol";

/// @notice The end: freeze, claim, payout.
contract FreezingTest is ExitTest {
    function test_freeze_claim_payout() public {
        open(1_000);
        pass(FREEZE_DELAY_S);
        vm.prank(vm.addr(alice));
        exchange.freeze();
        assertEq(exchange.freezeState().frozenAt, nowS, "frozen");
        assertEq(exchange.freezeState().assets, 2_101_000e6, "assets");
        assertEq(exchange.claim(vm.addr(alice), 0), 1_000e6, "equity");
        assertEq(exchange.claim(vm.addr(bob), 0), 1e12, "bob's");
        pass(CLAIM_PERIOD_S);
        assertEq(exchange.payout(vm.addr(alice), 0), 1_000e6, "paid");
        assertEq(usdc.balanceOf(vm.addr(alice)), 1_000e6, "arrived");
        // No outflow limit holds a frozen exchange's payouts back.
        assertEq(exchange.payout(vm.addr(bob), 0), 1e12, "all of it");
        Claim memory claim = exchange.claimOf(vm.addr(bob), 0);
        assertTrue(claim.registered && claim.paid, "claim");
        assertEq(claim.equity, 1e12, "equity");
    }

    // 50. One second before T2 the exchange is alive; one second before the period's end nobody is paid.
    function test_delay_exact() public {
        pass(FREEZE_DELAY_S - 1);
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.StillServed.selector, nowS, nowS + 1));
        exchange.freeze();
        pass(1);
        exchange.freeze();
        exchange.claim(vm.addr(alice), 0);
        pass(CLAIM_PERIOD_S - 1);
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.TooEarly.selector, nowS, nowS + 1));
        exchange.payout(vm.addr(alice), 0);
        pass(1);
        exchange.payout(vm.addr(alice), 0);
    }

    // 43. Empty batches are a heartbeat and no service: an overdue request freezes all the same.
    function test_censor() public {
        drainBackstop();
        open(1_000);
        forceReduce(alice, FIXED, 1_000, 0);
        for (uint256 i = 0; i < 24; ++i) {
            pass(1 hours);
            settle(emptyBatch());
        }
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeExit.StillServed.selector, nowS, nowS + FREEZE_DELAY_S)
        );
        exchange.freeze();
        assertTrue(exchange.freezeOverdue(vm.addr(alice), 0, FIXED), "frozen");
        assertEq(exchange.claim(vm.addr(alice), 0), 1_000e6, "claim");
    }

    function test_overdue_exact() public {
        drainBackstop();
        open(1_000);
        forceReduce(alice, FIXED, 1_000, 0);
        pass(FREEZE_DELAY_S - 1);
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.TooEarly.selector, nowS, nowS + 1));
        exchange.freezeOverdue(vm.addr(alice), 0, FIXED);
    }

    // 46. What anybody can execute is executed and freezes nothing.
    function test_freeze_grief() public {
        open(1_000);
        forceReduce(alice, FIXED, 1_000, 0);
        pass(FREEZE_DELAY_S);
        assertTrue(!exchange.freezeOverdue(vm.addr(alice), 0, FIXED), "not frozen");
        assertEq(sizeOf(alice, FIXED), 0, "served instead");
        assertEq(exchange.freezeState().frozenAt, 0, "alive");
    }

    // 46. A request that its own account has made impossible is nobody's neglect.
    function test_freeze_grief_self_invalidated() public {
        drainBackstop();
        setMark(MARK);
        openIn(OBSERVED, 1_000);
        forceReduce(alice, OBSERVED, 1_000, 0);
        for (uint256 i = 0; i < 10; ++i) {
            pass(1);
            uint32 lower = uint32(uint256(MARK) * (100 - 2 * (i + 1)) / 100);
            settle(priceBatch(3, lower, lower));
        }
        pass(FREEZE_DELAY_S);
        vm.expectRevert(
            abi.encodeWithSelector(
                BatchCodes.BatchRejected.selector, BatchCodes.NOT_SETTLEABLE, 0, 0
            )
        );
        exchange.freezeOverdue(vm.addr(alice), 0, OBSERVED);
        // The position is gone: the request is dropped.
        uint256 dave = traderKey(50);
        deposit(dave, 1e11);
        trade(FIXED, dave, carol, 500);
        forceReduce(dave, FIXED, 500, 0);
        trade(FIXED, carol, dave, 500);
        pass(FREEZE_DELAY_S);
        assertTrue(!exchange.freezeOverdue(vm.addr(dave), 0, FIXED), "not frozen");
    }

    // 49. A served request is spent: it never freezes, and a frozen exchange never thaws.
    function test_refreeze() public {
        open(1_000);
        forceReduce(alice, FIXED, 1_000, 0);
        pass(FORCE_DELAY_S);
        execute(alice, FIXED);
        pass(FREEZE_DELAY_S);
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeExit.NothingRequested.selector, vm.addr(alice))
        );
        exchange.freezeOverdue(vm.addr(alice), 0, FIXED);
        exchange.freeze();
        bytes memory frozen = abi.encodeWithSelector(IExchangeExit.Frozen.selector);
        vm.expectRevert(frozen);
        exchange.freeze();
        vm.expectRevert(frozen);
        exchange.freezeOverdue(vm.addr(alice), 0, FIXED);
        vm.expectRevert(frozen);
        exchange.settle(emptyBatch());
    }

    // 47. Nothing enters a frozen exchange, and nothing but claims leaves it.
    function test_credit_frozen() public {
        requestWithdraw(alice, 1e6);
        open(10);
        pass(FREEZE_DELAY_S);
        exchange.freeze();
        bytes memory frozen = abi.encodeWithSelector(IExchangeExit.Frozen.selector);
        vm.expectRevert(frozen);
        exchange.depositFor(vm.addr(alice), 0, 1e6);
        vm.expectRevert(frozen);
        exchange.claimWithdraw(vm.addr(alice), 0);
        vm.expectRevert(frozen);
        exchange.requestWithdraw(0, 1);
        vm.expectRevert(frozen);
        exchange.forceReduce(0, FIXED, 1, 0);
        vm.expectRevert(frozen);
        exchange.executeForceReduce(vm.addr(alice), 0, FIXED);
    }

    function test_claims_need_a_freeze() public {
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.NotFrozen.selector));
        exchange.claim(vm.addr(alice), 0);
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.NotFrozen.selector));
        exchange.payout(vm.addr(alice), 0);
    }

    // 48. One claim, one payout; nothing for an account that owes.
    function test_claim_once() public {
        bankruptAlice();
        pass(FREEZE_DELAY_S);
        exchange.freeze();
        vm.expectPartialRevert(IExchangeExit.NothingToClaim.selector);
        exchange.claim(vm.addr(alice), 0);
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeExit.NothingToClaim.selector, trader(500), 0)
        );
        exchange.claim(trader(500), 0);
        exchange.claim(vm.addr(carol), 0);
        bytes memory again =
            abi.encodeWithSelector(IExchangeExit.AlreadyClaimed.selector, vm.addr(carol));
        vm.expectRevert(again);
        exchange.claim(vm.addr(carol), 0);
        pass(CLAIM_PERIOD_S);
        exchange.payout(vm.addr(carol), 0);
        vm.expectRevert(again);
        exchange.payout(vm.addr(carol), 0);
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeExit.NothingToClaim.selector, vm.addr(bob), 0)
        );
        exchange.payout(vm.addr(bob), 0);
    }

    // 48. Whoever comes first, everybody registered gets the same share, and the sum never exceeds the assets.
    function testFuzz_claim_fair(uint8 order, bool bankrupt) public {
        if (bankrupt) bankruptAlice();
        pass(FREEZE_DELAY_S);
        exchange.freeze();
        uint256[3] memory keys = [bob, carol, backstopKey()];
        uint256[3] memory equity;
        uint256 sum = 0;
        for (uint256 i = 0; i < 3; ++i) {
            equity[i] = exchange.claim(vm.addr(keys[(i + order) % 3]), 0);
            sum += equity[i];
        }
        Freeze memory state = exchange.freezeState();
        assertEq(state.claimed, sum, "claimed");
        pass(CLAIM_PERIOD_S);
        uint256 total = 0;
        for (uint256 i = 0; i < 3; ++i) {
            uint256 paid = exchange.payout(vm.addr(keys[(i + order) % 3]), 0);
            uint256 share = sum > state.assets ? equity[i] * state.assets / sum : equity[i];
            assertEq(paid, share, "share");
            total += paid;
        }
        assertTrue(bankrupt == (sum > state.assets), "bad debt is shared");
        assertTrue(total <= state.assets, "no more than there is");
        if (bankrupt) assertTrue(total + 3 > state.assets, "and no less");
    }

    // 48. The late share what nobody registered for.
    function test_late_claims() public {
        pass(FREEZE_DELAY_S);
        exchange.freeze();
        exchange.claim(vm.addr(bob), 0);
        pass(CLAIM_PERIOD_S);
        exchange.claim(vm.addr(alice), 0);
        assertEq(usdc.balanceOf(vm.addr(alice)), 1_000e6, "late and whole");
        exchange.payout(vm.addr(bob), 0);
        exchange.claim(vm.addr(carol), 0);
        exchange.claim(vm.addr(backstopKey()), 0);
        assertEq(exchange.totals().withdrawals, exchange.totals().deposits, "everything is out");
    }

    function test_late_claims_get_what_is_left() public {
        bankruptAlice();
        pass(FREEZE_DELAY_S);
        exchange.freeze();
        exchange.claim(vm.addr(bob), 0);
        pass(CLAIM_PERIOD_S);
        uint256 first = exchange.claim(vm.addr(carol), 0);
        uint256 assets = exchange.freezeState().assets;
        uint256 second = exchange.claim(vm.addr(backstopKey()), 0);
        uint256 early = exchange.payout(vm.addr(bob), 0);
        assertTrue(first + second + early <= assets, "no more than there is");
    }

    // The price of a frozen exchange is the slow mark of that moment, whenever one claims.
    function test_the_price_stands_still() public {
        setMark(MARK);
        openIn(OBSERVED, 1_000);
        pass(1_800);
        settle(priceBatch(3, MARK * 98 / 100, MARK * 98 / 100));
        pass(FREEZE_DELAY_S);
        exchange.freeze();
        uint256 slow = exchange.slowMark(OBSERVED);
        pass(5 days);
        assertEq(exchange.slowMark(OBSERVED), slow, "unmoved");
        uint256 loss = (MARK - slow) * 1_000 * QUOTE;
        assertEq(exchange.claim(vm.addr(alice), 0), 1_000e6 - loss, "equity");
    }

    // Alice holds 18 times her money long while the market falls by a fifth.
    function bankruptAlice() internal {
        setMark(MARK);
        openIn(OBSERVED, 3_000);
        for (uint256 i = 0; i < 10; ++i) {
            pass(600);
            uint32 lower = uint32(uint256(MARK) * (100 - 2 * (i + 1)) / 100);
            settle(priceBatch(3, lower, lower));
        }
        pass(MARK_AGE_MAX_S);
    }

    function drainBackstop() internal {
        requestWithdraw(backstopKey(), 1e11);
        for (uint256 i = 0; i < 3; ++i) {
            pass(FREEZE_DELAY_S - 1 hours);
            settle(emptyBatch());
        }
        exchange.claimWithdraw(vm.addr(backstopKey()), 0);
    }
}
