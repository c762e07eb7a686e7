// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeAdmin, MarketListing} from "../../src/interfaces/IExchangeAdmin.sol";
import {MarketView} from "../../src/interfaces/IPlumbExchange.sol";
import {ExchangeTest} from "../base/ExchangeTest.sol";

/// @notice Roles and listings.
contract AdminTest is ExchangeTest {
    function test_listing_is_stored() public view {
        MarketView memory market = exchange.market(OBSERVED);
        assertTrue(market.listed && !market.fixedMark, "listed");
        assertEq(market.tickE8, TICK_E8, "tick");
        assertEq(market.lotE8, LOT_E8, "lot");
        assertEq(market.quotePerTickLot, QUOTE, "quote");
        assertEq(market.imBps, 500, "im");
        assertEq(market.mmBps, 250, "mm");
        assertEq(market.markBandPpm, 30_000, "band");
        assertEq(market.maxOrderLots, 1e11, "order");
        assertEq(market.maxPositionLots, 1e12, "position");
        assertEq(market.mark, 0, "mark");
        assertEq(exchange.market(FIXED).mark, MARK, "fixed mark");
    }

    // 55. Every admin function refuses everybody else.
    function testFuzz_access_matrix(address caller) public {
        vm.assume(caller != address(this) && caller != address(0)); // zero sends nothing
        bytes memory refusal = abi.encodeWithSelector(IExchangeAdmin.NotAdmin.selector, caller);
        address[] memory none = new address[](1);
        vm.expectRevert(refusal);
        vm.prank(caller);
        exchange.listMarket(listing(9));
        vm.expectRevert(refusal);
        vm.prank(caller);
        exchange.setRelayer(caller, true);
        vm.expectRevert(refusal);
        vm.prank(caller);
        exchange.setPublishers(none, 1);
        vm.expectRevert(refusal);
        vm.prank(caller);
        exchange.proposeAdmin(caller);
        vm.expectRevert(refusal);
        vm.prank(caller);
        exchange.acceptAdmin();
    }

    function test_admin_changes_in_two_steps() public {
        address next = trader(1);
        exchange.proposeAdmin(next);
        assertEq(exchange.admin(), address(this), "not yet");
        vm.prank(next);
        exchange.acceptAdmin();
        assertEq(exchange.admin(), next, "accepted");
        vm.expectRevert(abi.encodeWithSelector(IExchangeAdmin.NotAdmin.selector, address(this)));
        exchange.setRelayer(next, true);
    }

    // 56. Values that would break the arithmetic, one beyond each edge.
    function test_param_step() public {
        MarketListing memory l = listing(9);
        l.imBps = 0;
        refuse(l, "imBps");
        l.imBps = 10_001;
        refuse(l, "imBps");
        l = listing(9);
        l.mmBps = 501;
        refuse(l, "mmBps");
        l.mmBps = 0;
        refuse(l, "mmBps");
        l = listing(9);
        l.tickE8 = 0;
        refuse(l, "tickE8");
        l.tickE8 = uint64(1) << 32;
        refuse(l, "tickE8");
        l = listing(9);
        l.quotePerTickLot = 0;
        refuse(l, "quotePerTickLot");
        l = listing(9);
        l.lotE8 = 0;
        refuse(l, "maxOrderLots");
        l.lotE8 = type(uint64).max / l.maxOrderLots + 1;
        refuse(l, "maxOrderLots");
        l = listing(9);
        l.maxPositionLots = l.maxOrderLots - 1;
        refuse(l, "maxPositionLots");
        l = listing(9);
        l.markBandPpm = 0;
        refuse(l, "markBandPpm");
        l.markBandPpm = 200_001;
        refuse(l, "markBandPpm");
        l = listing(9);
        l.fixedMark = 1;
        refuse(l, "markBandPpm");
        refuse(listing(64), "market");
        // An id is listed once and for all.
        refuse(listing(OBSERVED), "market");
        exchange.listMarket(listing(63));
    }

    function refuse(MarketListing memory l, string memory field) internal {
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeAdmin.InvalidListing.selector, l.market, field)
        );
        exchange.listMarket(l);
    }

    function test_publishers() public {
        refusePublishers(6, 4);
        refusePublishers(5, 6);
        refusePublishers(4, 2); // half is no majority
        refusePublishers(0, 0);
        address[] memory twice = new address[](3);
        (twice[0], twice[1], twice[2]) = (trader(1), trader(2), trader(1));
        refuseList(twice, 2);
        twice[2] = address(0);
        refuseList(twice, 2);
        twice[2] = trader(3);
        exchange.setPublishers(twice, 2);
        assertEq(exchange.quorum(), 2, "quorum");
        assertEq(exchange.publisher(2), trader(3), "publisher");
        assertEq(exchange.publisher(3), address(0), "no publisher");
    }

    function refusePublishers(uint256 count, uint256 quorum) internal {
        address[] memory list = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = trader(i);
        }
        refuseList(list, quorum);
    }

    function refuseList(address[] memory list, uint256 quorum) internal {
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeAdmin.InvalidPublishers.selector, list.length, quorum)
        );
        exchange.setPublishers(list, quorum);
    }
}
