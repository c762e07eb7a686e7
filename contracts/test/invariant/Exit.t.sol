// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPlumbExchange, Totals} from "../../src/interfaces/IPlumbExchange.sol";
import {Test} from "../base/Test.sol";
import {ExitHandler} from "./ExitHandler.sol";

/// @notice What a compromised operator cannot do, and how every run ends: with everybody out.
contract ExitInvariantTest is Test {
    ExitHandler internal handler;
    IPlumbExchange internal exchange;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        handler = new ExitHandler();
        exchange = handler.exchangeAddress();
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[] memory actions = new bytes4[](14);
        actions[0] = ExitHandler.fill.selector;
        actions[1] = ExitHandler.price.selector;
        actions[2] = ExitHandler.funding.selector;
        actions[3] = ExitHandler.heartbeat.selector;
        actions[4] = ExitHandler.pause.selector;
        actions[5] = ExitHandler.grab.selector;
        actions[6] = ExitHandler.robBackstop.selector;
        actions[7] = ExitHandler.wait_.selector;
        actions[8] = ExitHandler.requestWithdraw_.selector;
        actions[9] = ExitHandler.claimWithdraw_.selector;
        actions[10] = ExitHandler.forceReduce_.selector;
        actions[11] = ExitHandler.execute_.selector;
        actions[12] = ExitHandler.cancelAll.selector;
        actions[13] = ExitHandler.collect_.selector;
        targets[0] = FuzzSelector(address(handler), actions);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    // 17, 20. Cash + fees + pools + insurance = deposits - withdrawals; the token is there, what is owed included. (What rounding
    // leaves in the pool of a market without positions goes to its insurance.)
    function invariant_money_is_conserved() external view {
        Totals memory totals = exchange.totals();
        (int256 cash,,) = handler.sums();
        int256 held = int256(totals.deposits) - int256(totals.withdrawals);
        int256 accounted = cash + int256(totals.fees) + totals.fundingPools + int256(totals.insurance);
        assertEq(accounted, held, "accounted");
        assertEq(int256(totals.tokenBalance), held + int256(totals.owed), "the token");
    }

    // 41. What has left has reached the owners, or is owed to them; nobody else has gained a unit.
    function invariant_only_owners_are_paid() external view {
        Totals memory totals = exchange.totals();
        (uint256 held, uint256 owed) = handler.outside();
        assertEq(held + owed, totals.withdrawals, "withdrawals");
        assertEq(owed, totals.owed, "owed");
        assertEq(handler.token().balanceOf(handler.thief()), 0, "the thief");
    }

    // 19, 45. Positions sum to zero, the backstop's included.
    function invariant_positions_sum_to_zero() external view {
        (, int256[2] memory sizes, uint256[2] memory longs) = handler.sums();
        assertEq(sizes[0], 0, "observed market");
        assertEq(sizes[1], 0, "fixed market");
        assertEq(exchange.market(0).openInterest, longs[0], "observed interest");
        assertEq(exchange.market(2).openInterest, longs[1], "fixed interest");
    }

    // 27, 41, 45, 53. What the handler watches call by call.
    function invariant_no_power_over_others() external view {
        assertTrue(!handler.grew(), "a forced reduction grew a position");
        assertTrue(!handler.wrongPrice(), "a minority moved the mark");
        assertTrue(!handler.fastPower(), "custody changed without its wait");
        assertTrue(!handler.overpaid(), "a request paid more than it asked for");
        assertEq(handler.succeeded("never"), 0, "the backstop paid out by a batch");
    }

    // 48, 15 (R21). Whatever the operator did: it falls silent, and everybody with equity is out.
    function afterInvariant() external {
        handler.everybodyLeaves();
        Totals memory totals = exchange.totals();
        assertTrue(
            totals.withdrawals - handler.withdrawnAtFreeze() <= exchange.freezeState().assets,
            "payouts within assets"
        );
        assertTrue(handler.succeeded("claim") > 0, "nobody had a claim");
        assertTrue(totals.tokenBalance + totals.withdrawals >= totals.deposits, "the token");
    }
}
