// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeExit} from "../../src/interfaces/IExchangeExit.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {ExitTest} from "../base/ExitTest.sol";

/// @notice Withdrawals that need no operator.
contract WithdrawRequestsTest is ExitTest {
    function test_request_is_paid_after_the_delay_by_anybody() public {
        requestWithdraw(alice, 400e6);
        pass(DIRECT_DELAY_S);
        vm.prank(trader(77));
        uint256 paid = exchange.claimWithdraw(vm.addr(alice), 0);
        assertEq(paid, 400e6, "paid");
        assertEq(usdc.balanceOf(vm.addr(alice)), 400e6, "arrived");
        assertEq(cashOf(alice), 600e6, "cash");
        assertEq(exchange.totals().withdrawals, 400e6, "withdrawals");
        assertEq(exchange.withdrawRequest(vm.addr(alice), 0).amount, 0, "nothing left to claim");
    }

    // 50. A second early is too early, to claim and to ask for something else; and a later request does not inherit an
    // earlier one's time.
    function test_delay_exact() public {
        requestWithdraw(alice, 400e6);
        pass(DIRECT_DELAY_S - 1);
        claimTooEarly(alice, nowS + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeExit.TooEarly.selector, nowS, nowS + 1)
        );
        requestWithdraw(alice, 500e6);
        pass(1);
        requestWithdraw(alice, 500e6);
        claimTooEarly(alice, nowS + DIRECT_DELAY_S);
        pass(DIRECT_DELAY_S);
        assertEq(exchange.claimWithdraw(vm.addr(alice), 0), 500e6, "paid");
    }

    // 41. The owner alone asks, the owner alone is paid, once.
    function testFuzz_withdraw_redirect(address caller) public {
        vm.assume(caller != vm.addr(alice) && caller != address(0));
        requestWithdraw(alice, 400e6);
        vm.prank(caller);
        exchange.requestWithdraw(0, 0); // another's request: alice's stands
        pass(DIRECT_DELAY_S);
        vm.prank(caller);
        exchange.claimWithdraw(vm.addr(alice), 0);
        assertEq(usdc.balanceOf(vm.addr(alice)), 400e6, "alice is paid");
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeExit.NothingRequested.selector, vm.addr(alice))
        );
        exchange.claimWithdraw(vm.addr(alice), 0);
    }

    // 41. Fast and direct are two debits of one account, never two payments of one amount.
    function test_fast_and_direct_together() public {
        requestWithdraw(alice, 800e6);
        settle(withdrawBatch(withdrawalOf(alice, 700e6)));
        pass(DIRECT_DELAY_S);
        assertEq(exchange.claimWithdraw(vm.addr(alice), 0), 300e6, "what is left");
        assertEq(usdc.balanceOf(vm.addr(alice)), 1_000e6, "all of it, once");
        assertEq(exchange.withdrawRequest(vm.addr(alice), 0).amount, 500e6, "still requested");
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeExit.NothingFree.selector, vm.addr(alice), 0)
        );
        exchange.claimWithdraw(vm.addr(alice), 0);
    }

    function test_zero_takes_the_request_back() public {
        requestWithdraw(alice, 400e6);
        pass(DIRECT_DELAY_S);
        requestWithdraw(alice, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeExit.NothingRequested.selector, vm.addr(alice))
        );
        exchange.claimWithdraw(vm.addr(alice), 0);
    }

    // 40. What is requested counts as margin until it is claimed, and only what is free is claimed.
    function testFuzz_withdraw_under_position(uint40 size, uint64 amount) public {
        size = uint40(bound(size, 1, 1_000));
        amount = uint64(bound(amount, 1, 1_000e6));
        requestWithdraw(alice, amount);
        open(size); // margin of the fill may use what is requested
        pass(DIRECT_DELAY_S);
        uint256 notional = uint256(MARK) * size * QUOTE;
        int256 free = cashOf(alice) + int256(notional) - int256((notional + 9) / 10);
        assertEq(exchange.freeCollateral(vm.addr(alice), 0), free, "free");
        if (free <= 0) {
            vm.expectRevert(
                abi.encodeWithSelector(IExchangeExit.NothingFree.selector, vm.addr(alice), free)
            );
            exchange.claimWithdraw(vm.addr(alice), 0);
            return;
        }
        uint256 paid = exchange.claimWithdraw(vm.addr(alice), 0);
        assertEq(paid, uint256(free) < amount ? uint256(free) : amount, "the smaller of the two");
    }

    // 28. A stale mark pays nobody who holds a position, and everybody who does not.
    function test_price_stale() public {
        setMark(MARK);
        openIn(OBSERVED, 1_000);
        requestWithdraw(alice, 1e6);
        requestWithdraw(carol, 1e6);
        pass(MARK_AGE_MAX_S + 1);
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.StalePrice.selector, OBSERVED));
        exchange.claimWithdraw(vm.addr(alice), 0);
        assertEq(exchange.claimWithdraw(vm.addr(carol), 0), 1e6, "paid without a price");
    }

    // 32. A mark that jumped is worth no more than the slow mark.
    function test_thin_profit() public {
        setMark(MARK);
        pass(600);
        setMark(MARK);
        openIn(OBSERVED, 1_000);
        int256 before = exchange.freeCollateral(vm.addr(alice), 0);
        settle(priceBatch(3, MARK * 102 / 100, MARK * 102 / 100));
        int256 notionalRise = int256(uint256(MARK) * 2 / 100 * 1_000 * QUOTE);
        int256 afterwards = exchange.freeCollateral(vm.addr(alice), 0);
        assertEq(
            afterwards, before - notionalRise / 10, "the profit is not free, its margin is due"
        );
        pass(3600);
        settle(priceBatch(3, MARK * 102 / 100, MARK * 102 / 100));
        assertEq(
            exchange.freeCollateral(vm.addr(alice), 0),
            before + notionalRise * 9 / 10,
            "after an hour"
        );
    }

    // 26. Profit that nobody has lost yet cannot leave.
    function test_claim_stays_within_deposits() public {
        uint256 total = exchange.totals().deposits;
        assertTrue(exchange.freeCollateral(vm.addr(carol), 0) <= int256(total), "bounded");
    }

    // 34, 41. Nobody but the user can withdraw for the backstop, and its capital leaves slowly.
    function test_backstop_capital_leaves_slowly() public {
        settleRejected(
            withdrawBatch(withdrawalOf(backstopKey(), 1e6)), BatchCodes.BACKSTOP_LOCKED, 0
        );
        requestWithdraw(backstopKey(), 1e6);
        pass(DIRECT_DELAY_S);
        claimTooEarly(backstopKey(), nowS - DIRECT_DELAY_S + 2 * FREEZE_DELAY_S);
        pass(2 * FREEZE_DELAY_S - DIRECT_DELAY_S);
        assertEq(exchange.claimWithdraw(vm.addr(backstopKey()), 0), 1e6, "paid at last");
    }

    // 34. With a position it keeps a tenth of it, whatever was asked for; the rest of the request stands.
    function test_backstop_keeps_what_its_position_needs() public {
        trade(FIXED, backstopKey(), carol, 10_000);
        requestWithdraw(backstopKey(), type(uint64).max);
        pass(2 * FREEZE_DELAY_S);
        settle(emptyBatch());
        int256 kept = int256(uint256(MARK) * 10_000 * QUOTE / 10);
        int256 free = exchange.freeCollateral(vm.addr(backstopKey()), 0);
        assertEq(int256(exchange.claimWithdraw(vm.addr(backstopKey()), 0)), free, "paid");
        int256 worth = cashOf(backstopKey()) + int256(uint256(MARK) * 10_000 * QUOTE);
        assertEq(worth, kept, "a tenth of the position stays");
        vm.expectRevert(
            abi.encodeWithSelector(
                IExchangeExit.NothingFree.selector, vm.addr(backstopKey()), int256(0)
            )
        );
        exchange.claimWithdraw(vm.addr(backstopKey()), 0);
    }

    function claimTooEarly(uint256 key, uint256 from) internal {
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.TooEarly.selector, nowS, from));
        exchange.claimWithdraw(vm.addr(key), 0);
    }
}
