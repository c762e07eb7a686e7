// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeAdmin} from "../../src/interfaces/IExchangeAdmin.sol";
import {IExchangeExit} from "../../src/interfaces/IExchangeExit.sol";
import {IExchangeGovernance} from "../../src/interfaces/IExchangeGovernance.sol";
import {IMarketRisk} from "../../src/interfaces/IExchangeRisk.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {Batches, TestOrder} from "../base/Batches.sol";
import {RiskTest} from "../base/RiskTest.sol";

/// @notice A market ends: announced, at a price near a fresh mark, everybody closed, and who owes what nobody has.
contract DelistingTest is RiskTest {
    uint8 private constant KIND_DELISTING = 12;

    function ending(uint32 price, uint256[] memory keys) private view returns (bytes memory) {
        bytes memory body =
            abi.encodePacked(uint16(1), OBSERVED, price, uint16(keys.length));
        for (uint256 i = 0; i < keys.length; ++i) {
            body = abi.encodePacked(body, vm.addr(keys[i]), uint8(0));
        }
        return oneSegment(KIND_DELISTING, body);
    }

    function endingOf(uint32 price, uint256 key) private view returns (bytes memory) {
        uint256[] memory keys = new uint256[](1);
        keys[0] = key;
        return ending(price, keys);
    }

    function announce() private {
        governed(abi.encodeCall(IMarketRisk.delistMarket, (OBSERVED)));
    }

    // 52. The schedule is the announcement: nobody is surprised, and nothing ends that was not announced.
    function test_delist_is_timelocked() public {
        settleRejected(endingOf(MARK, alice), BatchCodes.NOT_DELISTING, 0);
        bytes32 id = keccak256(abi.encodeCall(IMarketRisk.delistMarket, (OBSERVED)));
        vm.expectRevert(abi.encodeWithSelector(IExchangeGovernance.NotScheduled.selector, id));
        exchange.delistMarket(OBSERVED);
        announce();
        (bool announced, bool settled,) = exchange.delistingOf(OBSERVED);
        assertTrue(announced && !settled, "announced");
        governedRefused(
            abi.encodeCall(IMarketRisk.delistMarket, (OBSERVED)),
            abi.encodeWithSelector(IMarketRisk.InvalidDelisting.selector, OBSERVED)
        );
        governedRefused(
            abi.encodeCall(IMarketRisk.delistMarket, (uint8(9))),
            abi.encodeWithSelector(IMarketRisk.InvalidDelisting.selector, 9)
        );
        governedRefused(
            abi.encodeCall(IMarketRisk.delistMarket, (uint8(64))),
            abi.encodeWithSelector(IMarketRisk.InvalidDelisting.selector, 64)
        );
        (announced,,) = exchange.delistingOf(64);
        assertTrue(!announced, "no such market");
        vm.prank(vm.addr(alice));
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeAdmin.NotAdmin.selector, vm.addr(alice))
        );
        exchange.delistMarket(FIXED);
    }

    // 52. All positions at one price; money only changes hands.
    function test_delist() public {
        announce();
        uint256[] memory keys = new uint256[](2);
        (keys[0], keys[1]) = (alice, bob);
        int256 bobs = cashOf(bob);
        settle(ending(MARK, keys));
        assertEq(sizeOf(alice, OBSERVED), 0, "alice is closed");
        assertEq(sizeOf(bob, OBSERVED), 0, "bob is closed");
        assertEq(cashOf(alice), 1_000e6, "opened and closed at the same price");
        assertEq(cashOf(bob), bobs - 18_000e6, "bob bought back");
        assertEq(exchange.market(OBSERVED).openInterest, 0, "nobody holds it");
        (, bool settled, uint256 badDebt) = exchange.delistingOf(OBSERVED);
        assertTrue(settled && badDebt == 0, "settled");
        assertConserved();
    }

    // 29. Near the mark, which is fresh; and once it is fixed it is the same for all.
    function test_price_bounds() public {
        announce();
        uint32 band = uint32(uint256(MARK) * exchange.market(OBSERVED).markBandPpm / 1e6);
        settleRejected(endingOf(MARK + band + 1, alice), BatchCodes.SETTLEMENT_PRICE, 0);
        settleRejected(endingOf(MARK - band - 1, alice), BatchCodes.SETTLEMENT_PRICE, 0);
        settleRejected(endingOf(0, alice), BatchCodes.SETTLEMENT_PRICE, 0);
        pass(MARK_AGE_MAX_S + 1);
        settleRejected(endingOf(MARK, alice), BatchCodes.STALE_MARK, 0);
        setMark(MARK);
        settle(endingOf(MARK - band, alice));
        settleRejected(endingOf(MARK, bob), BatchCodes.SETTLEMENT_PRICE, 0);
        // The price does not grow old, and no other is taken.
        pass(10 * MARK_AGE_MAX_S);
        settleRejected(priceBatch(3, MARK, MARK), BatchCodes.FIXED_MARK, 0);
        settle(endingOf(MARK - band, bob));
        assertConserved();
    }

    // 56. Nothing trades there any more, in the very batch that ends it too; forced reductions are not needed.
    function test_nothing_trades_afterwards() public {
        announce();
        uint256[] memory none = new uint256[](0);
        settle(ending(MARK, none));
        vm.expectRevert(
            abi.encodeWithSelector(BatchCodes.BatchRejected.selector, BatchCodes.INVALID_SIZE, 0, 0)
        );
        this.openAgain();
        vm.prank(vm.addr(alice));
        vm.expectRevert(
            abi.encodeWithSelector(
                IExchangeExit.InvalidReduction.selector, OBSERVED, 1_000, 3_000
            )
        );
        exchange.forceReduce(0, OBSERVED, 1_000, 0);
    }

    function openAgain() external {
        open(carol, 0, bob, 1, MARK);
    }

    function test_a_reduction_asked_for_before_is_not_executed_after() public {
        vm.prank(vm.addr(alice));
        exchange.forceReduce(0, OBSERVED, 1_000, 0);
        announce();
        settle(endingOf(MARK, bob));
        vm.expectRevert(
            abi.encodeWithSelector(
                IExchangeExit.InvalidReduction.selector, OBSERVED, 1_000, 3_000
            )
        );
        exchange.executeForceReduce(vm.addr(alice), 0, OBSERVED);
    }

    // 51, 52. The tranche pays what it has; the rest is bad debt, and what stays inside is less by as much.
    function test_bad_debt() public {
        insure(50e6);
        announce();
        setMark(BROKE_MARK); // alice owes 200
        settle(endingOf(BROKE_MARK, alice));
        (,, uint256 badDebt) = exchange.delistingOf(OBSERVED);
        assertEq(badDebt, 150e6, "what nobody bore");
        assertEq(cashOf(alice), 0, "she owes nothing more");
        assertEq(insurance(), 0, "spent first");
        settle(endingOf(BROKE_MARK, bob));
        int256 sum = cashOf(alice) + cashOf(bob) + cashOf(carol);
        uint256 held = exchange.totals().deposits - exchange.totals().withdrawals;
        assertEq(
            sum + int256(exchange.totals().fees) + exchange.totals().fundingPools,
            int256(held + badDebt),
            "accounts hold more than there is, by the bad debt"
        );
    }

    function test_insurance_bears_it_all() public {
        insure(300e6);
        announce();
        setMark(BROKE_MARK);
        settle(endingOf(BROKE_MARK, alice));
        (,, uint256 badDebt) = exchange.delistingOf(OBSERVED);
        assertEq(badDebt, 0, "none");
        assertEq(insurance(), 100e6, "paid 200");
    }

    // Who still holds something elsewhere keeps his debt until that is closed too.
    function test_a_debt_waits_for_the_last_position() public {
        setMark(MARK);
        openFixed(alice, carol, 100);
        announce();
        setMark(BROKE_MARK);
        settle(endingOf(BROKE_MARK, alice));
        assertEq(cashOf(alice), -200e6 - 600e6, "the fixed market's 100 lots are worth 600");
    }

    function openFixed(uint256 buyer, uint256 seller, uint40 size) private {
        TestOrder memory buy = orderOf(buyer, 0, MARK, size);
        TestOrder memory sell = orderOf(seller, 1, MARK, size);
        (buy.market, sell.market) = (FIXED, FIXED);
        (buy.lane, sell.lane) = (7, 7);
        (buy.takerFee, buy.makerFee, sell.takerFee, sell.makerFee) = (0, 0, 0, 0);
        settle(pair(buy, sell, size));
    }

    // A deposit that the engine had not credited pays no debt of before.
    function test_deposits_in_between() public {
        announce();
        setMark(BROKE_MARK);
        uint64 id = exchange.depositFor(vm.addr(alice), 0, 500e6);
        bytes memory body =
            abi.encodePacked(uint16(1), OBSERVED, BROKE_MARK, uint16(1), vm.addr(alice), uint8(0));
        bytes memory batch = bytes.concat(
            Batches.header(nextBatch, nextBatch, 2),
            Batches.segment(KIND_CREDITED, abi.encodePacked(uint16(1), uint48(id))),
            Batches.segment(KIND_DELISTING, body)
        );
        settle(batch);
        assertEq(cashOf(alice), 500e6, "hers");
        (,, uint256 badDebt) = exchange.delistingOf(OBSERVED);
        assertEq(badDebt, 200e6, "what she owed before");
    }

    // A market with a fixed mark ends at it and nowhere else.
    function test_a_fixed_market() public {
        openFixed(alice, carol, 100);
        governed(abi.encodeCall(IMarketRisk.delistMarket, (FIXED)));
        bytes memory off =
            abi.encodePacked(uint16(1), FIXED, MARK + 1, uint16(1), vm.addr(carol), uint8(0));
        settleRejected(oneSegment(KIND_DELISTING, off), BatchCodes.SETTLEMENT_PRICE, 0);
        bytes memory near =
            abi.encodePacked(uint16(1), FIXED, MARK, uint16(1), vm.addr(carol), uint8(0));
        settle(oneSegment(KIND_DELISTING, near));
        assertEq(sizeOf(carol, FIXED), 0, "closed");
    }

    // 16, 42. Lengths are exact, accounts hold what is closed.
    function test_refused() public {
        announce();
        settleRejected(endingOf(MARK, carol), BatchCodes.NOT_REDUCING, 0);
        bytes memory unknown =
            abi.encodePacked(uint16(1), uint8(9), MARK, uint16(0));
        settleRejected(oneSegment(KIND_DELISTING, unknown), BatchCodes.UNKNOWN_MARKET, 0);
        bytes memory cut = abi.encodePacked(uint16(1), OBSERVED, MARK);
        settleRejected(oneSegment(KIND_DELISTING, cut), BatchCodes.MALFORMED, 0);
        bytes memory short = abi.encodePacked(uint16(1), OBSERVED, MARK, uint16(1), uint8(0));
        settleRejected(oneSegment(KIND_DELISTING, short), BatchCodes.MALFORMED, 0);
    }
}
