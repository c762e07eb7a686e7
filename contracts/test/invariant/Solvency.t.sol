// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPlumbExchange, Totals} from "../../src/interfaces/IPlumbExchange.sol";
import {Test} from "../base/Test.sol";
import {Handler} from "./Handler.sol";

/// @notice What holds after every call, whoever calls what.
contract SolvencyTest is Test {
    Handler internal handler;
    IPlumbExchange internal exchange;

    function setUp() public {
        handler = new Handler();
        exchange = handler.exchangeAddress();
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// @dev Only the actions: the handler's own set-up is no move in the game.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[] memory actions = new bytes4[](11);
        actions[0] = Handler.depositSome.selector;
        actions[1] = Handler.donate.selector;
        actions[2] = Handler.fillOne.selector;
        actions[3] = Handler.fillMany.selector;
        actions[4] = Handler.withdrawSome.selector;
        actions[5] = Handler.price.selector;
        actions[6] = Handler.funding.selector;
        actions[7] = Handler.wait_.selector;
        actions[8] = Handler.replay.selector;
        actions[9] = Handler.replayRenumbered.selector;
        actions[10] = Handler.damaged.selector;
        targets[0] = FuzzSelector(address(handler), actions);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    // 17, 20, 26. Cash + fees + funding pools + insurance = deposits - withdrawals, and the token is there (donations besides).
    function invariant_money_is_conserved() external view {
        Totals memory totals = exchange.totals();
        (int256 cash,,) = handler.sums();
        int256 held = int256(totals.deposits) - int256(totals.withdrawals);
        int256 accounted = cash + int256(totals.fees) + totals.fundingPools + int256(totals.insurance);
        assertEq(accounted, held, "accounted");
        assertTrue(int256(totals.tokenBalance) >= held, "the token is not there");
    }

    // 19. Every long has its short, and open interest counts the longs.
    function invariant_positions_sum_to_zero() external view {
        (, int256[2] memory sizes, uint256[2] memory longs) = handler.sums();
        assertEq(sizes[0], 0, "observed market");
        assertEq(sizes[1], 0, "fixed market");
        assertEq(exchange.market(0).openInterest, longs[0], "observed interest");
        assertEq(exchange.market(2).openInterest, longs[1], "fixed interest");
    }

    // 5, 6. Lanes only rise, and no batch settles twice.
    function invariant_nothing_replays() external view {
        assertTrue(!handler.laneFell(), "a lane fell");
        assertTrue(!handler.replayed(), "a batch settled twice");
    }

    function afterInvariant() external {
        // A handler that always reverts would prove nothing. A short run may have had no luck: then it is tried here.
        for (uint256 i = 0; i < 64 && _filled() == 0; ++i) {
            handler.price(uint32(i));
            handler.fillOne(uint256(keccak256(abi.encode(i))), uint40(1 + i), int16(0));
        }
        assertTrue(_filled() > 0, "no fill settled");
    }

    function _filled() private view returns (uint256) {
        return handler.succeeded("fill") + handler.succeeded("fillMany");
    }
}
