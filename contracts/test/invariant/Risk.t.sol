// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPlumbExchange, Totals} from "../../src/interfaces/IPlumbExchange.sol";
import {Test} from "../base/Test.sol";
import {RiskHandler} from "./RiskHandler.sol";

/// @notice What holds whoever is liquidated by whom.
contract RiskInvariantTest is Test {
    RiskHandler internal handler;
    IPlumbExchange internal exchange;

    function setUp() public {
        handler = new RiskHandler();
        exchange = handler.exchangeAddress();
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// @dev Only the actions; trades, prices and liquidations more often, since everything else lives on them.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[] memory actions = new bytes4[](12);
        actions[0] = RiskHandler.trade.selector;
        actions[1] = RiskHandler.price.selector;
        actions[2] = RiskHandler.liquidate.selector;
        actions[3] = RiskHandler.takeOver.selector;
        actions[4] = RiskHandler.deleverage.selector;
        actions[5] = RiskHandler.funding.selector;
        actions[6] = RiskHandler.wait_.selector;
        actions[7] = RiskHandler.flag.selector;
        actions[8] = RiskHandler.executeFlagged.selector;
        actions[9] = RiskHandler.moveMoney.selector;
        actions[10] = RiskHandler.setTiers.selector;
        actions[11] = RiskHandler.rescue.selector;
        targets[0] = FuzzSelector(address(handler), actions);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    // 17, 20. Insurance and pools included, every unit is somebody's.
    function invariant_money_is_conserved() external view {
        Totals memory totals = exchange.totals();
        (int256 cash,,) = handler.sums();
        int256 held = cash + int256(totals.fees) + totals.fundingPools + int256(totals.insurance);
        assertEq(held, int256(totals.deposits) - int256(totals.withdrawals), "conserved");
    }

    // 19. Liquidation, takeover and deleveraging only move positions between accounts.
    function invariant_positions_sum_to_zero() external view {
        (, int256 size, uint256 longs) = handler.sums();
        assertEq(size, 0, "positions");
        assertEq(exchange.market(0).openInterest, longs, "open interest");
    }

    // 34, 36, 51. Nobody healthy is touched, no position grows, no victim, maker or counterparty pays beyond the rules.
    function invariant_liquidation_is_fair() external view {
        assertTrue(!handler.healthyWasTouched(), "a healthy account was liquidated");
        assertTrue(!handler.positionGrew(), "a victim's position grew");
        assertTrue(!handler.victimRobbed(), "a victim lost beyond the rules");
        assertTrue(!handler.makerHarmed(), "a maker or counterparty was harmed");
        assertTrue(!handler.shareWrong(), "a share was not exact");
    }

    function afterInvariant() external {
        // A handler that always reverts would prove nothing. A short run may have had no luck: then it is tried here.
        for (uint256 i = 0; i < 64 && (_moved() == 0 || handler.succeeded("price") == 0); ++i) {
            handler.price(uint32(i));
            handler.trade(uint256(keccak256(abi.encode(i))), uint40(1 + i), int16(0));
        }
        assertTrue(_moved() > 0, "no position moved");
        assertTrue(handler.succeeded("price") > 0, "no price settled");
    }

    function _moved() private view returns (uint256) {
        return handler.succeeded("trade") + handler.succeeded("liquidate")
            + handler.succeeded("deleverage") + handler.succeeded("takeover");
    }
}
