// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeExit} from "../../src/interfaces/IExchangeExit.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {ForceRequest} from "../../src/libraries/ExitState.sol";
import {ExitTest} from "../base/ExitTest.sol";

/// @notice Positions closed against the backstop without the operator.
contract ForcedReductionTest is ExitTest {
    // The exit of contracts.md 1.9: two transactions, an hour, everything out.
    function test_two_transactions_and_an_hour() public {
        open(1_000);
        forceReduce(alice, FIXED, 1_000, type(uint64).max);
        pass(FORCE_DELAY_S);
        vm.prank(trader(77));
        (uint256 closed, uint256 paid) = execute(alice, FIXED);
        uint256 fee = feeOf(1_000);
        assertEq(closed, 1_000, "closed");
        assertEq(paid, 1_000e6 - fee, "all of it but the fee");
        assertEq(usdc.balanceOf(vm.addr(alice)), paid, "arrived");
        assertEq(cashOf(alice), 0, "nothing stays behind");
        assertEq(sizeOf(alice, FIXED), 0, "flat");
        assertEq(sizeOf(backstopKey(), FIXED), 1_000, "the backstop holds it");
        assertEq(exchange.forceRequest(vm.addr(alice), 0, FIXED).lots, 0, "served");
        assertEq(exchange.market(FIXED).openInterest, 1_000, "open interest");
    }

    function test_shorts_leave_as_well() public {
        trade(FIXED, bob, alice, 1_000);
        forceReduce(alice, FIXED, 400, 0);
        pass(FORCE_DELAY_S);
        execute(alice, FIXED);
        assertEq(sizeOf(alice, FIXED), -600, "alice");
        assertEq(sizeOf(backstopKey(), FIXED), -400, "backstop");
        int256 notional = int256(uint256(MARK) * 400 * QUOTE);
        int256 opened = int256(uint256(MARK) * 1_000 * QUOTE);
        assertEq(cashOf(alice), 1_000e6 + opened - notional - int256(feeOf(400)), "cash");
    }

    // 50. One second before T1 is too early.
    function test_delay_exact() public {
        open(1_000);
        forceReduce(alice, FIXED, 1_000, 0);
        pass(FORCE_DELAY_S - 1);
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.TooEarly.selector, nowS, nowS + 1));
        execute(alice, FIXED);
        pass(1);
        execute(alice, FIXED);
    }

    function test_requests_are_checked() public {
        open(1_000);
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeExit.InvalidReduction.selector, FIXED, 1_001, 1_000)
        );
        forceReduce(alice, FIXED, 1_001, 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                BatchCodes.BatchRejected.selector, BatchCodes.UNKNOWN_MARKET, 0, 0
            )
        );
        forceReduce(alice, 9, 1, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeExit.NothingRequested.selector, vm.addr(alice))
        );
        execute(alice, FIXED);
        forceReduce(alice, FIXED, 1_000, 5);
        ForceRequest memory request = exchange.forceRequest(vm.addr(alice), 0, FIXED);
        assertEq(request.lots, 1_000, "lots");
        assertEq(request.withdraw, 5, "withdraw");
        assertEq(request.requestedAt, nowS, "time");
        assertTrue(request.isLong, "side");
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeExit.TooEarly.selector, nowS, nowS + DIRECT_DELAY_S)
        );
        forceReduce(alice, FIXED, 0, 0); // a batch may be serving it
        pass(DIRECT_DELAY_S);
        forceReduce(alice, FIXED, 0, 0);
        assertEq(exchange.forceRequest(vm.addr(alice), 0, FIXED).lots, 0, "taken back");
        trade(FIXED, backstopKey(), carol, 10);
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeExit.InvalidReduction.selector, FIXED, 10, 10)
        );
        forceReduce(backstopKey(), FIXED, 10, 0);
    }

    // 49. What the user closes in the meantime is not closed again, and the request is spent.
    function test_a_request_without_its_position_is_dropped() public {
        open(1_000);
        forceReduce(alice, FIXED, 1_000, type(uint64).max);
        trade(FIXED, bob, alice, 1_500); // now short
        pass(FORCE_DELAY_S);
        (uint256 closed, uint256 paid) = execute(alice, FIXED);
        assertEq(closed + paid, 0, "nothing");
        assertEq(sizeOf(alice, FIXED), -500, "untouched");
        assertEq(exchange.forceRequest(vm.addr(alice), 0, FIXED).lots, 0, "spent");
    }

    function test_a_smaller_position_is_closed_as_far_as_it_goes() public {
        open(1_000);
        forceReduce(alice, FIXED, 1_000, 0);
        trade(FIXED, bob, alice, 700);
        pass(FORCE_DELAY_S);
        (uint256 closed,) = execute(alice, FIXED);
        assertEq(closed, 300, "what is left of it");
        assertEq(sizeOf(alice, FIXED), 0, "flat");
    }

    // 45. In one block the backstop takes so much and no more; the rest of the request stays.
    function test_block_cap() public {
        uint256 perLot = uint256(MARK) * QUOTE;
        uint40 cap = uint40(FORCE_BLOCK_QUOTE / perLot);
        trade(FIXED, bob, carol, cap + 7);
        trade(FIXED, alice, carol, 5);
        forceReduce(bob, FIXED, cap + 7, 0);
        forceReduce(alice, FIXED, 5, 0);
        pass(FORCE_DELAY_S);
        (uint256 closed,) = execute(bob, FIXED);
        assertEq(closed, cap, "the cap");
        assertEq(exchange.forceRequest(vm.addr(bob), 0, FIXED).lots, 7, "still requested");
        uint256 used = cap * perLot;
        vm.expectRevert(
            abi.encodeWithSelector(
                IExchangeExit.BlockCapReached.selector, used, uint256(FORCE_BLOCK_QUOTE)
            )
        );
        execute(alice, FIXED);
        pass(1);
        execute(alice, FIXED);
        (closed,) = execute(bob, FIXED);
        assertEq(closed, 7, "the rest");
    }

    // 45. Whatever is forced on it, the backstop covers initial margin or takes nothing.
    function testFuzz_force_drain(uint40 size, uint64 capital) public {
        size = uint40(bound(size, 1, 160_000));
        capital = uint64(bound(capital, 0, 9e10));
        requestWithdraw(backstopKey(), 1e11 - capital);
        pass(2 * FREEZE_DELAY_S);
        settle(emptyBatch());
        if (capital != 1e11) exchange.claimWithdraw(vm.addr(backstopKey()), 0);
        trade(FIXED, bob, carol, size);
        forceReduce(bob, FIXED, size, 0);
        pass(FORCE_DELAY_S);
        uint256 notional = uint256(MARK) * size * QUOTE;
        uint256 margin = (notional * 500 + 9_999) / 10_000;
        uint256 equity = capital + feeOf(size);
        if (equity < margin) {
            vm.expectRevert(
                abi.encodeWithSelector(IExchangeExit.BackstopShort.selector, equity, margin)
            );
        }
        exchange.executeForceReduce(vm.addr(bob), 0, FIXED);
        if (equity < margin) assertEq(sizeOf(backstopKey(), FIXED), 0, "nothing taken");
    }

    function test_the_backstop_takes_what_reduces_it_without_margin() public {
        trade(FIXED, backstopKey(), carol, 100_000);
        // Bob leaves a short: the backstop's long shrinks.
        trade(FIXED, carol, bob, 1_000);
        forceReduce(bob, FIXED, 1_000, 0);
        pass(FORCE_DELAY_S);
        execute(bob, FIXED);
        assertEq(sizeOf(backstopKey(), FIXED), 99_000, "smaller");
    }

    // 45, 28. With silent publishers the slow mark stands in; open positions keep their collateral then.
    function test_stale_price_uses_the_slow_mark() public {
        setMark(MARK);
        openIn(OBSERVED, 1_000);
        pass(1_800);
        settle(priceBatch(3, MARK * 98 / 100, MARK * 98 / 100)); // MARK was valid for half of the window
        pass(MARK_AGE_MAX_S + 1);
        uint256 slow = MARK * 98 / 100; // by now the last mark was valid for all of it
        assertEq(exchange.slowMark(OBSERVED), slow, "slow mark");
        forceReduce(alice, OBSERVED, 600, type(uint64).max);
        pass(FORCE_DELAY_S);
        (uint256 closed, uint256 paid) = execute(alice, OBSERVED);
        assertEq(closed, 600, "closed");
        assertEq(paid, 0, "the rest stays open at a stale mark");
        forceReduce(alice, OBSERVED, 400, type(uint64).max);
        pass(FORCE_DELAY_S);
        (, paid) = execute(alice, OBSERVED);
        uint256 loss = (MARK - slow) * 1_000 * QUOTE;
        assertEq(paid, 1_000e6 - loss - feeAt(slow, 600) - feeAt(slow, 400), "all of it");
        assertEq(exchange.market(OBSERVED).mark, slow, "no mark was invented");
    }

    // 45. An account under water is the liquidation's, not the backstop's.
    function test_an_insolvent_account_does_not_leave() public {
        setMark(MARK);
        openIn(OBSERVED, 1_000); // 600 USDC notional a tenth of a lot: 6,000 USDC
        for (uint256 i = 0; i < 10; ++i) {
            pass(1);
            uint32 lower = uint32(uint256(MARK) * (100 - 2 * (i + 1)) / 100);
            settle(priceBatch(3, lower, lower));
        }
        forceReduce(alice, OBSERVED, 1_000, 0);
        pass(FORCE_DELAY_S);
        vm.expectRevert(
            abi.encodeWithSelector(
                BatchCodes.BatchRejected.selector, BatchCodes.NOT_SETTLEABLE, 0, 0
            )
        );
        execute(alice, OBSERVED);
    }

    function test_funding_is_settled_on_both_sides() public {
        open(1_000);
        trade(FIXED, backstopKey(), carol, 10);
        pass(3600);
        settle(fundingBatch(FIXED, 1_000_000)); // 1 micro-USDC a lot
        forceReduce(alice, FIXED, 1_000, type(uint64).max);
        pass(FORCE_DELAY_S);
        (, uint256 paid) = execute(alice, FIXED);
        assertEq(paid, 1_000e6 - 1_000 - feeOf(1_000), "less funding and fee");
        assertEq(exchange.market(FIXED).fundingPool, 1_010, "both have paid");
    }

    // One leaving stops nobody else: the same second others trade, and batches go on.
    function test_others_go_on() public {
        open(1_000);
        forceReduce(alice, FIXED, 1_000, type(uint64).max);
        trade(FIXED, bob, carol, 10);
        pass(FORCE_DELAY_S);
        execute(alice, FIXED);
        trade(FIXED, bob, carol, 10);
        settle(withdrawBatch(withdrawalOf(bob, 1e6)));
    }

    function feeOf(uint256 lots) internal pure returns (uint256) {
        return feeAt(MARK, lots);
    }

    function feeAt(uint256 price, uint256 lots) internal pure returns (uint256) {
        return (price * lots * QUOTE * FORCE_FEE_PPM + 999_999) / 1_000_000;
    }
}
