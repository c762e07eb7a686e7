// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BatchCodes} from "../../src/libraries/BatchCodes.sol";
import {TestFill, TestOrder} from "../base/Batches.sol";
import {ExchangeTest} from "../base/ExchangeTest.sol";

/// @notice Cumulative funding: paid lazily through the market's pool, bounded by block time.
contract FundingTest is ExchangeTest {
    uint256 internal alice;
    uint256 internal bob;

    // One lot is worth 6 USDC: 4 % of it an hour, in 1e-6 micro-USDC.
    int64 internal constant HOURLY = 240_000_000_000;

    function setUp() public override {
        super.setUp();
        uint256[] memory keys = sortedKeys(2);
        (alice, bob) = (keys[0], keys[1]);
        deposit(alice, 1e12);
        deposit(bob, 1e12);
        pass(3600);
    }

    function trade(uint40 size, uint32 seq) internal {
        TestOrder memory taken = orderOf(alice, 0, MARK, size);
        TestOrder memory made = orderOf(bob, 1, MARK, size);
        (taken.seq, made.seq, taken.takerFee, made.makerFee) = (seq, seq, 0, 0);
        settle(pair(taken, made, size));
    }

    // 30. Exactly the hour's allowance, not a unit more, either way.
    function test_funding_clamp() public {
        trade(100, 1);
        settleRejected(fundingBatch(FIXED, HOURLY + 1), BatchCodes.FUNDING_CLAMP, 0);
        settleRejected(fundingBatch(FIXED, -HOURLY - 1), BatchCodes.FUNDING_CLAMP, 0);
        settle(fundingBatch(FIXED, HOURLY));
        assertEq(exchange.market(FIXED).fundingIndex, HOURLY, "index");
        // Twice in a block: the allowance is used up.
        settleRejected(fundingBatch(FIXED, HOURLY + 1), BatchCodes.FUNDING_CLAMP, 0);
        pass(1800);
        settle(fundingBatch(FIXED, HOURLY / 2));
    }

    // 30. Two ordinary updates may settle together; unused allowance lapses after four hours.
    function test_funding_allowance() public {
        trade(100, 1);
        settle(fundingBatch(FIXED, HOURLY / 300));
        settle(fundingBatch(FIXED, HOURLY / 150));
        pass(100 hours);
        settleRejected(fundingBatch(FIXED, 4 * HOURLY + HOURLY / 100), BatchCodes.FUNDING_CLAMP, 0);
        settle(fundingBatch(FIXED, 4 * HOURLY));
    }

    // 30. No sequence of updates moves the index faster than the clamp.
    function testFuzz_funding_clamp_sum(uint256 seed) public {
        trade(1, 1);
        uint256 start = nowS;
        int256 index = 0;
        uint256 travelled = 0;
        for (uint256 i = 0; i < 12; ++i) {
            uint256 draw = uint256(keccak256(abi.encode(seed, i)));
            pass(draw % 3600);
            int256 move =
                int256((draw >> 32) % uint256(int256(HOURLY))) * (draw & 1 == 0 ? int256(1) : -1);
            bytes memory batch = fundingBatch(FIXED, int64(index + move));
            (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
            if (!ok) continue;
            ++nextBatch;
            index += move;
            travelled += uint256(move < 0 ? -move : move);
        }
        // The hour before the test counts too.
        assertTrue(travelled * 3600 <= uint256(int256(HOURLY)) * (nowS - start + 3600), "too fast");
    }

    function test_funding_overflow() public {
        settleRejected(fundingBatch(FIXED, 1 << 47), BatchCodes.FUNDING_OVERFLOW, 0);
        settleRejected(fundingBatch(FIXED, -(1 << 47) - 1), BatchCodes.FUNDING_OVERFLOW, 0);
        settleRejected(fundingBatch(1, 0), BatchCodes.UNKNOWN_MARKET, 0);
        settle(fundingBatch(OBSERVED, 1)); // nobody holds it, no mark is needed
    }

    // 30. Where nobody holds a position nobody pays: the index goes where the engine's went, and uses no allowance up.
    function test_funding_free_without_positions() public {
        settle(fundingBatch(FIXED, 50 * HOURLY));
        settle(fundingBatch(FIXED, -50 * HOURLY));
        trade(100, 1);
        settleRejected(fundingBatch(FIXED, -49 * HOURLY + 1), BatchCodes.FUNDING_CLAMP, 0);
        settle(fundingBatch(FIXED, -49 * HOURLY));
        assertEq(cashOf(alice) + cashOf(bob) + exchange.market(FIXED).fundingPool, 2e12, "conserved");
    }

    // 22. What rounding left in a pool is the insurance's once nobody holds the market, and not before.
    function test_dust_goes_to_insurance() public {
        trade(3, 1);
        settle(fundingBatch(FIXED, 1));
        TestOrder memory taken = orderOf(bob, 0, MARK, 3);
        TestOrder memory made = orderOf(alice, 1, MARK, 3);
        (taken.seq, made.seq, taken.takerFee, made.makerFee) = (2, 2, 0, 0);
        settle(pair(taken, made, 1));
        int256 dust = exchange.market(FIXED).fundingPool;
        assertTrue(dust > 0, "dust");
        settle(fundingBatch(FIXED, 1));
        assertEq(exchange.market(FIXED).fundingPool, dust, "held");
        (taken.lane, made.lane) = (1, 1);
        settle(pair(taken, made, 2));
        dust = exchange.market(FIXED).fundingPool;
        settle(fundingBatch(FIXED, 1));
        assertEq(exchange.market(FIXED).fundingPool, 0, "swept");
        assertEq(int256(exchange.insuranceOf(FIXED)), dust, "insured");
        assertEq(cashOf(alice) + cashOf(bob) + dust, 2e12, "conserved");
    }

    // 31. Longs pay shorts through the pool; what stays there is rounding, below one unit a settlement.
    function testFuzz_funding_sum(int64 move, uint40 size) public {
        size = uint40(bound(size, 1, 10_000));
        move = int64(move % HOURLY);
        trade(size, 1);
        settle(fundingBatch(FIXED, move));
        int256 before = cashOf(alice) + cashOf(bob);
        trade(1, 2);
        int256 dust = exchange.market(FIXED).fundingPool;
        assertEq(cashOf(alice) + cashOf(bob), before - dust, "cash and pool");
        assertTrue(dust >= 0 && dust < 2, "dust");
        int256 product = int256(uint256(size)) * move;
        int256 due = product / 1e6 + (product > 0 && product % 1e6 != 0 ? int256(1) : int256(0));
        assertEq(
            cashOf(alice),
            1e12 - due - int256(uint256(size) + 1) * int256(uint256(MARK)) * 10,
            "long"
        );
    }

    // 31. Who settles first makes no difference, and settling twice pays once.
    function test_funding_order_independent() public {
        trade(1_000, 1);
        settle(fundingBatch(FIXED, 7_000_001));
        trade(1, 2);
        int256 cash = cashOf(bob);
        trade(1, 3);
        assertEq(cashOf(bob) - cash, int256(uint256(MARK)) * 10, "no second payment");
    }

    // A short held below margin counts the funding it owes in a market it does not touch.
    function test_accrued_funding_counts_untouched() public {
        setMark(MARK);
        uint256 carol = traderKey(42);
        deposit(carol, 100e6);
        TestOrder memory taken = orderOf(carol, 0, MARK, 300); // 1,800 USDC long: margin 90
        TestOrder memory made = orderOf(bob, 1, MARK, 300);
        (taken.takerFee, made.makerFee) = (0, 0);
        settle(pair(taken, made, 300));
        settle(fundingBatch(FIXED, 20_000_000_000)); // 20,000 micro-USDC a lot: 6 USDC due
        (taken.market, made.market, taken.size, made.size) = (OBSERVED, OBSERVED, 20, 20);
        (taken.seq, made.seq) = (2, 2);
        // 120 USDC more need 6 of margin; only 4 are free once funding is counted.
        bytes memory batch = pair(taken, made, 20);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.settle, (batch)));
        assertTrue(!ok, "funding due was spent as margin");
        (taken.size, made.size) = (13, 13);
        settle(pair(taken, made, 13));
    }
}
