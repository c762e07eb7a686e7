// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeExit} from "../../src/interfaces/IExchangeExit.sol";
import {IExchangeRisk, IExitSegments} from "../../src/interfaces/IExchangeRisk.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {ExitTest} from "../base/ExitTest.sol";

/// @notice What owners asked for on-chain, carried out by a batch: no more, no later, on the terms everybody has.
contract ServedRequestsTest is ExitTest {
    uint8 private constant KIND_REQUESTS = 13;
    uint8 private constant NO_MARKET = 255;

    function record(uint256 key, uint8 market, uint56 lots, uint64 amount)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(vm.addr(key), uint8(0), market, lots, amount);
    }

    function served(uint256 key, uint8 market, uint56 lots, uint64 amount)
        private
        view
        returns (bytes memory)
    {
        return oneSegment(
            KIND_REQUESTS, abi.encodePacked(uint16(1), record(key, market, lots, amount))
        );
    }

    // 41. The request is spent as far as it is paid; the rest is claimed as ever, and nothing twice.
    function test_a_withdrawal_is_paid_before_its_delay() public {
        requestWithdraw(alice, 400e6);
        settle(served(alice, NO_MARKET, 0, 300e6));
        assertEq(usdc.balanceOf(vm.addr(alice)), 300e6, "paid at once");
        assertEq(cashOf(alice), 700e6, "debited");
        assertEq(exchange.withdrawRequest(vm.addr(alice), 0).amount, 100e6, "left");
        settleRejected(served(alice, NO_MARKET, 0, 100e6 + 1), BatchCodes.NOT_REQUESTED, 0);
        pass(DIRECT_DELAY_S);
        settleRejected(served(alice, NO_MARKET, 0, 100e6), BatchCodes.REQUEST_OVER, 0);
        assertEq(exchange.claimWithdraw(vm.addr(alice), 0), 100e6, "the rest");
        assertEq(usdc.balanceOf(vm.addr(alice)), 400e6, "once");
    }

    // 43. Served up to the last second of D, by nobody's leave but the owner's.
    function test_served_to_the_last_second() public {
        settleRejected(served(alice, NO_MARKET, 0, 1), BatchCodes.NOT_REQUESTED, 0);
        requestWithdraw(alice, 1e6);
        settleRejected(served(bob, NO_MARKET, 0, 1), BatchCodes.NOT_REQUESTED, 0);
        settleRejected(served(alice, NO_MARKET, 0, 0), BatchCodes.ZERO_AMOUNT, 0);
        pass(DIRECT_DELAY_S - 1);
        settle(served(alice, NO_MARKET, 0, 1e6));
    }

    // 40. Margin of open positions stays; funding is settled first.
    function test_margin_stays() public {
        open(1_000); // 6,000 USDC of notional at 5 %
        requestWithdraw(alice, 1_000e6);
        settleRejected(served(alice, NO_MARKET, 0, 700e6 + 1), BatchCodes.NOT_SETTLEABLE, 0);
        settle(served(alice, NO_MARKET, 0, 700e6));
    }

    // 45. At the mark less the fee, half or whole; what was asked along with it is paid from what has become free.
    function test_a_reduction_is_served_at_the_mark() public {
        open(1_000);
        forceReduce(alice, FIXED, 1_000, 900e6);
        settle(served(alice, FIXED, 400, 0));
        assertEq(sizeOf(alice, FIXED), 600, "reduced");
        assertEq(sizeOf(backstopKey(), FIXED), 400, "taken");
        bytes memory both = abi.encodePacked(
            uint16(2), record(alice, FIXED, 600, 0), record(alice, FIXED, 0, 900e6)
        );
        settle(oneSegment(KIND_REQUESTS, both));
        assertEq(sizeOf(alice, FIXED), 0, "closed");
        assertEq(usdc.balanceOf(vm.addr(alice)), 900e6, "paid");
        assertEq(cashOf(alice), 100e6 - 30e6, "half a percent of 6,000 to the backstop");
        assertEq(exchange.forceRequest(vm.addr(alice), 0, FIXED).lots, 0, "spent");
        settleRejected(served(alice, FIXED, 1, 0), BatchCodes.NOT_REQUESTED, 0);
        settleRejected(served(alice, FIXED, 0, 1), BatchCodes.NOT_REQUESTED, 0);
    }

    function test_a_short_is_reduced_too() public {
        trade(FIXED, bob, alice, 1_000);
        forceReduce(alice, FIXED, 1_000, 0);
        settle(served(alice, FIXED, 1_000, 0));
        assertEq(cashOf(alice), 1_000e6 - 30e6, "less the fee");
        assertEq(sizeOf(backstopKey(), FIXED), -1_000, "taken");
    }

    // 49. Only what was asked for, of the side it was asked for, while it stands.
    function test_reductions_refused() public {
        open(1_000);
        forceReduce(alice, FIXED, 500, 5);
        settleRejected(served(alice, FIXED, 501, 0), BatchCodes.NOT_REQUESTED, 0);
        settleRejected(served(alice, FIXED, 0, 6), BatchCodes.NOT_REQUESTED, 0);
        trade(FIXED, bob, alice, 600);
        settleRejected(served(alice, FIXED, 401, 0), BatchCodes.NOT_REDUCING, 0);
        trade(FIXED, bob, alice, 800);
        settleRejected(served(alice, FIXED, 400, 0), BatchCodes.NOT_REDUCING, 0);
        pass(DIRECT_DELAY_S);
        settleRejected(served(alice, FIXED, 1, 0), BatchCodes.REQUEST_OVER, 0);
        settleRejected(served(alice, FIXED, 0, 5), BatchCodes.REQUEST_OVER, 0);
    }

    // 45. The backstop is judged like anybody after a fill.
    function test_a_backstop_that_is_short_takes_nothing() public {
        uint64 capital = 200e6;
        requestWithdraw(backstopKey(), uint64(1e11) - capital);
        pass(2 * FREEZE_DELAY_S);
        exchange.claimWithdraw(vm.addr(backstopKey()), 0);
        trade(FIXED, bob, carol, 1_000_000);
        forceReduce(bob, FIXED, 1_000_000, 0);
        settleRejected(served(bob, FIXED, 1_000_000, 0), BatchCodes.NOT_SETTLEABLE, 0);
    }

    // 43. Its own capital leaves by its own request only, after twice T2.
    function test_the_backstop_is_not_served() public {
        requestWithdraw(backstopKey(), 1e6);
        settleRejected(served(backstopKey(), NO_MARKET, 0, 1e6), BatchCodes.BACKSTOP_LOCKED, 0);
    }

    // 16. Every length is exact; nobody but a batch comes here.
    function test_calldata_malformed() public {
        settleRejected(oneSegment(KIND_REQUESTS, hex""), BatchCodes.MALFORMED, 0);
        settleRejected(oneSegment(KIND_REQUESTS, hex"00"), BatchCodes.MALFORMED, 0);
        settleRejected(oneSegment(KIND_REQUESTS, hex"0001"), BatchCodes.MALFORMED, 0);
        settleRejected(
            oneSegment(KIND_REQUESTS, abi.encodePacked(uint16(0), uint8(0))),
            BatchCodes.MALFORMED,
            0
        );
        settle(oneSegment(KIND_REQUESTS, hex"0000"));
        settleRejected(served(alice, 9, 1, 0), BatchCodes.NOT_REQUESTED, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeRisk.OnlyWithinSettlement.selector, address(this))
        );
        IExitSegments(address(exchange)).settleRequests(0, hex"0000");
    }
}
