// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Batches, TestOrder, TestWithdrawal} from "./Batches.sol";
import {ExchangeTest} from "./ExchangeTest.sol";

/// @notice Alice with little, Bob and Carol with much, and a backstop with capital.
abstract contract ExitTest is ExchangeTest {
    uint256 internal alice;
    uint256 internal bob;
    uint256 internal carol;
    uint32 private seq = 1;

    function setUp() public virtual override {
        super.setUp();
        uint256[] memory keys = sortedKeys(3);
        (alice, bob, carol) = (keys[0], keys[1], keys[2]);
        deposit(alice, 1_000e6);
        deposit(bob, 1e12);
        deposit(carol, 1e12);
        deposit(backstopKey(), 1e11);
    }

    /// @notice Alice buys `size` of Bob in the market with the fixed mark.
    function open(uint40 size) internal {
        openIn(FIXED, size);
    }

    function openIn(uint8 market, uint40 size) internal {
        trade(market, alice, bob, size);
    }

    function trade(uint8 market, uint256 buyer, uint256 seller, uint40 size) internal {
        TestOrder memory buy = orderOf(buyer, 0, MARK, size);
        TestOrder memory sell = orderOf(seller, 1, MARK, size);
        (buy.market, sell.market) = (market, market);
        (buy.seq, sell.seq) = (seq, seq);
        (buy.takerFee, buy.makerFee, sell.takerFee, sell.makerFee) = (0, 0, 0, 0);
        (buy.expiry, sell.expiry) = (type(uint32).max, type(uint32).max);
        ++seq;
        settle(pair(buy, sell, size));
    }

    function emptyBatch() internal view returns (bytes memory) {
        return Batches.header(nextBatch, nextBatch, 0);
    }

    function requestWithdraw(uint256 key, uint64 amount) internal {
        vm.prank(vm.addr(key));
        exchange.requestWithdraw(0, amount);
    }

    function forceReduce(uint256 key, uint8 market, uint64 lots, uint64 withdraw) internal {
        vm.prank(vm.addr(key));
        exchange.forceReduce(0, market, lots, withdraw);
    }

    function execute(uint256 key, uint8 market) internal returns (uint256 closed, uint256 paid) {
        return exchange.executeForceReduce(vm.addr(key), 0, market);
    }

    function second(uint256 key, uint64 amount) internal view returns (TestWithdrawal memory) {
        return numbered(key, amount, 2);
    }

    function numbered(uint256 key, uint64 amount, uint32 seq_)
        internal
        view
        returns (TestWithdrawal memory withdrawal)
    {
        withdrawal = withdrawalOf(key, amount);
        (withdrawal.seq, withdrawal.expiry) = (seq_, type(uint32).max);
    }
}
