// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeExit} from "../../src/interfaces/IExchangeExit.sol";
import {IPlumbExchange} from "../../src/interfaces/IPlumbExchange.sol";
import {Batches} from "../base/Batches.sol";
import {ExitTest} from "../base/ExitTest.sol";
import {OddToken} from "../base/OddToken.sol";

/// @notice Outflow limits, the floor under them, and payouts that the token refuses.
contract PayoutsTest is ExitTest {
    uint256 internal constant HOUR = 1_000_000e6;
    uint256 internal constant DAY = 10_000_000e6;
    uint256 internal constant OWNER = 10_000e6;

    // Above the limits: credited to nobody else, owed, collected as the hours pass.
    function test_outflow_limit() public {
        deposit(bob, 20_000_000e6);
        settle(withdrawBatch(withdrawalOf(bob, uint64(3 * HOUR))));
        assertEq(usdc.balanceOf(vm.addr(bob)), HOUR + OWNER, "an hour's worth and the floor");
        assertEq(exchange.owed(vm.addr(bob)), 2 * HOUR - OWNER, "owed");
        assertEq(exchange.owedTotal(), 2 * HOUR - OWNER, "owed to all");
        assertEq(exchange.totals().withdrawals, 3 * HOUR, "debited at once");
        vm.expectRevert(abi.encodeWithSelector(IExchangeExit.NothingFree.selector, vm.addr(bob), 0));
        exchange.collect(vm.addr(bob));
        pass(1 hours);
        uint256 paid = exchange.collect(vm.addr(bob));
        assertEq(paid, HOUR + OWNER / 24, "another hour");
        pass(1 hours);
        exchange.collect(vm.addr(bob));
        assertEq(usdc.balanceOf(vm.addr(bob)), 3 * HOUR, "all of it");
        assertEq(exchange.owedTotal(), 0, "nothing owed");
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeExit.NothingRequested.selector, vm.addr(bob))
        );
        exchange.collect(vm.addr(bob));
    }

    // Nobody can use up another's floor.
    function test_the_floor_is_everybodys_own() public {
        deposit(bob, 20_000_000e6);
        settle(withdrawBatch(withdrawalOf(bob, uint64(5 * HOUR))));
        settle(withdrawBatch(withdrawalOf(alice, 1_000e6)));
        assertEq(usdc.balanceOf(vm.addr(alice)), 1_000e6, "alice is paid in the same minute");
        requestWithdraw(carol, uint64(OWNER + 1));
        pass(DIRECT_DELAY_S);
        settle(withdrawBatch(second(bob, uint64(5 * HOUR))));
        exchange.claimWithdraw(vm.addr(carol), 0);
        assertEq(usdc.balanceOf(vm.addr(carol)), OWNER, "her floor");
        assertEq(exchange.owed(vm.addr(carol)), 1, "the rest is owed");
    }

    // Over any day no more leaves than the day's limit twice (a full bucket and what leaks), floors besides.
    function testFuzz_outflow_is_bounded(uint64[12] calldata amounts, uint16[12] calldata waits)
        public
    {
        deposit(bob, 200_000_000e6);
        uint256 assets = exchange.totals().deposits;
        uint256 start = nowS;
        uint256 debited = 0;
        for (uint256 i = 0; i < 12 && nowS < start + 1 days; ++i) {
            uint64 amount = uint64(bound(amounts[i], 1, 8_000_000e6));
            settle(withdrawBatch(numbered(bob, amount, uint32(i + 1))));
            debited += amount;
            pass(uint256(waits[i]) % 7_200);
        }
        uint256 paid = usdc.balanceOf(vm.addr(bob));
        uint256 dayLimit = assets / 10 > DAY ? assets / 10 : DAY;
        uint256 hourLimit = assets / 100 > HOUR ? assets / 100 : HOUR;
        uint256 hours_ = (nowS - start) / 1 hours + 2;
        assertTrue(paid <= 2 * dayLimit + 2 * OWNER, "a day");
        assertTrue(paid <= hours_ * hourLimit + 2 * OWNER, "an hour");
        assertEq(paid + exchange.owed(vm.addr(bob)), debited, "delayed, never refused");
    }

    // 25, 42. A token that refuses one receiver holds nobody else up, and a strange answer is a refusal.
    function test_poison_pill() public {
        OddToken token = new OddToken(6);
        IPlumbExchange odd = deployExchange(address(token));
        odd.setRelayer(address(this), true);
        odd.depositFor(vm.addr(alice), 0, 100e6);
        domain = odd.domainSeparator();
        OddToken.Answer[3] memory answers =
            [OddToken.Answer.False, OddToken.Answer.Revert, OddToken.Answer.Strange];
        for (uint32 i = 0; i < 3; ++i) {
            token.setAnswer(answers[i]);
            bytes memory body = bytes.concat(
                abi.encodePacked(uint16(1)),
                Batches.withdrawal(domain, numbered(alice, 10e6, i + 1))
            );
            odd.settle(
                bytes.concat(
                    Batches.header(i + 1, i + 1, 1), Batches.segment(Batches.KIND_WITHDRAW, body)
                )
            );
            assertEq(odd.owed(vm.addr(alice)), (i + 1) * 10e6, "owed");
        }
        token.setAnswer(OddToken.Answer.Nothing);
        assertEq(odd.collect(vm.addr(alice)), 30e6, "collected once the token pays again");
        assertEq(token.balanceOf(vm.addr(alice)), 30e6, "arrived");
    }

    // 18. A token that calls back during a payout finds every door shut.
    function test_reentrancy() public {
        OddToken token = new OddToken(6);
        IPlumbExchange odd = deployExchange(address(token));
        odd.depositFor(vm.addr(alice), 0, 100e6);
        vm.prank(vm.addr(alice));
        odd.requestWithdraw(0, 10e6);
        pass(DIRECT_DELAY_S);
        token.attack(address(odd), abi.encodeCall(odd.claimWithdraw, (vm.addr(alice), 0)));
        odd.claimWithdraw(vm.addr(alice), 0);
        assertTrue(token.refused(), "claim re-entered");
        assertEq(token.balanceOf(vm.addr(alice)), 10e6, "once");
    }
}
