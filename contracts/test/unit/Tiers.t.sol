// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IExchangeAdmin, MarketListing} from "../../src/interfaces/IExchangeAdmin.sol";
import {IExchangeGovernance} from "../../src/interfaces/IExchangeGovernance.sol";
import {IMarketRisk} from "../../src/interfaces/IExchangeRisk.sol";
import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {TestOrder} from "../base/Batches.sol";
import {RiskTest} from "../base/RiskTest.sol";

/// @notice Size tiers of initial and maintenance margin (risk.md 1.5), set by the admin, used by every check of margin.
contract TiersTest is RiskTest {
    function setTiers(uint32 b1, uint32 i1, uint32 b2, uint32 i2, uint32 b3, uint32 i3) internal {
        governed(
            abi.encodeCall(
                exchange.setMarketTiers, (OBSERVED, [b1, b2, b3], [i1, i2, i3], 15_000)
            )
        );
    }

    // ce(N imf / 1e6) - D with D = sum of L (imf - imf before), written out by hand.
    function margins(uint256 notional) private pure returns (uint256 initial, uint256 maintenance) {
        // 5 % to 20,000; 10 % to 50,000; 30 % to 200,000; 100 %: deductions 1,000; 11,000; 151,000 USDC.
        (uint256 ppm, uint256 mmPpm, uint256 d) = (50_000, 25_000, 0);
        if (notional >= 20_000e6) (ppm, mmPpm, d) = (100_000, 50_000, 1_000e6);
        if (notional >= 50_000e6) (ppm, mmPpm, d) = (300_000, 150_000, 11_000e6);
        if (notional >= 200_000e6) (ppm, mmPpm, d) = (1_000_000, 500_000, 151_000e6);
        initial = (notional * ppm + 999_999) / 1e6 - d;
        maintenance = (notional * mmPpm + 999_999) / 1e6 - d / 2;
    }

    // 35. The contract's margin is the formula's at every size, around the bounds above all; splitting never asks more.
    function testFuzz_tier_margin(uint40 size, uint8 near) public {
        setTiers(20_000, 100_000, 50_000, 300_000, 200_000, 1_000_000);
        uint40[4] memory edges = [uint40(3_333), 8_333, 33_333, 60_000];
        size = near < 128 ? edges[near % 4] + uint40(near % 5) - 2 : uint40(bound(size, 1, 180_000)); // what their deposits carry
        open(bob, 0, carol, size, MARK); // bob was 3,000 short
        uint256 notional = uint256(size) * MARK * QUOTE;
        (, uint256 maintenance, uint256 initial,) = exchange.health(vm.addr(carol), 0);
        (uint256 wantedInitial, uint256 wantedMaintenance) = margins(notional);
        assertEq(initial, wantedInitial, "initial");
        assertEq(maintenance, wantedMaintenance, "maintenance");
        assertTrue(initial * 1e6 >= notional * 50_000, "never below the first tier");
    }

    // 33, 35. Fills and withdrawals ask for the tier's margin: one micro-USDC less does not settle.
    function test_margin_after_tiers() public {
        setTiers(20_000, 100_000, 50_000, 300_000, 0, 0);
        uint256 dave = traderKey(70);
        // 10,000 lots at 60,000 = 60,000 USDC: 30 % less 11,000 = 7,000.
        exchange.depositFor(vm.addr(dave), 0, 7_000e6 - 1);
        bytes memory batch = tradeOf(dave, 10_000);
        settleRejected(batch, BatchCodes.NOT_SETTLEABLE, vm.addr(dave) < vm.addr(bob) ? 0 : 1);
        deposit(dave, 1e6);
        settle(batch);
        settleRejected(
            withdrawBatch(withdrawalOf(dave, 1e6)), BatchCodes.NOT_SETTLEABLE, 0
        );
        settle(withdrawBatch(withdrawalOf(dave, 999_999)));
    }

    // Below the first bound the short path serves, with the market's own fraction.
    function test_tiers_leave_small_positions_alone() public {
        setTiers(20_000, 100_000, 0, 0, 0, 0);
        uint256 dave = traderKey(71);
        exchange.depositFor(vm.addr(dave), 0, 60e6);
        settle(tradeOf(dave, 200)); // 1,200 USDC at 5 %
    }

    function tradeOf(uint256 key, uint40 size) private returns (bytes memory) {
        return pair(orderFor(key, 0, size), orderFor(bob, 1, size), size);
    }

    function orderFor(uint256 key, uint8 side, uint40 size)
        private
        returns (TestOrder memory order)
    {
        order = orderOf(key, side, MARK, size);
        (order.market, order.takerFee, order.makerFee) = (OBSERVED, 0, 0);
        order.seq = nextSeq++;
    }

    function listingWithMaintenance(uint8 id) private pure returns (MarketListing memory strict) {
        strict = listing(id);
        strict.mmBps = 400;
    }

    // Raising tiers closes nobody; who is short of margin afterwards can only reduce, and may be liquidated.
    function test_tiers_raise_requirements() public {
        setTiers(10_000, 1_000_000, 0, 0, 0, 0);
        (int256 equity, uint256 maintenance, uint256 initial,) =
            exchange.health(vm.addr(alice), 0);
        assertEq(maintenance, 250e6 + 4_000e6, "half of everything above 10,000");
        assertEq(initial, 500e6 + 8_000e6, "all of it");
        assertTrue(equity < int256(maintenance), "sick");
        settle(pair(orderFor(alice, 1, 10), orderFor(bob, 0, 10), 10));
    }

    // 53, 55, 56. Only the admin, only what was scheduled, only sensible lists.
    function test_param_step_tiers() public {
        uint32[3] memory none;
        vm.prank(vm.addr(alice));
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeAdmin.NotAdmin.selector, vm.addr(alice))
        );
        exchange.setMarketTiers(OBSERVED, none, none, 0);
        bytes memory call = abi.encodeCall(exchange.setMarketTiers, (OBSERVED, none, none, 0));
        vm.expectRevert(
            abi.encodeWithSelector(IExchangeGovernance.NotScheduled.selector, keccak256(call))
        );
        exchange.setMarketTiers(OBSERVED, none, none, 0);
        refused("market", 9, [uint32(1), 0, 0], [uint32(100_000), 0, 0], 0);
        refused("market", 64, [uint32(1), 0, 0], [uint32(100_000), 0, 0], 0);
        refused("liquidationFeePpm", OBSERVED, none, none, 100_001);
        refused("boundUsdc", OBSERVED, [uint32(5), 5, 0], [uint32(100_000), 100_000, 0], 0);
        refused("imfPpm", OBSERVED, [uint32(5), 0, 0], [uint32(49_998), 0, 0], 0); // falls
        refused("imfPpm", OBSERVED, [uint32(5), 0, 0], [uint32(100_001), 0, 0], 0); // odd
        refused("imfPpm", OBSERVED, [uint32(5), 0, 0], [uint32(1_000_002), 0, 0], 0);
        governed(
            abi.encodeCall(
                exchange.setMarketTiers,
                (OBSERVED, [uint32(5), 0, 7], [uint32(100_000), 0, 9], 100_000)
            )
        );
        (uint32[3] memory bounds, uint32[3] memory fractions, uint32 fee) =
            exchange.marketTiers(OBSERVED);
        assertEq(bounds[0] + bounds[1] + bounds[2], 5, "the list ends at the first zero");
        assertEq(fractions[0] + fractions[1] + fractions[2], 100_000, "fractions");
        assertEq(fee, 100_000, "fee");
        (,, fee) = exchange.marketTiers(FIXED);
        assertEq(fee, 15_000, "the default one");
    }

    // A maintenance fraction above half of the initial one must not fall either.
    function test_param_step_tiers_maintenance() public {
        governed(abi.encodeCall(exchange.listMarket, (listingWithMaintenance(5))));
        refused("imfPpm", 5, [uint32(5), 0, 0], [uint32(60_000), 0, 0], 0);
        governed(
            abi.encodeCall(
                exchange.setMarketTiers, (5, [uint32(5), 0, 0], [uint32(80_000), 0, 0], 0)
            )
        );
    }

    function refused(
        string memory field,
        uint8 market,
        uint32[3] memory bounds,
        uint32[3] memory fractions,
        uint32 fee
    ) private {
        governedRefused(
            abi.encodeCall(exchange.setMarketTiers, (market, bounds, fractions, fee)),
            abi.encodeWithSelector(IMarketRisk.InvalidTiers.selector, market, field)
        );
    }
}
